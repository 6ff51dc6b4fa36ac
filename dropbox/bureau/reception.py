"""From a fetched envelope to an entry in a case, in an order that a crash at any point cannot hurt.

    1. staged files      rows of no case, dropped at the next start
    2. publisher keyring tag key of a new thread    harmless alone
    3. recipient keyring thread, case key, chain moved on for the acknowledgement, in one write    a gap at worst
    4. one transaction   case, entry, files, seen mark, acknowledgement, envelope opened: now it is visible
    5. confirmation      to intake, later and as often as needed

Repeated after a crash, each step finds what the one before left.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dropbox.bureau import cases, dossiers, ledger, saving, sealing, store
from dropbox.bureau.cases import Alone, Continues, NewThread
from dropbox.bureau.dossiers import Dossier, StoredEntry
from dropbox.bureau.errors import BoardsUnreadError, LockedError, TooEarlyError
from dropbox.bureau.keyring import KEY, REFERENCE, ThreadKeys
from dropbox.bureau.ledger import ACKNOWLEDGEMENT, RECORD_DAYS, UNREAD_DAYS, Record
from dropbox.bureau.opening import REFETCHED, Opened, Opener, Reason, reason_of
from dropbox.bureau.sealing import Purpose
from dropbox.bureau.store import Envelope, State
from dropbox.bureau.vault import Vault
from dropbox.bureau.views import EntryKind, Flag
from dropbox.protocol import sizes
from dropbox.protocol.reply import Acknowledgement, encode_note
from dropbox.storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropbox.protocol.keys import RootPublicKey
    from dropbox.protocol.payload import Head
    from dropbox.protocol.thread import Link

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]

logger = logging.getLogger("dropbox.bureau")

PATIENT_DAYS: Final = 7  # a message waits so long for the first one of its dialogue, well within its prekey's life
PATIENT_TRIES: Final = 3  # so often a damaged envelope holds up others: a stranger could send noise for ever


@dataclass(frozen=True)
class _Place:
    """Where a message goes: its case, the case's key, and its thread where that counts."""

    case_id: bytes
    key: bytes = field(repr=False)
    thread_id: bytes
    thread: ThreadKeys | None


@dataclass(frozen=True)
class _Found:
    """What a message is.  `seen` and `thread_mark` are the names under which it and its thread are remembered."""

    where: cases.Route
    seen: bytes
    thread_mark: bytes
    duplicate: bool
    discarded: bool  # its thread was: nothing brings that back

    @property
    def may_come_early(self) -> bool:
        """Whether the first message of its dialogue may still come."""
        return self.where == Alone(Flag.UNKNOWN_THREAD) and not self.discarded


class Reception:
    """Opens what waits, while the vault is unlocked."""

    def __init__(self, vault: Vault, root: RootPublicKey, clock: Clock, random: Random) -> None:
        """Work on this vault."""
        self._vault, self._root, self._clock, self._random = vault, root, clock, random
        self._opener = Opener(vault, root, random)
        self.boards_read = False

    @property
    def today(self) -> int:
        """The UTC day."""
        return self._clock() // sizes.DAY

    async def open_waiting(self) -> int:
        """Open what waits, and once a day what failed; gives how many were opened.  One failure never stops the rest.

        Does nothing while the vault is locked, or before the last published board was read.
        """
        opened = 0
        if not self.boards_read:
            return opened
        async with self._vault.database.read() as connection:
            candidates = await store.envelopes(connection, State.WAITING, State.FAILED)
            # Rows are begun for a whole listing at once.  Read together with the candidates: when none is on its way,
            # a first message that was listed before a candidate is a candidate too, or was opened.
            all_here = not await store.count(connection, State.FETCHING)
        early: list[Envelope] = []
        for envelope in candidates:
            if self._vault.recipient is not None and (
                envelope.state is State.WAITING or envelope.last_day != self.today
            ):
                opened += await self._try(envelope, early)
        patient = bool(early) and not (all_here and await self._nothing_comes_again())
        for envelope in early:
            waits = patient and self.today < envelope.first_day + PATIENT_DAYS
            opened += await self._try(envelope, [] if waits else None)
        return opened

    async def _nothing_comes_again(self) -> bool:
        """Whether no damaged envelope is still to be fetched anew: it may be the first message of a dialogue."""
        async with self._vault.database.read() as connection:
            failed = await store.envelopes(connection, State.FAILED)
        return not any(one.reason in REFETCHED and one.tries < PATIENT_TRIES for one in failed)

    async def _try(self, envelope: Envelope, early: list[Envelope] | None) -> bool:
        try:
            await self.receive(envelope, patient=early is not None)
        except TooEarlyError:
            if early is not None:
                early.append(envelope)
            return False
        except (LockedError, StorageError, OSError):
            # Not the envelope's fault: nobody is signed in any more, or the disk is full.  It goes on waiting.
            async with self._vault.database.write() as connection:
                await store.drop_staged(connection)
            return False
        except Exception as error:  # noqa: BLE001 - whatever a poisoned envelope makes a library raise
            reason = reason_of(error)
            if reason is Reason.FAULT:
                logger.error("An envelope met a mistake in this program: %s", type(error).__name__)  # noqa: TRY400 -- no trace
            async with self._vault.database.write() as connection:
                await store.drop_staged(connection)
                await store.fail(connection, envelope.envelope, str(reason), self.today)
            return False
        return True

    async def receive(self, envelope: Envelope, *, patient: bool = False) -> None:
        """Open one envelope and admit its message.  Raises ProtocolError, DeskError, StorageError.

        ``patient``: a message of an unknown dialogue raises TooEarlyError, since the first one may be among the
        envelopes that still wait or are on their way: their names are random, so they come in any order.
        """
        async with self._vault.database.write() as connection:
            await store.drop_staged(connection)
        opened = await self._opener.open(envelope)
        async with self._vault.changing:
            await self._admit(envelope, opened, patient=patient)

    async def _admit(self, envelope: Envelope, opened: Opened, *, patient: bool) -> None:
        if not self.boards_read:
            raise BoardsUnreadError
        found = await self._find(opened)
        if found.duplicate:
            async with self._vault.database.write() as connection:
                await store.drop_staged(connection)
                await store.move(connection, envelope.envelope, State.OPENED)
            return
        if patient and found.may_come_early:
            raise TooEarlyError
        day = min(envelope.day, envelope.first_day)
        place = self._make_room(opened.head, found.where, await self._left_over(found.where))
        async with self._vault.database.read() as connection:
            before = await dossiers.dossier(connection, place.case_id, place.key)
        after = _after(before, opened, place, found.where, day)
        bodies = encode_note(Acknowledgement(after.messages, after.files, self.today), self.today)
        links = await self._keep(place, len(bodies))
        acknowledgement = self._acknowledge(place, after, bodies, links)
        entry = _entry(opened, day)
        async with self._vault.database.write() as connection:
            await dossiers.write(connection, place.case_id, place.key, after)
            name = self._random(16)
            await dossiers.add_entry(connection, place.case_id, place.key, after.places - 1, name, entry)
            await dossiers.see(connection, found.seen, place.case_id)
            if before is None and place.thread is not None:
                await dossiers.see(connection, found.thread_mark, place.case_id)
            await store.move(connection, envelope.envelope, State.OPENED)
            if acknowledgement is not None:
                key = self._vault.storage_key
                await ledger.replace_acknowledgement(connection, key, acknowledgement)
                await ledger.note_next(connection, key, acknowledgement.reference, acknowledgement.number + 1)

    async def _find(self, opened: Opened) -> _Found:
        """Which dialogue the message belongs to, and whether it was opened before."""
        state, head, content = self._vault.opened().state, opened.head, opened.reader.content_hash
        thread, mark = state.threads.get(head.thread_id), cases.thread_mark(state.seen_key, head.thread_id)
        async with self._vault.database.read() as connection:
            discarded = thread is None and await dossiers.is_seen(connection, mark)
            tag_keys = {one.tag_key for one in state.threads.values()}
            where = cases.route(head, state.recipient, thread, opened.reader.authentic, tag_keys)
            if discarded and isinstance(where, NewThread):
                where = Alone(Flag.UNKNOWN_THREAD)
            seen = cases.seen_name(state.seen_key, head, content, where)
            duplicate = await dossiers.is_seen(connection, seen)
            if discarded and not duplicate:
                in_thread = cases.seen_name(state.seen_key, head, content, None)
                duplicate = await dossiers.is_seen(connection, in_thread)
        return _Found(where, seen, mark, duplicate, discarded)

    async def _left_over(self, where: cases.Route) -> tuple[bytes, int] | None:
        """The reference that a crash or a restore left for this tag key, with the next number that is free under it.

        One tag key under two references would be walked twice, and every record of it stand twice on the next board.
        """
        if not isinstance(where, NewThread):
            return None
        tag_keys = self._vault.publisher.state.tag_keys
        reference = next((name for name, key in tag_keys.items() if key == where.keys.tag_key), None)
        if reference is None:
            return None
        async with self._vault.database.read() as connection:
            return reference, (await ledger.next_numbers(connection, self._vault.storage_key)).get(reference, 0)

    def _make_room(self, head: Head, where: cases.Route, left_over: tuple[bytes, int] | None) -> _Place:
        """Keys for the case, in memory only: a thread is saved once its first link is taken from it."""
        if isinstance(where, Continues):
            case_id = where.thread.case
            return _Place(case_id, self._vault.opened().state.case_keys[case_id], head.thread_id, where.thread)
        case_id, key = self._random(REFERENCE), self._random(KEY)
        if isinstance(where, NewThread):
            own = where.keys
            reference, used = left_over or (self._random(REFERENCE), 0)
            thread = ThreadKeys(head.auth, own.public, own.tag_key, reference, 0, own.chain, case_id).moved_on(used)
            return _Place(case_id, key, head.thread_id, thread)
        return _Place(case_id, key, head.thread_id, None)

    async def _keep(self, place: _Place, count: int) -> list[Link]:
        """Save the case's keys, and the thread moved on past the links that this gives: one write, never ck_0."""
        keyring, publisher = self._vault.opened(), self._vault.publisher
        state = keyring.state
        case_keys = {**state.case_keys, place.case_id: place.key}
        if place.thread is None:
            await saving.save(keyring, replace(state, case_keys=case_keys))
            return []
        thread, links = sealing.first_links(place.thread, count)
        if thread.reference not in publisher.state.tag_keys:
            tag_keys = {**publisher.state.tag_keys, thread.reference: thread.tag_key}
            await saving.save(publisher, replace(publisher.state, tag_keys=tag_keys))
        threads = {**state.threads, place.thread_id: thread}
        await saving.save(keyring, replace(state, case_keys=case_keys, threads=threads))
        return links

    def _acknowledge(
        self, place: _Place, after: Dossier, bodies: Sequence[bytes], links: Sequence[Link]
    ) -> Record | None:
        thread = place.thread
        if thread is None:
            return None
        recipient = self._vault.publisher.state.recipient
        sealed = sealing.seal(thread, recipient, self._root.instance, links, bodies, self._random)
        expires = self.today + (RECORD_DAYS if after.read else UNREAD_DAYS)
        return sealing.as_records(sealed, thread, Purpose(ACKNOWLEDGEMENT, place.case_id, expires), self._random)[0]


def _after(before: Dossier | None, opened: Opened, place: _Place, where: cases.Route, day: int) -> Dossier:
    """The case with this message."""
    flag = where.flag if isinstance(where, Alone) else None
    before = before or cases.begun(opened.message, None if place.thread is None else place.thread_id, flag, day)
    # Intake keeps no order: a message without these may be opened before the form that says them.
    return replace(
        before,
        category=before.category or opened.message.category,
        ongoing=before.ongoing or opened.message.ongoing,
        messages=before.messages + 1,
        files=before.files + len(opened.files),
        last_day=max(before.last_day, day),
        places=before.places + 1,
        unread=before.unread + 1,
    )


def _entry(opened: Opened, day: int) -> StoredEntry:
    message = opened.message
    return StoredEntry(
        kind=str(EntryKind.MESSAGE),
        day=day,
        text=message.text,
        files=opened.files,
        category=message.category,
        ongoing=message.ongoing,
        keep_from=message.keep_from,
        answers=tuple((question.hex(), answer) for question, answer in message.answers),
    )
