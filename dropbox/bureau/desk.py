"""The desk as its pages see it: everything a handler can do, on one object.

Every method except `sign_in`, `sign_out`, `change_password`, `preview`, `failures`, `outcome_failures` and
`sync_state` raises `LockedError` while nobody is signed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dropbox.bureau import assembly, dossiers, gates, ledger, notes, removal, saving, store
from dropbox.bureau.dossiers import Dossier, StoredFile
from dropbox.bureau.errors import (
    BoardFullError,
    BoardsUnreadError,
    CardRefusedError,
    NoReplyPossibleError,
    UnknownCaseError,
    UnknownFileError,
    WeakPasswordError,
    WrongSignInError,
)
from dropbox.bureau.ledger import RECORD_DAYS
from dropbox.bureau.renewal import Renewal
from dropbox.bureau.sealed_rows import open_bytes
from dropbox.bureau.settings import Settings
from dropbox.bureau.store import State
from dropbox.bureau.sync import Sync
from dropbox.bureau.vault import Vault
from dropbox.bureau.views import (
    CardCheck,
    CardDraft,
    CaseRow,
    CaseView,
    Consent,
    EntryKind,
    FailureView,
    FileView,
    Finding,
    Handler,
    NoteDraft,
    NotePreview,
    OutcomeFailureView,
    SyncState,
)
from dropbox.protocol import sizes
from dropbox.storage import errors as storage_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]

_NAME: Final = 16
_FEW_BULLETINS: Final = 7  # days; from then on the desk warns that somebody must sign in


class Desk:
    """The facade; one per process."""

    def __init__(self, vault: Vault, settings: Settings, sync: Sync, clock: Clock, random: Random) -> None:
        """Work on this vault, beside this sync."""
        self._vault, self._settings, self._sync = vault, settings, sync
        self._clock, self._random = clock, random
        self._renewal = Renewal(vault, clock, random)
        self._tickets: set[str] = set()

    # ---------------------------------------------------------------------------------------------- accounts

    async def sign_in(self, user: str, password: str) -> Handler:
        """Open the keyring that reads.  Raises `WrongSignInError`, alike for a wrong name and a wrong password."""
        try:
            access_keys = await asyncio.to_thread(self._vault.accounts.unlock, user, password)
        except storage_errors.WrongPasswordError:
            raise WrongSignInError from None
        handler = Handler(user, self._random(16).hex())
        self._tickets.add(handler.ticket)  # first: a colleague who signs out meanwhile must not lock it again
        try:
            await self._vault.unlock(access_keys)
            await self._renewal.catch_up()
        except BaseException:
            self.sign_out(handler)
            raise
        self._sync.cards.outcomes.try_again()
        self._sync.wake()
        return handler

    def sign_out(self, handler: Handler) -> None:
        """End this handler's use of the keyring; the last one locks it.  Fetching and publishing go on."""
        self._tickets.discard(handler.ticket)
        if not self._tickets:
            self._vault.lock()

    async def change_password(self, user: str, old: str, new: str) -> None:
        """Raises `WrongSignInError` or `WeakPasswordError`."""
        try:
            await asyncio.to_thread(self._vault.accounts.change_password, user, old, new)
        except storage_errors.WrongPasswordError:
            raise WrongSignInError from None
        except storage_errors.WeakPasswordError:
            raise WeakPasswordError from None

    @property
    def is_open(self) -> bool:
        """Whether somebody is signed in."""
        return self._vault.recipient is not None

    def today(self) -> int:
        """The UTC day number, for what pages count in days."""
        return self._clock() // sizes.DAY

    # ------------------------------------------------------------------------------------------------- cases

    async def cases(self) -> tuple[CaseRow, ...]:
        """The inbox: what is due first stands first, then by day of the last message.

        Looking at it counts as reading the mailboxes: the publication says on which day that last happened.
        """
        keys = self._vault.opened().state.case_keys
        async with self._vault.database.read() as connection:
            posted = await ledger.postings(connection, self._vault.storage_key)
            found = await dossiers.dossiers(connection, keys)
        await self._note_reading()
        return assembly.inbox({name: one for name, one in found.items() if not one.canary}, posted)

    async def case(self, case_id: str) -> CaseView:
        """One case.  Reading it here marks nothing; see `mark_read`.  Raises `UnknownCaseError`."""
        name, key = self._case_key(case_id)
        async with self._vault.database.read() as connection:
            value = await self._dossier(connection, name, key)
            entries = await dossiers.entries(connection, name, key)
            posted = await ledger.postings(connection, self._vault.storage_key)
            records = await ledger.records(connection, self._vault.storage_key)
            cards = await self._sync.cards.views(connection, name, key, posted)
        live = frozenset(one.item for one in records if one.published_day is not None)
        return assembly.case(assembly.Parts(name, value, entries, posted, live, cards))

    async def mark_read(self, case_id: str) -> None:
        """A handler has the case on the screen: its messages are read, and its acknowledgement no longer expires."""
        name, key = self._case_key(case_id)
        async with self._vault.changing, self._vault.database.write() as connection:
            value = await self._dossier(connection, name, key)
            if value.read and not value.unread:
                return
            read = replace(value, read=True, read_places=value.places, unread=0)
            await dossiers.write(connection, name, key, read)
            thread = self._vault.opened().state.threads.get(bytes.fromhex(value.thread)) if value.thread else None
            if thread is not None:
                until, storage_key = self.today() + RECORD_DAYS, self._vault.storage_key
                await ledger.prolong_acknowledgement(connection, storage_key, thread.reference, until)

    async def discard(self, case_id: str) -> None:
        """Junk: destroys the thread's keys, the case key, its records on the board, messages and files, at once.

        Once begun it is finished, if need be at the next sign-in; see `removal`.
        """
        name, _ = self._case_key(case_id)
        async with self._vault.changing:
            self._vault.opened()
            async with self._vault.database.write() as connection:
                await self._sync.cards.withdraw(connection, name)
                await removal.begin(connection, self._vault, name)
            await removal.finish(self._vault)
        await self._vault.database.checkpoint_truncate()
        self._sync.wake()  # the backup is to forget it

    async def open_file(self, case_id: str, file_id: str) -> tuple[FileView, AsyncIterator[bytes]]:
        """A file and its bytes in pieces of at most 1 MiB.  Raises `UnknownFileError`."""
        name, key = self._case_key(case_id)
        async with self._vault.database.read() as connection:
            entries = await dossiers.entries(connection, name, key)
        for _, entry in entries:
            for file in entry.files:
                if file.identity == file_id:
                    return FileView(file.identity, file.name, file.size), self._pieces(file)
        raise UnknownFileError

    async def _pieces(self, file: StoredFile) -> AsyncIterator[bytes]:
        identity, key, place = bytes.fromhex(file.identity), bytes.fromhex(file.key), 0
        while True:
            async with self._vault.database.read() as connection:
                body = await store.file_chunk(connection, identity, place)
            if body is None:
                return
            yield open_bytes(key, body, "file_chunks", identity, place)
            place += 1

    # ------------------------------------------------------------------------------------------------- notes

    def preview(self, draft: NoteDraft) -> NotePreview:
        """How many records the note takes and what room is left.  Raises `EmptyNoteError`."""
        return notes.preview(draft)

    async def send(self, case_id: str, draft: NoteDraft) -> None:
        """Seal the note; it goes out with the next board.

        Raises `NoReplyPossibleError`, `EmptyNoteError`, `NoteTooLongError`, `BoardFullError`, `BoardsUnreadError`,
        `BackupBehindError`.
        """
        name, key = self._case_key(case_id)
        if not self._sync.reception.boards_read:
            raise BoardsUnreadError
        composed = notes.compose(draft, self.today(), self._random)
        async with self._vault.changing:
            async with self._vault.database.read() as connection:
                value = await self._dossier(connection, name, key)
                records = await ledger.records(connection, self._vault.storage_key)
            if not value.thread:
                raise NoReplyPossibleError
            replies = sum(one.kind not in ledger.GIVING_WAY for one in records)
            if replies + len(composed.bodies) > sizes.BOARD_MAX_RECORDS:
                raise BoardFullError
            writer = notes.Writer(self._vault, self._settings.root.instance, self._random)
            await writer.write(notes.Target(name, key, value), composed, self.today())
        self._sync.wake()  # the backup is to have it

    # ------------------------------------------------------------------------------------------------- cards

    async def check_card(self, case_id: str, draft: CardDraft, consent: Consent) -> CardCheck:
        """What the gates say.  Nothing is kept."""
        name, key = self._case_key(case_id)
        async with self._vault.database.read() as connection:
            entries = await dossiers.entries(connection, name, key)
        written = [
            text for _, entry in entries if entry.kind == EntryKind.MESSAGE for text in (entry.text, entry.keep_from)
        ]
        checked = gates.check(draft, written, consent)
        if self._sync.cards.box() is None:
            return CardCheck((*checked.findings, Finding(gates.Code.NO_KEYS)))
        return checked

    async def release_card(self, case_id: str, draft: CardDraft, consent: Consent) -> str:
        """Sign and seal the card; it waits for the next batch.  Gives its reference.  Raises `CardRefusedError`."""
        if not (await self.check_card(case_id, draft, consent)).passed:
            raise CardRefusedError
        name, _ = self._case_key(case_id)
        return await self._sync.cards.release(name, draft, consent)

    # -------------------------------------------------------------------------------------------------- host

    async def failures(self) -> tuple[FailureView, ...]:
        """Envelopes that could not be opened."""
        async with self._vault.database.read() as connection:
            found = await store.envelopes(connection, State.FAILED, State.GONE, State.FORGOTTEN)
        return tuple(
            FailureView(one.envelope.hex(), one.reason, one.size, one.day, one.first_day, one.tries) for one in found
        )

    async def outcome_failures(self) -> tuple[OutcomeFailureView, ...]:
        """Answers of the ministry that are shown at no card."""
        return await self._sync.cards.outcomes.failures()

    async def sync_state(self) -> SyncState:
        """How fetching and publishing stand."""
        async with self._vault.database.read() as connection:
            waiting = await store.count(connection, State.WAITING)
            refused = await self._sync.cards.outcomes.refused(connection)
        days = await self._sync.publisher.daily_bulletins()
        mark = self._vault.publisher.state.last_board
        return SyncState(
            last_fetch=self._sync.last_fetch,
            next_board_due=None if mark is None else self._sync.publisher.next_due,
            last_board_day=None if mark is None else mark.issued_day,
            problem=self._sync.problem,
            waiting=waiting,
            bulletin_days=days,
            warnings=self._warnings(days, refused),
        )

    def _warnings(self, days: int, refused: int) -> tuple[str, ...]:
        found = set(self._sync.publisher.warnings | self._sync.cards.warnings)
        found.add("one-recipient")  # bulletins name one
        if self._settings.backup is None:
            found.add("no-backup")
        if refused:
            found.add("outcomes-unreadable")
        if days <= _FEW_BULLETINS:
            found.add("few-bulletins")
        if not self._sync.reception.boards_read:
            found.add("boards-unread")
        return tuple(sorted(found))

    # ------------------------------------------------------------------------------------------------ shared

    def _case_key(self, case_id: str) -> tuple[bytes, bytes]:
        keys: Mapping[bytes, bytes] = self._vault.opened().state.case_keys
        try:
            name = bytes.fromhex(case_id)
        except ValueError:
            raise UnknownCaseError from None
        if len(name) != _NAME or name.hex() != case_id or name not in keys:
            raise UnknownCaseError
        return name, keys[name]

    async def _dossier(self, connection: AsyncConnection, name: bytes, key: bytes) -> Dossier:
        value = await dossiers.dossier(connection, name, key)
        if value is None:
            raise UnknownCaseError
        return value

    async def _note_reading(self) -> None:
        publisher = self._vault.publisher
        if publisher.state.mailboxes_read_day != self.today():
            async with self._vault.changing:
                await saving.save(publisher, replace(publisher.state, mailboxes_read_day=self.today()))
