"""The desk's backup, made by itself before anything is confirmed, on another disk or machine that is mounted here.

It holds no prekey, and no chain key that ever sealed anything: each thread's chain stands in it some numbers ahead of
the vault's, and the vault seals nothing at that number or beyond until a new backup is further ahead (decision 66).

    1. rows        one state of the database; parts that changed are written, under new names
    2. keyrings    as they are after that: they open all of these rows
    3. files       that no backup holds yet
    4. the list    in one step
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from sqlalchemy import select, text

from dropbox.bureau import copied_rows, ledger, store
from dropbox.bureau.copies import Listing, Medium, Part, digest
from dropbox.bureau.errors import BackupGoneError, BackupLockedError, BackupUnwritableError
from dropbox.bureau.keyring import PUBLISHER_FILE, RECIPIENT_FILE, RecipientState, ThreadKeys
from dropbox.bureau.tables import FileRow
from dropbox.bureau.vault import ACCOUNTS_FILE, Vault
from dropbox.protocol import sizes
from dropbox.storage.sealed_file import read_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    Clock = Callable[[], int]
    _Given = ParamSpec("_Given")
    _Result = TypeVar("_Result")

AHEAD: Final = 48
"""Numbers that a thread may take between two backups.  With the 200 that may be empty on a board (`MAX_GAP`) it stays
within the 256 in which a reader looks (`WINDOW`)."""

RENEWED: Final = 24  # numbers left: from then on the next backup is further ahead; a reply takes 8 at most
PIECE: Final = struct.Struct(">II")  # before each piece of a file: its place, its bytes
AHEAD_NAME: Final = "ahead"  # what is remembered in the vault: how far each thread may go
_BEGUN: Final = "backup"  # and that there is a backup


class Backup:
    """Of one vault, into the folder of the settings; does nothing where that names none."""

    def __init__(self, vault: Vault, folder: Path | None, clock: Clock) -> None:
        """Look at nothing yet."""
        self._vault, self._clock = vault, clock
        self._medium = None if folder is None else Medium(folder)
        vault.backed_up = None if folder is None else frozenset()
        self._running = asyncio.Lock()
        self._last: Listing | None = None
        self._written: dict[str, object] = {}  # what the copies of the keyrings are known to hold, beside that list

    async def load(self) -> None:
        """At the start: how far each thread may go, also while the medium is away."""
        async with self._vault.database.read() as connection:
            known = await ledger.recall(connection, self._vault.storage_key, AHEAD_NAME)
        self._vault.ahead = {bytes.fromhex(name): number for name, number in (known or {}).items()}

    async def run(self) -> None:
        """Bring the backup to what the vault holds now.  Raises BackupError, StorageError."""
        if self._medium is None:
            return
        async with self._running:
            await self._run(self._medium)

    async def begin_anew(self) -> None:
        """The next one may begin in an empty folder."""
        async with self._vault.database.write() as connection:
            await forget(connection, self._vault.storage_key)
        self._vault.ahead = {}

    async def _run(self, medium: Medium) -> None:
        before = await self._before(medium)
        if before != self._last:  # another medium, or another copy of this one
            self._written.clear()
        await _on_medium(medium.prune, before.names())  # what one that failed left must not fill the medium
        async with self._vault.database.read() as connection:
            parts = await self._parts(connection, medium, before)
            files = [
                bytes(one) for one in await connection.scalars(select(FileRow.file).where(FileRow.case_id.is_not(None)))
            ]
            schema = str(await connection.scalar(text("SELECT version_num FROM alembic_version")))
            new = ledger.new_acknowledgements(await ledger.records(connection, self._vault.storage_key))
        keyring, ahead = await self._keyrings(medium, before)
        copied = {
            name.hex(): part for name in sorted(files) if (part := await self._file(medium, before, name)) is not None
        }
        listing = Listing(schema, self._clock() // sizes.DAY, keyring, ahead, parts, copied)
        if listing != before:
            await _on_medium(medium.write_listing, self._vault.storage_key, listing)
        self._last, self._vault.backed_up = listing, frozenset(one.name for one in new)
        await self._remember_begun()
        if self._vault.ahead != ahead:
            async with self._vault.database.write() as connection:
                value = {name.hex(): number for name, number in ahead.items()}
                await ledger.remember(connection, self._vault.storage_key, AHEAD_NAME, value)
            self._vault.ahead = ahead
        await _on_medium(medium.prune, listing.names())

    async def _before(self, medium: Medium) -> Listing:
        """What the medium holds; nothing, before the first list stands there."""
        key = self._vault.storage_key
        if await _on_medium(_is_begun, medium):
            await _on_medium(medium.begin)
            return await _on_medium(medium.listing, key)
        async with self._vault.database.read() as connection:
            known = await ledger.recall(connection, key, _BEGUN) or {}
        if not medium.folder.is_dir() or known.get("begun"):
            raise BackupGoneError
        await _on_medium(medium.begin)
        return Listing("", 0, "")

    async def _remember_begun(self) -> None:
        """From now on a folder without a list is a medium that is away: before that, one that failed begins again."""
        key = self._vault.storage_key
        async with self._vault.database.read() as connection:
            known = await ledger.recall(connection, key, _BEGUN) or {}
        if not known.get("begun"):
            async with self._vault.database.write() as connection:
                await ledger.remember(connection, key, _BEGUN, {"begun": True})

    async def _parts(self, connection: AsyncConnection, medium: Medium, before: Listing) -> dict[str, Part]:
        found: dict[str, Part] = {}
        async for name, content in copied_rows.parts(connection):
            known = before.parts.get(name)
            if known is None or known.content != digest(content):
                known = await _on_medium(medium.put_part, self._vault.storage_key, name, content)
            found[name] = known
        return found

    async def _keyrings(self, medium: Medium, before: Listing) -> tuple[str, Mapping[bytes, int]]:
        """Copy what changed.  Raises BackupLockedError where that takes somebody who is signed in."""
        vault = self._vault
        async with vault.changing:
            publisher, recipient = vault.publisher.state, vault.recipient
            state = None if recipient is None else recipient.state
            keyring = digest(await asyncio.to_thread(read_file, vault.folder / RECIPIENT_FILE))
            accounts = await asyncio.to_thread(read_file, vault.folder / ACCOUNTS_FILE)
        ahead = before.ahead
        if recipient is not None and state is not None:
            copy, ahead = await asyncio.to_thread(moved_ahead, state, before.ahead)
            if self._written.get(RECIPIENT_FILE) != copy:
                await _on_medium(recipient.copy_to, medium.folder / RECIPIENT_FILE, copy)
                self._written[RECIPIENT_FILE] = copy
        elif keyring != before.keyring:
            raise BackupLockedError
        bare = replace(publisher, prekeys={})
        if self._written.get(PUBLISHER_FILE) != bare:
            await _on_medium(vault.publisher.copy_to, medium.folder / PUBLISHER_FILE, bare)
            self._written[PUBLISHER_FILE] = bare
        if self._written.get(ACCOUNTS_FILE) != accounts:
            await _on_medium(replace_file, medium.folder / ACCOUNTS_FILE, accounts)
            self._written[ACCOUNTS_FILE] = accounts
        return keyring, ahead

    async def _file(self, medium: Medium, before: Listing, name: bytes) -> Part | None:
        """The copy of a file; None for one that was discarded meanwhile."""
        known = before.files.get(name.hex())
        if known is not None:
            return known
        async with self._vault.database.read() as connection:
            if await connection.scalar(select(FileRow.case_id).where(FileRow.file == name)) is None:
                return None
            stored, file = await _on_medium(medium.new_file)
            place = 0
            with file:
                while (body := await store.file_chunk(connection, name, place)) is not None:
                    await _on_medium(file.write, PIECE.pack(place, len(body)) + body)
                    place += 1
                await _on_medium(medium.close_file, file)
        part = Part(stored, "", "")
        return replace(part, stored=await _on_medium(medium.hash_of, part))


async def _on_medium(work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs) -> _Result:
    """Its fault must not look like the database's, within whose transactions it happens."""
    try:
        return await asyncio.to_thread(work, *given, **named)
    except OSError:
        raise BackupUnwritableError from None


async def forget(connection: AsyncConnection, key: bytes) -> None:
    """That there was a backup, and how far it lets threads go."""
    await ledger.remember(connection, key, _BEGUN, {"begun": False})
    await ledger.remember(connection, key, AHEAD_NAME, {})


def moved_ahead(state: RecipientState, before: Mapping[bytes, int]) -> tuple[RecipientState, dict[bytes, int]]:
    """The recipient's keyring as a backup holds it, and at which number each thread stands there."""
    numbers: dict[bytes, int] = {}
    threads: dict[bytes, ThreadKeys] = {}
    for name, thread in state.threads.items():
        number = before.get(thread.reference, 0)
        if number < thread.next_number + RENEWED:
            number = thread.next_number + AHEAD
        numbers[thread.reference] = number
        threads[name] = thread.moved_on(number - thread.next_number)
    return replace(state, prekeys={}, threads=threads), numbers


def _is_begun(medium: Medium) -> bool:
    return medium.is_begun
