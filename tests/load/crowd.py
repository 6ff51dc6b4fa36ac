"""Many people at once on a real host: honest ones who report, and those who come to keep them out.

`LOAD=4 pytest tests/load` brings four times as many as the everyday run.
"""

import asyncio
import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.bench.costs import watched
from tests.bench.visitor import REPORT, NotAccepted, learnt, report
from tests.residue.host import Host, running_host

SCALE: Final = int(os.environ.get("LOAD", "1"))  # so many times as many people as in the everyday run
WARM: Final = 8
PROCESS_BYTES: Final = 16 << 20  # more than a process that serves one connection has of its own
INTAKE_BYTES: Final = 96 << 20  # more than intake grows by, whoever comes
NOT_NOW: Final = 503


@contextlib.asynccontextmanager
async def host_with(limits: Mapping[str, int] | None = None, **settings: int | str) -> AsyncIterator[Host]:
    """Run intake and gateway in a folder with a short path."""
    with tempfile.TemporaryDirectory(prefix="lo") as name:
        async with running_host(Path(name), limits, **{"warm_processes": WARM} | settings) as host:
            yield host


def tor_line(circuit: int) -> bytes:
    """What tor sends before everything else."""
    return f"PROXY TCP6 fc00:dead:beef:4dad::{circuit >> 16:x}:{circuit & 0xFFFF:x} ::1 65535 80\r\n".encode()


@dataclass
class Outcome:
    """What became of a crowd of reports, by their texts."""

    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # with a page that says so
    broken: list[str] = field(default_factory=list)


async def crowd(host: Host, texts: Sequence[str], at_once: int, first_circuit: int = 0) -> Outcome:
    """Let somebody send each of these, so many at once; with `first_circuit`, each over a circuit of their own."""
    outcome = Outcome()
    before = tor_line(first_circuit) if first_circuit else b""
    form = await asyncio.to_thread(learnt, host.gateway.port, before)

    def one(number: int, text: str) -> None:
        line = tor_line(first_circuit + 1 + number) if first_circuit else b""
        try:
            report(host.gateway.port, form, text, line)
        except NotAccepted as error:
            (outcome.refused if error.status == NOT_NOW else outcome.broken).append(text)
        except OSError:
            outcome.broken.append(text)
        else:
            outcome.accepted.append(text)

    with ThreadPoolExecutor(at_once) as people:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(people, one, *numbered) for numbered in enumerate(texts)))
    return outcome


async def arrived(host: Host) -> list[str]:
    """Return the texts that the bureau can read, sorted."""
    return sorted(host.bureau.open(envelope).message.text for envelope in await host.envelopes())


@contextlib.contextmanager
def bounded(host: Host, processes: int) -> Iterator[None]:
    """However many come while the body runs: there are at most so many processes, and their memory is bounded."""
    counts: list[int] = []

    def everyone() -> set[int]:
        pids = host.processes()
        counts.append(len(pids))
        return pids

    with watched(everyone) as memory:
        yield
    assert max(counts) <= processes + 3  # and acceptor, mother, intake
    assert max(memory) - memory[0] <= processes * PROCESS_BYTES + INTAKE_BYTES


HEAD: Final = f"GET {REPORT} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: ".encode() + b"a" * 4096
FORM: Final = (
    f"POST {REPORT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    'Content-Length: 1000000\r\n\r\n--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
).encode() + b"a" * 4096


@dataclass
class _Line:
    words: bytes
    sent: int
    line: socket.socket


class Nuisance:
    """People who say a byte a second, or nothing, on many lines; who is let go comes back at once.

    Each script is what one of them says; `at_once` bytes of it are said at the beginning. `let_go` counts the lines
    that the host has closed.
    """

    def __init__(self, port: int, scripts: Sequence[tuple[bytes, int]], before: bytes = b"") -> None:
        self.let_go = 0
        self._port, self._before, self._over = port, before, threading.Event()
        self._lines = [self._opened(words, at_once) for words, at_once in scripts]
        self._scripts = scripts
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for held in self._lines:
            held.line.close()

    def _opened(self, words: bytes, at_once: int) -> _Line:
        line = socket.create_connection(("127.0.0.1", self._port))
        with contextlib.suppress(OSError):
            line.sendall(self._before + words[:at_once])
        line.setblocking(False)  # noqa: FBT003 - the library takes it by position
        return _Line(words, at_once, line)

    def _go_on(self) -> None:
        while not self._over.wait(1.0):
            for place, held in enumerate(self._lines):
                if self._is_closed(held):
                    held.line.close()
                    self.let_go += 1
                    self._lines[place] = self._opened(*self._scripts[place])

    @staticmethod
    def _is_closed(held: _Line) -> bool:
        try:
            held.line.send(held.words[held.sent : held.sent + 1])
            held.sent += 1
            while held.line.recv(1 << 16):
                pass
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True


def slow(number: int) -> list[tuple[bytes, int]]:
    """Scripts of so many: a third drips a head, a third a form, a third says nothing at all."""
    kinds = ((HEAD, 1), (FORM, len(FORM) - 4096), (b"", 0))
    return [kinds[place % 3] for place in range(number)]
