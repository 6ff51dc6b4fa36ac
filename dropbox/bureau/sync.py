"""Fetching and publishing on the clock, also while nobody is signed in.

Two loops: one issues a board at every due time, the other fetches and opens, somewhat later by chance.  A report that
takes an hour over Tor then delays no board.  Each step stands alone: one failure never stops the rest, and the next
round tries again; when the line failed, that is soon, and less soon each time.

The host sees when it is asked for something.  It is asked at these times only: no click sends anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from dropbox.bureau import canaries, dossiers, store
from dropbox.bureau.backup import Backup
from dropbox.bureau.cards import Cards
from dropbox.bureau.errors import BackupError, ClockError, DeskError, NotCertifiedError
from dropbox.bureau.fetching import Fetching
from dropbox.bureau.host import Host
from dropbox.bureau.publisher import Publisher
from dropbox.bureau.reception import Reception
from dropbox.bureau.renewal import Renewal
from dropbox.bureau.settings import Settings
from dropbox.bureau.store import State
from dropbox.bureau.vault import Vault
from dropbox.courier.errors import BadAnswerError, PeerError, RefusedError, UnreachableError
from dropbox.protocol import sizes
from dropbox.storage.errors import StorageError
from dropbox.torlink.timetable import next_time, wait_after

if TYPE_CHECKING:
    from collections.abc import Callable

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]

logger = logging.getLogger("dropbox.bureau")

LONGEST_SLEEP: Final = 30  # seconds; the clock may be set while we sleep

_FETCHING: Final = frozenset({"recover", "fetch", "outcomes", "confirm", "confirm-outcomes"})
_PUBLISHING: Final = frozenset({"recover", "bulletins", "board", "publication", "cards"})

_PROBLEMS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (UnreachableError, "unreachable"),
    (PeerError, "peer"),
    (RefusedError, "refused"),
    (BadAnswerError, "bad-answer"),
    (NotCertifiedError, "not-certified"),
    (StorageError, "storage"),
    (OSError, "storage"),
    (ClockError, "clock"),
    (BackupError, "backup"),
    (DeskError, "fault"),
)


class Sync:
    """Everything that happens by itself."""

    def __init__(self, vault: Vault, settings: Settings, host: Host, clock: Clock, random: Random) -> None:
        """Work on this vault, against this host."""
        self._vault, self._settings, self._host, self._clock, self._random = vault, settings, host, clock, random
        self.publisher = Publisher(vault, settings, clock, random)
        self.reception = Reception(vault, settings, clock, random)
        self.cards = Cards(vault, settings, clock, random)
        self.backup = Backup(vault, settings.backup, clock)
        self._renewal = Renewal(vault, clock, random)
        self._fetching_in = Fetching(vault, host, self.wake)
        self._destroyed_day = -1
        self._wake = asyncio.Event()
        self._fetching, self._opening, self._recovering = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self._line_failed: set[str] = set()  # the steps that last failed on the way to the host
        self.last_fetch: int | None = None
        self.problems: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """The first thing that went wrong in the last rounds, "" when nothing did."""
        return next(iter(self.problems.values()), "")

    def wake(self) -> None:
        """Somebody has signed in, or an envelope is here: open what waits now, not at the next round."""
        self._wake.set()

    async def publish_round(self) -> None:
        """Everything that goes out: bulletins, the board, the publication, cards."""
        await self._step("recover", self._recover())
        await self._step("clock", self._require_clock())
        if "clock" in self.problems:
            return
        await self._step("renew", self._renewal.make())
        await self._step("make-bulletins", self.publisher.make_bulletins())
        await self._step("bulletins", self.publisher.send_bulletins(self._host))
        await self._step("board", self._board())
        await self._step("publication", self.publisher.publish(self._host))
        await self._step("stock", self.cards.stock_up())
        await self._step("cards", self.cards.send(self._host))

    async def fetch_round(self) -> None:
        """Everything that comes in: envelopes, then outcomes; what is open is confirmed; what is due is destroyed."""
        async with self._fetching:
            await self._step("recover", self._recover())
            await self._step("fetch", self._fetch())
            await self._step("outcomes", self.cards.collect(self._host))
        if "clock" in self.problems and self.publisher.clock_is_plausible:
            await self.publish_round()  # a complete fetch has proven the clock, after weeks without one
        await self._open(confirming=True)
        await self._step("destroy", self._destroy())

    async def open_round(self) -> None:
        """What a sign-in makes possible at once.  The host hears of it when the next fetch confirms."""
        if self.publisher.clock_is_plausible:
            await self._step("renew", self._renewal.make())
        await self._open()
        await self._step("stock", self.cards.stock_up())

    async def _open(self, *, confirming: bool = False) -> None:
        """Apart from fetching: what is here must not wait for a large report that is still on its way."""
        async with self._opening:
            await self._step("open", self._open_waiting())
            await self._step("canaries", self._canaries())
            await self._step("backup", self.backup.run())
            if confirming and "backup" not in self.problems:
                await self._step("confirm", self._confirm())
                await self._step("confirm-outcomes", self.cards.outcomes.confirm(self._host))
            await self._step("open-outcomes", self.cards.open_outcomes())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run both loops, and open what comes and at every sign-in, while the body runs."""
        loops = [asyncio.create_task(one) for one in (self._publish_loop(), self._fetch_loop(), self._open_loop())]
        try:
            yield
        finally:
            for one in loops:
                one.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    async def _publish_loop(self) -> None:
        await self._rounds(self.publish_round, _PUBLISHING, lambda: self.publisher.next_due)

    async def _fetch_loop(self) -> None:
        period = self._settings.board_period
        await self._rounds(self.fetch_round, _FETCHING, lambda: next_time(self._clock(), period, self._random))

    async def _rounds(self, one: Callable[[], Awaitable[None]], steps: frozenset[str], due: Callable[[], int]) -> None:
        failures = 0
        while True:
            at = due()
            await one()
            failures = failures + 1 if steps & self._line_failed else 0
            if failures:
                at = min(at, self._clock() + wait_after(failures, self._random))
            await self._sleep_until(at)

    async def _open_loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.open_round()

    async def _sleep_until(self, due: int) -> None:
        while (left := due - self._clock()) > 0:  # noqa: ASYNC110 - what is waited for is the clock
            await asyncio.sleep(min(left, LONGEST_SLEEP))

    async def _step(self, name: str, work: Awaitable[None]) -> None:
        self._line_failed.discard(name)
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a mistake in one step must not stop fetching and publishing
            problem = _problem(error)
            self._line_failed |= {name} if isinstance(error, UnreachableError | PeerError) else set()
            if self.problems.get(name) != problem:
                # The kind only: the text of an unforeseen exception could quote a reporter.
                logger.warning("The step %s of the sync failed: %s", name, type(error).__name__)
            self.problems[name] = problem
        else:
            self.problems.pop(name, None)

    async def _recover(self) -> None:
        async with self._recovering:  # both loops come here at the start
            if self.reception.boards_read:
                return
            await self.publisher.recover_board(self._host)
            await self._renewal.catch_up()
            self.reception.boards_read = True
            self.wake()

    async def _board(self) -> None:
        if not self.reception.boards_read:
            return
        try:
            await self.publisher.issue_board(self._host)
        except PeerError:
            self.publisher.offer_again()
            raise

    async def _fetch(self) -> None:
        began = self._clock()
        if await self._fetching_in.fetch(began // sizes.DAY):
            await self.publisher.fetched(began)
            self.last_fetch = self._clock()

    async def _open_waiting(self) -> None:
        await self.reception.open_waiting()

    async def _canaries(self) -> None:
        if self.publisher.clock_is_plausible:
            await canaries.discard_old(self._vault, self._clock() // sizes.DAY)

    async def _confirm(self) -> None:
        """Tell intake what is committed here.  Asked again after a crash: intake passes over what it does not know."""
        database = self._vault.database
        async with database.read() as connection:
            opened = [one.envelope for one in await store.envelopes(connection, State.OPENED)]
            gone = [one.envelope for one in await store.envelopes(connection, State.GONE)]
        if not opened and not gone:
            return
        await self._host.confirm(self._vault.publisher.state.recipient, opened + gone)
        async with database.write() as connection:
            await store.forget(connection, opened)
            await store.move(connection, gone, State.FORGOTTEN)
        with contextlib.suppress(StorageError):
            await database.checkpoint_truncate()

    async def _require_clock(self) -> None:
        if not self.publisher.clock_is_plausible:
            raise ClockError

    async def _destroy(self) -> None:
        today = self._clock() // sizes.DAY
        if self._destroyed_day != today and self.publisher.clock_is_plausible:
            await self.publisher.destroy_prekeys()
            async with self._vault.database.write() as connection:
                await dossiers.forget_discarded(connection, self._vault.storage_key, today)
            self._destroyed_day = today


def _problem(error: Exception) -> str:
    """The code of what is wrong; for the way to the host, the one that Tor gave, where it gave one."""
    if isinstance(error, UnreachableError) and error.reason:
        return error.reason
    return next((code for kind, code in _PROBLEMS if isinstance(error, kind)), "fault")
