"""Opens what waits, in groups, and sets aside what does not open.  `admission` says what happens to the rest.

Whatever an envelope makes a library raise is that envelope's alone: it is set aside with a reason for the handler's
screen, the others of its group go on, and it is tried again on another day as long as its prekey lives.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from dropbox.bureau import store
from dropbox.bureau.admission import Admission, Received
from dropbox.bureau.errors import BackupBehindError, LockedError
from dropbox.bureau.opening import REFETCHED, REFETCHED_TRIES, Opened, Opener, Reason, reason_of
from dropbox.bureau.settings import Settings
from dropbox.bureau.store import Envelope, State
from dropbox.bureau.suspects import Suspects
from dropbox.bureau.vault import Vault
from dropbox.protocol import sizes
from dropbox.storage.errors import SealedDamagedError, StorageError, WrongPassphraseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]

logger = logging.getLogger("dropbox.bureau")

PATIENT_DAYS: Final = 7  # a message waits so long for the first one of its dialogue, well within its prekey's life
GROUP: Final = 64  # envelopes opened together: one keyring is written for all of them
GROUP_BYTES: Final = 8 * sizes.MIB  # of a group, sealed
_PANIC: Final = "PanicException"  # what a library in Rust raises for its own mistake: no Exception, nor ours to end at
_ONE_ROW: Final = (SealedDamagedError, WrongPassphraseError)  # a case of the vault that does not open
_NOT_ITS_FAULT: Final = (BackupBehindError, LockedError, StorageError, OSError)


class Reception:
    """Opens what waits, while the vault is unlocked."""

    def __init__(self, vault: Vault, settings: Settings, clock: Clock, random: Random) -> None:
        """Work on this vault."""
        self._vault, self._clock = vault, clock
        self._opener = Opener(vault, settings.root, random)
        self._admission = Admission(vault, settings.root.instance, settings.canary_keys, random)
        self._suspects = Suspects(vault)
        self.boards_read = False

    @property
    def today(self) -> int:
        """The UTC day."""
        return self._clock() // sizes.DAY

    async def open_waiting(self) -> int:
        """Open what waits, and once a day what failed; gives how many were opened.  One failure never stops the rest.

        Does nothing while the vault is locked, or before the last published board was read.
        """
        if not self.boards_read or self._vault.recipient is None:
            return 0
        async with self._vault.database.read() as connection:
            found = await store.envelopes(connection, State.WAITING, State.FAILED)
            # Rows are begun for a whole listing at once.  Read together with the candidates: when none is on its way,
            # a first message that was listed before a candidate is a candidate too, or was opened.
            all_here = not await store.count(connection, State.FETCHING)
        candidates = [one for one in found if one.state is State.WAITING or one.last_day != self.today]
        if not candidates:
            return 0
        candidates = await self._without_killers(candidates)
        opened = await self._open_all(candidates, all_here=all_here)
        await self._suspects.end()  # not when the end came from outside: the next start is to know of it
        return opened

    async def _open_all(self, candidates: Sequence[Envelope], *, all_here: bool) -> int:
        early: list[Envelope] = []
        opened = 0
        for group in self._groups(candidates):
            opened += await self._open_group(group, early)
        patient = bool(early) and not (all_here and await self._nothing_comes_again())
        waiting = {one.envelope for one in early if patient and self.today < one.first_day + PATIENT_DAYS}
        for group in self._groups([one for one in early if one.envelope not in waiting]):
            opened += await self._open_group(group, None)
        # The first message of a dialogue may have been in a later group than one that continues it.
        for group in self._groups([one for one in early if one.envelope in waiting]):
            opened += await self._open_group(group, [])
        return opened

    async def _without_killers(self, candidates: Sequence[Envelope]) -> list[Envelope]:
        """Set aside what ended this program again and again."""
        await self._suspects.read()
        killers = self._suspects.over(candidates)
        if killers:
            logger.error("Envelopes that ended this program while it opened them are set aside: %d", len(killers))
            async with self._vault.database.write() as connection:
                for one in killers:
                    await store.fail(connection, one.envelope, str(Reason.FAULT), self.today)
            self._suspects.survived(killers)
        return [one for one in candidates if one not in killers]

    def _groups(self, envelopes: Sequence[Envelope]) -> Iterator[list[Envelope]]:
        """In order, as many together as may be opened together; suspects alone and last."""
        yield from _together([one for one in envelopes if not self._suspects.alone(one)])
        yield from ([one] for one in envelopes if self._suspects.alone(one))

    async def _nothing_comes_again(self) -> bool:
        """Whether no damaged envelope is still to be fetched anew: it may be the first message of a dialogue."""
        async with self._vault.database.read() as connection:
            failed = await store.envelopes(connection, State.FAILED)
        return not any(one.reason in REFETCHED and one.tries < REFETCHED_TRIES for one in failed)

    async def _open_group(self, group: Sequence[Envelope], early: list[Envelope] | None) -> int:
        """Open these and admit what opened; gives how many.  Those that come too early are added to `early`."""
        async with self._vault.database.write() as connection:
            await store.drop_staged(connection)  # what a crash left
            await self._suspects.begin(connection, group)
            chunks = await store.only_chunks(connection, group)
        received: list[Received] = []
        for envelope in group:
            opened = await self._open(envelope, chunks.get(envelope.envelope, b""))
            if opened is not None:
                received.append(Received(envelope, opened))
            await asyncio.sleep(0)  # pages are answered between two envelopes
        received.sort(key=lambda one: not one.opened.head.first)  # one that continues a dialogue needs its first
        count = await self._admit(received, early)
        if count < len(group):
            async with self._vault.database.write() as connection:
                await store.drop_staged(connection)  # of those that were not admitted
        self._suspects.survived(group)
        return count

    async def _open(self, envelope: Envelope, first: bytes) -> Opened | None:
        if self._vault.recipient is None:
            return None
        try:
            return await self._opener.open(envelope, first)
        except _NOT_ITS_FAULT:
            return None  # nobody is signed in any more, or the disk is full: it goes on waiting
        except BaseException as error:  # noqa: BLE001 - whatever a poisoned envelope makes a library raise
            await self._set_aside(envelope, error)
            return None

    async def _admit(self, received: Sequence[Received], early: list[Envelope] | None) -> int:
        if not received:
            return 0
        try:
            async with self._vault.changing:
                late = await self._admission.admit(received, self.today, patient=early is not None)
        except BaseException as error:  # noqa: BLE001 - as above
            whole_group = isinstance(error, _NOT_ITS_FAULT) and not isinstance(error, (*_ONE_ROW, BackupBehindError))
            if len(received) > 1 and _is_a_fault(error) and not whole_group:  # each alone, and the others go on
                return sum([await self._admit([one], early) for one in received])
            if not isinstance(error, _NOT_ITS_FAULT):
                await self._set_aside(received[0].envelope, error)
            return 0
        if early is not None:
            early += late
        return len(received) - len(late)

    async def _set_aside(self, envelope: Envelope, error: BaseException) -> None:
        """Keep it for the handler's screen.  Raises what is no envelope's fault."""
        if not _is_a_fault(error):
            raise error
        reason = reason_of(error)
        if reason is Reason.FAULT:
            logger.error("An envelope met a mistake in this program: %s", type(error).__name__)
        async with self._vault.database.write() as connection:
            await store.fail(connection, envelope.envelope, str(reason), self.today)


def _is_a_fault(error: BaseException) -> bool:
    """Not the end of this process or task."""
    return isinstance(error, Exception) or type(error).__name__ == _PANIC


def _together(envelopes: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Groups in order; a large one alone."""
    group: list[Envelope] = []
    for one in envelopes:
        if group and (len(group) == GROUP or sum(each.size for each in group) + one.size > GROUP_BYTES):
            yield group
            group = []
        group.append(one)
    if group:
        yield group
