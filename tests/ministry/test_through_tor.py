"""An inbox whose way to intake leads through Tor: isolated, on its own timetable, and clear about what is wrong."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from dropbox.courier.errors import UnreachableError
from dropbox.ministry import sync as exchange
from dropbox.ministry.inbox import Inbox
from dropbox.ministry.pages.words import TROUBLES
from dropbox.ministry.service import opened
from dropbox.ministry.settings import parse
from dropbox.ministry.sync import Sync
from dropbox.ministry.views import Trouble
from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.errors import SENTENCES, Fault
from dropbox.torlink.timetable import jitter
from tests.ministry.world import PASSPHRASE, PERIOD, USER, World
from tests.ministry.world import PASSWORD as WORD
from tests.simulators.socks import SimulatedTor, onion

INTAKE = onion("intake")


@asynccontextmanager
async def mailbox(path: Path) -> AsyncIterator[list[str]]:
    """A socket that takes batches and has no cards; gives what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        asked.append(f"{request.method} {request.path}")
        return web.json_response({"keys": []})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    yield asked
    await runner.cleanup()


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[tuple[SimulatedTor, list[str], Inbox, Sync]]:
    """A mailbox, a Tor that leads to it, and an inbox that has no other way."""
    world.make()
    socks = SocksAddress(path=str(world.place / "socks"))
    way = {"intake_socket": None, "intake_onion": INTAKE.name, "tor_socks": f"unix:{socks.path}"}
    settings = parse(world.values(**way))
    tor = SimulatedTor({INTAKE.name: world.place / "mailbox"})
    service = world.folder.open_courier(PASSPHRASE)
    async with (
        mailbox(world.place / "mailbox") as asked,
        tor.listening(socks),
        opened(settings, world.folder, service, world.clock, os.urandom) as (inbox, sync),
    ):
        yield tor, asked, inbox, sync


async def test_collecting_and_sending_have_a_circuit_each(sqlite_world: World) -> None:
    async with connected(sqlite_world) as (tor, asked, inbox, sync):
        await inbox.sign_in(USER, WORD)
        await sync.round()
        await sync.round()
        assert (await sync.state()).troubles == ()
        assert [one.split("/")[2] for one in asked] == ["cards", "outcomes"] * 2
    assert {one.name for one in tor.asked} == {INTAKE.name}
    assert len(tor.circuits) == 2


@pytest.mark.parametrize(
    ("code", "trouble"),
    [(0xF4, Trouble.NO_KEY), (0xF5, Trouble.WRONG_KEY), (0xF0, Trouble.NOT_FOUND), (0xF7, Trouble.HOST_DOWN)],
)
async def test_what_tor_says_the_inbox_says_until_it_is_right_again(
    sqlite_world: World, code: int, trouble: Trouble
) -> None:
    async with connected(sqlite_world) as (tor, _, inbox, sync):
        await inbox.sign_in(USER, WORD)
        tor.code = code
        await sync.round()
        assert (await sync.state()).troubles == (trouble,)
        tor.code = None
        await sync.round()
        assert (await sync.state()).troubles == ()


def test_every_fault_of_the_way_is_a_sentence_on_the_page() -> None:
    assert {Trouble(fault.value) for fault in Fault} <= set(TROUBLES)


async def test_check_says_why_the_way_is_closed(sqlite_world: World) -> None:
    way = {"intake_socket": None, "intake_onion": INTAKE.name, "tor_socks": f"unix:{sqlite_world.place}/socks"}
    settings = parse(sqlite_world.values(**way))
    assert await settings.way.faults(os.urandom) == [SENTENCES[Fault.TOR_DOWN]]
    tor = SimulatedTor({INTAKE.name: sqlite_world.place / "mailbox"}, code=0xF4)
    async with tor.listening(SocksAddress(path=f"{sqlite_world.place}/socks")), mailbox(sqlite_world.place / "mailbox"):
        assert await settings.way.faults(os.urandom) == [SENTENCES[Fault.NO_KEY]]
        tor.code = None
        assert await settings.way.faults(os.urandom) == []


# ------------------------------------------------------------------------------------------------ the timetable


class Enough(Exception):
    """The exchange was watched for long enough."""


async def test_rounds_are_one_in_each_period_near_its_beginning_and_sooner_after_a_failure(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that each wait moves to its end."""
    rounds: list[int] = []
    clock, intake = sqlite_world.clock, sqlite_world.intake

    async def sleeping(seconds: float) -> None:
        clock.now += int(seconds)

    async with sqlite_world.start() as running:
        await running.sign_in()
        real = running.sync.round

        async def noted() -> None:
            rounds.append(clock.now)
            if len(rounds) == 8:
                raise Enough
            intake.fault = UnreachableError(Fault.EXPIRED.value) if 3 <= len(rounds) <= 5 else None
            await real()

        running.sync.round = noted  # type: ignore[method-assign]  # watched
        monkeypatch.setattr(exchange, "LONGEST_SLEEP", PERIOD)
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "sleep", sleeping)
            with pytest.raises(Enough):
                await running.sync.run()
    numbers = [time // PERIOD - rounds[0] // PERIOD for time in rounds]
    assert numbers == [0, 1, 2, 2, 2, 2, 3, 4], "the third to the fifth failed"
    assert all(time % PERIOD <= jitter(PERIOD) for time in (rounds[1], rounds[2], *rounds[6:]))
    waits = [later - earlier for earlier, later in itertools.pairwise(rounds[2:6])]
    assert [longest // 2 <= wait <= longest for wait, longest in zip(waits, (60, 120, 240), strict=True)] == [True] * 3
