"""A thousand junk reports at a host and a desk that work: honest ones get through, and nothing grows with the junk."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Final

import pytest

from dropbox.bureau.views import EntryKind
from dropbox.protocol.board_head import RECORD_COUNTS
from dropbox.protocol.sizes import KIB
from dropbox.reporter.exchange import fetch_boards, fetch_bulletin
from tests.bench.costs import watched
from tests.bureau.office import Office, Open, Reporter, short_folder
from tests.bureau.thousand import RealClock, intake_process
from tests.gateway.processes import until
from tests.load.crowd import INTAKE_BYTES, SCALE
from tests.simulators.intake_client import ReporterClient
from tests.simulators.intake_instance import envelope

JUNK: Final = 1000 * SCALE
HONEST: Final = 20
BOARD_PERIOD: Final = 5  # seconds, the shortest
AT_ONCE: Final = 8
PATIENCE: Final = 600  # seconds: a busy machine is no fault


@pytest.mark.timeout(3 * PATIENCE)
async def test_a_thousand_junk_reports_keep_nobody_out() -> None:
    with short_folder() as place:
        office = Office(place, clock=RealClock())
        async with intake_process(office) as intake, office.desk(board_period=BOARD_PERIOD) as opened:
            await opened.sync.publish_round()
            await opened.sign_in()
            with watched(lambda: [intake, os.getpid()]) as memory:
                async with opened.sync.running(), _watching_boards(office) as boards:
                    reporters = [office.reporter() for _ in range(HONEST)]
                    await asyncio.gather(_junk(office), _honest(reporters))
                    await _answered(reporters)
                    await _settled(opened, boards)
            assert max(memory) - memory[0] <= INTAKE_BYTES
            assert opened.sync.problems == {}
            assert await _texts(opened) == sorted(f"what {number} saw" for number in range(HONEST))
            assert len(boards) > 1
            assert set(boards.values()) == {RECORD_COUNTS[0]}  # junk has no place on a board


async def _junk(office: Office) -> None:
    """Random bytes of the right size behind a good prefix: only the desk can tell that nobody sealed them."""
    async with office.transport() as transport:
        bulletin = await fetch_bulletin(transport, office.root.public, office.clock())
    turn = asyncio.Semaphore(AT_ONCE)
    async with ReporterClient(office.folder / "run" / "reporters.sock") as client:

        async def one() -> None:
            async with turn:
                await client.upload(envelope(16 * KIB, bulletin.day, bulletin.revision))

        await asyncio.gather(*(one() for _ in range(JUNK)))


async def _honest(reporters: Sequence[Reporter]) -> None:
    for number, reporter in enumerate(reporters):
        await reporter.send(f"what {number} saw")
        await asyncio.sleep(secrets.randbelow(100) / 200)


async def _answered(reporters: Sequence[Reporter]) -> None:
    """Every honest report is acknowledged on a board."""
    for reporter in reporters:
        async with asyncio.timeout(PATIENCE):
            while not await reporter.notes():  # noqa: ASYNC110 - what is waited for is a board
                await asyncio.sleep(0.2)


async def _settled(opened: Open, boards: dict[int, int]) -> None:
    """All junk is set aside, and a board has come out since."""
    async with asyncio.timeout(PATIENCE):
        while len(await opened.desk.failures()) < JUNK:  # noqa: ASYNC110 - what is waited for is a database
            await asyncio.sleep(0.5)
    seen = len(boards)
    await until(lambda: len(boards) > seen)


@contextlib.asynccontextmanager
async def _watching_boards(office: Office) -> AsyncIterator[dict[int, int]]:
    """Give how many records each board had that came out, by when the next was due."""
    found: dict[int, int] = {}

    async def watch() -> None:
        async with office.transport() as transport:
            while True:
                now = office.clock()
                bulletin = await fetch_bulletin(transport, office.root.public, now)
                for board in await fetch_boards(transport, bulletin, now):
                    found[board.head.next_due] = board.head.records
                await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    try:
        yield found
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _texts(opened: Open) -> list[str]:
    found = []
    for row in await opened.desk.cases():
        case = await opened.desk.case(row.identity)
        found += [entry.text for entry in case.entries if entry.kind is EntryKind.MESSAGE]
    return sorted(found)
