"""What a circuit may cost, with the real command: told by its own processes, closed through another."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from dropbox.onion.circuits import asked_for, asking
from tests.gateway.bureau import Bureau, SimulatedIntake
from tests.gateway.conftest import BOUNDARY
from tests.gateway.processes import WITHIN, Gateway, gateway, intake_on, until
from tests.gateway.test_supervision import GET, answer, is_closed, proxy

UPLOAD = (
    f"POST /en/report HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    f"Content-Length: 1000000000\r\n\r\n"
).encode()


class Closed:
    """The circuits that are to be closed, as `dropbox-onion` is told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.circuits: list[int] = []

    def listen(self) -> Iterator[None]:
        with asking(self.path) as asked:
            loop = asyncio.get_running_loop()
            loop.add_reader(asked, lambda: self.circuits.extend(asked_for(asked)))
            yield
            loop.remove_reader(asked)


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Closed]:
    made = Closed(tmp_path / "circuits.sock")
    for _ in made.listen():
        yield made


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[SimulatedIntake]:
    intake = SimulatedIntake(Bureau())
    async with intake_on(tmp_path / "intake.sock", intake):
        yield intake


async def ask(running: Gateway, circuit: int, request: bytes = GET) -> tuple[int, str]:
    return await answer(await running.connect(), proxy(circuit) + request)


async def test_a_circuit_that_asks_too_often_is_refused_and_to_be_closed_and_another_is_not(
    tmp_path: Path, intake: SimulatedIntake, closed: Closed
) -> None:
    limits: dict[str, Any] = {"requests_per_minute": 5, "circuits_socket": str(closed.path)}
    async with gateway(tmp_path, intake.bureau, proxy=True, **limits) as running:
        line = await running.connect()
        line[1].write(proxy(7))
        for number in itertools.count():
            assert (await answer(line))[0] == 200  # on one connection, as long as tor lets it
            if number >= 5 and closed.circuits:
                break
        assert closed.circuits == [7]
        refused = await running.connect()
        refused[1].write(proxy(7) + GET)
        assert await is_closed(refused)
        assert (await ask(running, 8))[0] == 200
    assert set(closed.circuits) == {7}


async def test_too_many_uploads_at_once_are_seen_whatever_is_sent_of_them(
    tmp_path: Path, intake: SimulatedIntake, closed: Closed
) -> None:
    limits: dict[str, Any] = {"uploads_per_circuit": 2, "circuits_socket": str(closed.path)}
    async with gateway(tmp_path, intake.bureau, proxy=True, **limits) as running:
        for _ in range(2):
            line = await running.connect()
            line[1].write(proxy(7) + UPLOAD)
        assert (await ask(running, 7))[0] == 200  # two are no fault
        assert closed.circuits == []
        line = await running.connect()
        line[1].write(proxy(7) + UPLOAD)
        await until(lambda: closed.circuits == [7])


async def test_bytes_are_counted_and_a_single_upload_is_not_to_be_closed_within(
    tmp_path: Path, intake: SimulatedIntake, closed: Closed
) -> None:
    intake.keep = False
    limits: dict[str, Any] = {"mebibytes_per_hour": 16, "circuits_socket": str(closed.path)}
    async with gateway(tmp_path, intake.bureau, proxy=True, **limits) as running:
        _, writer = line = await running.connect()
        writer.write(proxy(7) + UPLOAD)
        for _ in range(24):
            writer.write(bytes(1 << 20))
            await writer.drain()
        assert closed.circuits == []
        writer.write_eof()
        await line[0].read()
        await until(lambda: len(running.serving()) >= 1)
        refused = await running.connect()
        refused[1].write(proxy(7) + GET)
        assert await is_closed(refused)
        assert (await ask(running, 8))[0] == 200


async def test_without_a_way_to_close_circuits_they_are_refused_all_the_same(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    missing = str(tmp_path / "nobody.sock")
    async with gateway(tmp_path, intake.bureau, proxy=True, requests_per_minute=2, circuits_socket=missing) as running:
        line = await running.connect()
        line[1].write(proxy(7))
        for _ in range(4):
            assert (await answer(line))[0] == 200
        refused = await running.connect()
        refused[1].write(proxy(7) + GET)
        assert await is_closed(refused)
        assert (await ask(running, 8))[0] == 200


async def come_back(running: Gateway, circuit: int) -> int:
    """Come until a page is given: what was broken is over a moment later only."""
    async with asyncio.timeout(WITHIN):
        while True:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                return (await ask(running, circuit))[0]
            await asyncio.sleep(0.02)


async def test_where_tor_is_on_another_machine_the_connections_of_a_circuit_are_broken_and_no_others(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with gateway(tmp_path, intake.bureau, proxy=True, uploads_per_circuit=2, connections_at_once=4) as running:
        calm = await running.connect()
        assert (await answer(calm, proxy(8) + GET))[0] == 200
        lines = [await running.connect() for _ in range(3)]
        for line in lines:
            line[1].write(proxy(7) + UPLOAD)
        for line in lines:
            assert await is_closed(line)
        assert await come_back(running, 7) == 200  # sent away, not banned; and the places are free again
        assert (await answer(calm))[0] == 200


async def test_a_circuit_that_holds_most_places_is_broken_for_one_that_has_none_where_nobody_closes_it(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with gateway(tmp_path, intake.bureau, proxy=True, connections_at_once=3) as running:
        mallory = [await running.connect() for _ in range(3)]
        for line in mallory:
            assert (await answer(line, proxy(7) + GET))[0] == 200  # and stays, with nothing more to ask
        assert (await ask(running, 8))[0] == 200
        for line in mallory:
            assert await is_closed(line)


async def test_who_comes_last_with_nothing_is_served_before_those_who_hold_all_the_rest(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with gateway(tmp_path, intake.bureau, proxy=True, connections_at_once=3) as running:
        mallory = [await running.connect() for _ in range(6)]
        for line in mallory:
            line[1].write(proxy(7) + GET + UPLOAD)  # answered once, and held from then on
        held = [asyncio.create_task(line[0].readuntil(b"\r\n\r\n")) for line in mallory]
        await until(lambda: sum(task.done() for task in held) == 3)
        alice = await running.connect()
        waiting = asyncio.create_task(answer(alice, proxy(8) + GET))
        served = next(line for line, task in zip(mallory, held, strict=True) if task.done())
        served[1].close()
        assert (await waiting)[0] == 200
        assert sum(task.done() for task in held) == 3
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
