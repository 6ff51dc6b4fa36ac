"""A desk whose way to intake leads through Tor: isolated, on its own timetable, and clear about what is wrong."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from dropbox.bureau.pages.words import PROBLEMS
from dropbox.bureau.sync import Sync
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.courier.client import CourierClient
from dropbox.courier.signing import Request
from dropbox.protocol import sizes
from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.errors import Fault
from dropbox.torlink.timetable import jitter
from tests.bureau.office import PERIOD, Office, Open
from tests.bureau.test_cards import DRAFT, YES
from tests.simulators.socks import SimulatedTor, onion

INTAKE = onion("intake")
WAITS = (60, 120, 240, 480, 960)
LONG = 21_600  # seconds: the board period of a real instance
FAULTS = {
    0xF4: Fault.NO_KEY,
    0xF5: Fault.WRONG_KEY,
    0xF0: Fault.NOT_FOUND,
    0xF2: Fault.HOST_DOWN,
    0x06: Fault.EXPIRED,
    0x01: Fault.FAILED,
}


@asynccontextmanager
async def connected(office: Office) -> AsyncIterator[tuple[SimulatedTor, Open]]:
    """Intake, a Tor that leads to it, and a desk that has no other way."""
    socks = SocksAddress(path=str(office.folder / "socks"))
    tor = SimulatedTor({INTAKE.name: office.folder / "run" / "desk.sock"})
    async with office.intake(), tor.listening(socks), through(office, f"unix:{socks.path}") as opened:
        yield tor, opened


def through(office: Office, socks: str) -> AbstractAsyncContextManager[Open]:
    """A desk that has this way and no other."""
    return office.desk(intake_socket=None, intake_onion=INTAKE.name, tor_socks=socks)


async def test_everything_goes_through_tor_on_a_circuit_for_each_purpose(sqlite_office: Office) -> None:
    async with connected(sqlite_office) as (tor, opened):
        await opened.round()
        reporter = sqlite_office.reporter()
        await reporter.send("Through Tor.", [("a.bin", os.urandom(3 * sizes.MIB))])
        await opened.sign_in()
        await opened.round()
        assert (await opened.only_case()).row.files == 1
        assert await reporter.notes() != []
    assert {(one.name, one.port) for one in tor.asked} == {(INTAKE.name, 80)}
    assert len(tor.circuits) == 3, "fetching, publishing, cards"


@pytest.mark.parametrize("code", FAULTS)
async def test_what_tor_says_the_desk_says_and_nothing_is_lost(sqlite_office: Office, code: int) -> None:
    async with connected(sqlite_office) as (tor, opened):
        await opened.round()
        await sqlite_office.reporter().send("Waits.")
        await opened.sign_in()
        tor.code = code
        tor.cut()
        await opened.sync.fetch_round()
        assert opened.sync.problems["fetch"] == FAULTS[code].value
        assert (await opened.desk.sync_state()).problem in {fault.value for fault in Fault}
        before = tor.circuits
        tor.code = None
        await opened.round()
        assert (await opened.only_case()).row.messages == 1
        assert tor.circuits - before, "a line that failed is tried on another circuit"


async def test_a_desk_whose_tor_does_not_run_says_so(sqlite_office: Office) -> None:
    async with through(sqlite_office, "unix:/nowhere/socks") as opened:
        await opened.sync.fetch_round()
        await opened.sync.publish_round()
        assert opened.sync.problem == Fault.TOR_DOWN.value


def test_every_fault_of_the_way_is_a_sentence_on_the_page() -> None:
    assert {fault.value for fault in Fault} <= set(PROBLEMS)


# ------------------------------------------------------------------------------------------------ the timetable


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request that reaches for the host from now on."""
    seen: list[str] = []
    real: Callable[[CourierClient, Request, int], Awaitable[bytes]] = CourierClient._send

    async def noted(client: CourierClient, request: Request, limit: int) -> bytes:
        seen.append(f"{request.method} {request.target}")
        return await real(client, request, limit)

    monkeypatch.setattr(CourierClient, "_send", noted)
    monkeypatch.setattr("dropbox.bureau.sync.LONGEST_SLEEP", 0.01)
    return seen


@dataclass
class Watched:
    """How many of the two loops wait for the clock, and how often what a sign-in makes possible was done."""

    sleeping: int = 0
    opened: int = 0

    @classmethod
    def sync(cls, sync: Sync) -> "Watched":
        """Watch one, from before it runs."""
        watched, sleep, open_round = cls(), sync._sleep_until, sync.open_round

        async def sleeping(due: int) -> None:
            watched.sleeping += 1
            try:
                await sleep(due)
            finally:
                watched.sleeping -= 1

        async def opening() -> None:
            await open_round()
            watched.opened += 1

        sync._sleep_until, sync.open_round = sleeping, opening  # type: ignore[method-assign]  # watched
        return watched


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what is waited for is the desk
        await asyncio.sleep(0.01)


async def test_nothing_that_a_handler_does_reaches_the_host_before_the_clock_does(
    sqlite_office: Office, requests: list[str]
) -> None:
    office = sqlite_office
    async with office.open() as opened:
        await office.reporter().send("My boss takes money out of the box every single week.")
        watched = Watched.sync(opened.sync)
        async with opened.sync.running():
            await until(lambda: watched.sleeping == 2)
            assert (await opened.desk.sync_state()).waiting == 1
            requests.clear()
            before = watched.opened
            handler = await opened.sign_in()
            await until(lambda: watched.opened > before)
            name = (await opened.only_case()).row.identity
            await opened.desk.mark_read(name)
            await opened.desk.send(name, NoteDraft(EntryKind.REPLY, "We look into it."))
            await opened.desk.release_card(name, DRAFT, YES)
            opened.desk.sign_out(handler)
            assert (watched.sleeping, requests) == (2, [])
            office.clock.forward(seconds=PERIOD + jitter(PERIOD))
            await until(lambda: "POST /v1/confirmations" in requests)
            await until(lambda: any(one.startswith("PUT /v1/boards") for one in requests))


class Enough(Exception):
    """The loop was watched for long enough."""


@pytest.mark.parametrize("name", ["_fetch_loop", "_publish_loop"])
async def test_a_line_that_failed_is_tried_again_soon_and_less_soon_each_time(sqlite_office: Office, name: str) -> None:
    office, waits = sqlite_office, list[int]()
    office.clock.now = office.clock.day * sizes.DAY + 60
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(office.desk(board_period=LONG))

        async def sleeping(due: int) -> None:
            waits.append(due - office.clock.now)
            office.clock.now = due
            if len(waits) == 5:
                await stack.enter_async_context(office.intake())
            if len(waits) == 6:
                raise Enough

        opened.sync._sleep_until = sleeping  # type: ignore[method-assign]  # watched
        with pytest.raises(Enough):
            await getattr(opened.sync, name)()
        assert opened.sync.problems == {}, "the sixth round went well"
    assert [longest // 2 <= wait <= longest for wait, longest in zip(waits, WAITS, strict=False)] == [True] * 5
    left = LONG - 60 - sum(waits[:5])
    assert left <= waits[5] <= left + jitter(LONG)


async def test_fetching_is_near_the_beginning_of_each_period_but_not_at_a_second_that_all_share(
    sqlite_office: Office,
) -> None:
    async with sqlite_office.intake(), sqlite_office.desk(board_period=LONG) as opened:
        times: list[int] = []

        async def sleeping(due: int) -> None:
            times.append(due)
            sqlite_office.clock.now = due
            if len(times) == 8:
                raise Enough

        opened.sync._sleep_until = sleeping  # type: ignore[method-assign]  # watched
        with pytest.raises(Enough):
            await opened.sync._fetch_loop()
        assert [time // LONG for time in times] == list(range(times[0] // LONG, times[0] // LONG + 8))
        offsets = [time % LONG for time in times]
        assert max(offsets) <= jitter(LONG)
        assert len(set(offsets)) > 1
