"""One process per connection: who serves whom, what happens when one crashes, hangs or is told to end."""

import asyncio
import contextlib
import errno
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from dropbox.gateway.confinement import OVERWRITING
from tests.gateway.bureau import Bureau, SimulatedIntake
from tests.gateway.conftest import BOUNDARY, encode_form
from tests.gateway.processes import Gateway, gateway, intake_on, lives, until
from tests.open_files import open_files
from tests.web.inspection import assert_clean

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
GET = b"GET /en/report HTTP/1.1\r\nHost: x\r\n\r\n"
WARM = 2


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[SimulatedIntake]:
    simulated = SimulatedIntake(Bureau(int(time.time())))
    async with intake_on(tmp_path / "intake.sock", simulated):
        yield simulated


def running(folder: Path, intake: SimulatedIntake, **settings: int) -> AbstractAsyncContextManager[Gateway]:
    return gateway(folder, intake.bureau, "127.0.0.1:0", warm_processes=WARM, **settings)


async def answer(line: Line, request: bytes = GET) -> tuple[int, str]:
    """Ask, and read the whole answer; the line stays open."""
    reader, writer = line
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = re.search(r"(?i)content-length: (\d+)", head)
    assert length
    return int(head.split()[1]), (await reader.readexactly(int(length[1]))).decode()


async def is_closed(line: Line) -> bool:
    """Whether the other side hangs up without a word."""
    try:
        return await line[0].read() == b""
    except ConnectionResetError:
        return True


async def served_by(gateway: Gateway) -> tuple[Line, int]:
    """A connection that was served, and the process that has its other end."""
    line = await gateway.connect()
    assert (await answer(line))[0] == 200
    port = line[1].get_extra_info("sockname")[1]
    found: list[int] = []

    def known() -> bool:  # the list of processes is read while others are forked and end
        found[:] = _owners(port, gateway.serving())
        return bool(found)

    await until(known)
    return line, found[0]


def _owners(port: int, processes: set[int]) -> list[int]:
    """Which processes hold the accepted end of a connection from `port` on loopback."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    inode = next(row[9] for row in rows if int(row[2].rpartition(":")[2], 16) == port)
    return [pid for pid in processes if f"socket:[{inode}]" in open_files(pid)]


def _leases(pid: int) -> int:
    """How many pipes the acceptor holds: one more for each connection that it gave away."""
    return sum(name.startswith("pipe:") for name in open_files(pid))


def _refuses(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def post(html: str, text: str = "planted") -> bytes:
    """A filled form, as the bytes of one request."""
    fields = {name: value for name, value in assert_clean(html).fields.items() if name != "files"}
    body = encode_form([(name, value, None) for name, value in (fields | {"text": text}).items()])
    head = (
        f"POST /en/report HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def test_a_connection_has_a_process_of_its_own_for_all_its_requests(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with running(tmp_path, intake) as gateway:
        first, one = await served_by(gateway)
        second, other = await served_by(gateway)
        assert one != other
        everyone = gateway.serving()
        status, html = await answer(first)
        assert (await answer(first, post(html)))[0] == status == 200
        assert gateway.serving() == everyone
        first[1].close()
        await until(lambda: not lives(one))
        assert lives(other)
        second[1].close()
        await until(lambda: not lives(other) and len(gateway.serving()) == WARM)
    assert len(intake.envelopes) == 1


async def test_forked_processes_never_draw_the_same_random_numbers(tmp_path: Path, intake: SimulatedIntake) -> None:
    receipts = set()
    async with running(tmp_path, intake) as gateway:
        for _ in range(6):
            line = await gateway.connect()
            _, html = await answer(line)
            receipts.add(assert_clean(html).fields["receipt"])
            await answer(line, post(html))
            line[1].close()
    pieces = [envelope[at : at + 1024] for envelope in intake.envelopes for at in range(0, 16 * 1024, 1024)]
    assert len(receipts) == 6
    assert len(set(pieces)) == len(pieces) == 6 * 16


async def test_a_process_that_crashes_takes_one_connection_with_it(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake, connections_at_once=WARM) as gateway:
        line, pid = await served_by(gateway)
        other, _ = await served_by(gateway)
        os.kill(pid, signal.SIGKILL)
        assert await is_closed(line)
        assert (await answer(other))[0] == 200
        third = await gateway.connect()  # there is room for two: the crashed one's place is free
        assert (await answer(third))[0] == 200


async def test_waiting_processes_that_are_killed_are_replaced(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake) as gateway:
        await until(lambda: len(gateway.serving()) == WARM)
        before = gateway.serving()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: len(gateway.serving() - before) == WARM)
        assert (await answer(await gateway.connect()))[0] == 200


async def test_a_process_that_hangs_is_killed_at_its_deadline(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake, connection_seconds=2, connections_at_once=1) as gateway:
        line = await gateway.connect()
        assert (await answer(line))[0] == 200
        (pid,) = gateway.serving()
        os.kill(pid, signal.SIGSTOP)
        assert await is_closed(line)
        assert (await answer(await gateway.connect()))[0] == 200


async def test_the_mother_is_replaced_and_takes_her_children_with_her(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake) as gateway:
        line = await gateway.connect()
        assert (await answer(line))[0] == 200
        mother, brood = gateway.mother, gateway.serving()
        os.kill(mother, signal.SIGKILL)
        assert await is_closed(line)
        await until(lambda: not [pid for pid in brood if lives(pid)])
        assert (await answer(await gateway.connect()))[0] == 200  # waited in the queue
        assert gateway.mother != mother


async def test_nobody_is_left_when_the_acceptor_is_killed(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake) as gateway:
        line = await gateway.connect()
        assert (await answer(line))[0] == 200
        everyone = gateway.all()
        gateway.process.kill()
        gateway.status = -signal.SIGKILL
        await until(lambda: not [pid for pid in everyone if lives(pid)])


async def test_no_more_connections_than_there_may_be_and_the_next_one_waits(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with running(tmp_path, intake, connections_at_once=2) as gateway:
        lines = [await gateway.connect() for _ in range(2)]
        for line in lines:
            assert (await answer(line))[0] == 200
        third = await gateway.connect()
        waiting = asyncio.create_task(answer(third))
        assert (await answer(lines[0]))[0] == 200
        assert len(gateway.serving()) == 2
        assert not waiting.done()
        lines[0][1].close()
        assert (await waiting)[0] == 200


async def test_told_to_end_it_finishes_what_it_serves_and_takes_nothing_new(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with running(tmp_path, intake, drain_seconds=60) as gateway:
        idle, sending = await gateway.connect(), await gateway.connect()
        await answer(idle)
        request = post((await answer(sending))[1])
        sending[1].write(request[:-200])
        await sending[1].drain()
        gateway.process.send_signal(signal.SIGTERM)
        assert await is_closed(idle)
        with pytest.raises(ConnectionRefusedError):
            await gateway.connect()
        assert (await answer(sending, request[-200:]))[0] == 200
        assert await is_closed(sending)
        assert await gateway.process.wait() == 0
    assert len(intake.envelopes) == 1


async def test_a_request_that_has_arrived_is_served_also_when_its_process_is_told_to_end_before_it_reads(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with running(tmp_path, intake, drain_seconds=60) as gateway:
        sending, pid = await served_by(gateway)
        idle = await gateway.connect()
        request = post((await answer(idle))[1])
        os.kill(pid, signal.SIGSTOP)
        sending[1].write(request[:-200])
        await sending[1].drain()
        gateway.process.send_signal(signal.SIGTERM)
        assert await is_closed(idle)
        os.kill(pid, signal.SIGCONT)
        assert (await answer(sending, request[-200:]))[0] == 200
        assert await gateway.process.wait() == 0
    assert len(intake.envelopes) == 1


async def test_a_connection_that_was_taken_is_served_also_when_the_gateway_is_told_to_end(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with running(tmp_path, intake, drain_seconds=60) as gateway:
        await until(lambda: len(gateway.serving()) == WARM)
        waiting = gateway.serving()
        for pid in waiting:
            os.kill(pid, signal.SIGSTOP)
        before = _leases(gateway.process.pid)
        late = await gateway.connect()
        late[1].write(GET)
        await until(lambda: _leases(gateway.process.pid) > before)
        gateway.process.send_signal(signal.SIGTERM)
        await until(lambda: _refuses(gateway.port))
        for pid in waiting:
            os.kill(pid, signal.SIGCONT)
        assert (await answer(late, b""))[0] == 200
        assert await gateway.process.wait() == 0


async def test_a_signal_to_all_its_processes_ends_it_as_one_to_the_first_does(
    tmp_path: Path, intake: SimulatedIntake
) -> None:
    async with running(tmp_path, intake, drain_seconds=60) as gateway:
        line = await gateway.connect()
        request = post((await answer(line))[1])
        line[1].write(request[:-200])
        await line[1].drain()
        for pid in gateway.all():
            with contextlib.suppress(ProcessLookupError):  # one that waited ends as soon as the first is told
                os.kill(pid, signal.SIGTERM)
        assert (await answer(line, request[-200:]))[0] == 200
        assert await gateway.process.wait() == 0


async def test_told_to_end_it_does_not_wait_for_ever(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake, drain_seconds=1) as gateway:
        line = await gateway.connect()
        line[1].write(post((await answer(line))[1])[:-200])
        await line[1].drain()
        gateway.process.send_signal(signal.SIGTERM)
        assert await gateway.process.wait() == 0
        assert await is_closed(line)
    assert not intake.envelopes


def proxy(circuit: int) -> bytes:
    return f"PROXY TCP6 fc00:dead:beef:4dad::0:{circuit:x} ::1 {circuit} 80\r\n".encode()


async def test_a_circuit_gets_its_share_and_no_more(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake, proxy=True, connections_per_circuit=2) as gateway:
        mallory = [await gateway.connect() for _ in range(3)]
        for line in mallory[:2]:
            assert (await answer(line, proxy(7) + GET))[0] == 200
        mallory[2][1].write(proxy(7) + GET)
        assert await is_closed(mallory[2])
        alice = await gateway.connect()
        for byte in proxy(8):  # however the line is cut
            alice[1].write(bytes([byte]))
            await alice[1].drain()
        assert (await answer(alice))[0] == 200
        await until(lambda: len(gateway.serving()) == WARM + 3)
        mallory[0][1].close()
        await until(lambda: len(gateway.serving()) == WARM + 2)
        again = await gateway.connect()
        assert (await answer(again, proxy(7) + GET))[0] == 200


async def test_who_comes_without_tors_line_is_let_go(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake, proxy=True) as gateway:
        await until(lambda: len(gateway.serving()) == WARM)
        before = gateway.serving()
        for start in (GET, b"PROXY UNKNOWN\r\n", b"P" * 200, b"\n"):
            line = await gateway.connect()
            line[1].write(start)
            assert await is_closed(line)
        silent = socket.create_connection(("127.0.0.1", gateway.port))
        silent.close()
        assert gateway.serving() == before  # no process saw any of them


async def test_every_process_is_confined(tmp_path: Path, intake: SimulatedIntake) -> None:
    async with running(tmp_path, intake) as gateway:
        line = await gateway.connect()
        assert (await answer(line))[0] == 200
        assert [pid for pid in gateway.all() if not _confined(pid)] == []


def _confined(pid: int) -> bool:
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    none = [re.search(rf"Max {what} size +0 +0 ", limits) for what in ("core file", "file")]
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return all(none) and {f"{name}={value}".encode() for name, value in OVERWRITING.items()} <= set(environment)
