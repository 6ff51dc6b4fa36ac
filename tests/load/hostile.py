"""Circuits that come to keep others out, and honest reporters among them.

`python -m tests.load.hostile [CIRCUITS [few]]`; with `few`, none of them has more connections than a browser.

Tor is simulated as the gateway sees it: each connection begins with the line of its circuit, and a circuit that is to
be closed takes all of its connections with it. Then whoever held it comes back at once, on a new one.
"""

import asyncio
import contextlib
import itertools
import json
import os
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from dropbox.onion.circuits import asked_for, asking
from tests.bench.visitor import NotAccepted, ReportForm, learnt, report
from tests.load.crowd import FORM, HEAD, host_with, tor_line
from tests.residue.host import Host

FILES: Final = 8192  # open files of this process: every connection of every circuit
UPLOAD: Final = FORM.replace(b"Content-Length: 1000000\r", b"Content-Length: 900000000\r")
TICK: Final = 1.0  # seconds between two bytes of those who drip


@dataclass(frozen=True)
class Kind:
    """What a hostile circuit does on each connection: what it sends at first and then each second; how many it has.

    With `again`, it comes back when it was answered; otherwise it goes on sending.
    """

    first: bytes
    then: bytes
    lines: int
    again: bool = False


KINDS: Final = (
    Kind(HEAD[:1], b"a", 16),  # heads that never end
    Kind(FORM[:-4096], b"a", 16),  # forms that never end
    Kind(b"", b"", 16),  # silence
    Kind(UPLOAD, b"a" * 4096, 16),  # uploads that never end, fast enough to be let go on
    Kind(b"GET /nl/ HTTP/1.0\r\n\r\n", b"", 2, again=True),  # pages, again and again
)
FEW: Final = tuple(replace(kind, lines=2) for kind in KINDS)
"""None of them has more than a browser: they are many."""


@dataclass
class _Circuit:
    kind: Kind
    number: int
    lines: list[socket.socket] = field(default_factory=list)


class Hostile:
    """So many hostile circuits, until the block ends. `closed` counts the circuits that were closed, `turned_away` the
    connections that ended without an answer's being wanted.
    """

    def __init__(self, port: int, closing: Path, circuits: int, kinds: Sequence[Kind] = KINDS) -> None:
        """Connect nothing yet; ask to be told of closed circuits at `closing`."""
        self.closed = self.turned_away = 0
        self._port, self._path = port, closing
        self._numbers = itertools.count(1)
        self._circuits = [_Circuit(kinds[at % len(kinds)], next(self._numbers)) for at in range(circuits)]
        self.all_here = threading.Event()  # every circuit has come once
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    @contextlib.contextmanager
    def coming(self) -> Iterator["Hostile"]:
        """Come, and go on coming."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()
            for circuit in self._circuits:
                _hang_up(circuit)

    def _go_on(self) -> None:
        with asking(self._path) as asked:
            while not self._over.is_set():
                due = time.monotonic() + TICK
                for circuit in self._circuits:
                    self._close(asked_for(asked))
                    self._tend(circuit)
                self.all_here.set()
                while (left := due - time.monotonic()) > 0:
                    asked.settimeout(left)
                    with contextlib.suppress(TimeoutError):
                        asked.recv(1, socket.MSG_PEEK)
                        asked.setblocking(False)  # noqa: FBT003 - the library takes it by position
                        self._close(asked_for(asked))
                asked.setblocking(False)  # noqa: FBT003 - the library takes it by position

    def _close(self, numbers: set[int]) -> None:
        for circuit in self._circuits:
            if circuit.number in numbers:
                _hang_up(circuit)
                circuit.number = next(self._numbers)
                self.closed += 1
                self._tend(circuit)

    def _tend(self, circuit: _Circuit) -> None:
        kept = [line for line in circuit.lines if self._goes_on(circuit.kind, line)]
        self.turned_away += len(circuit.lines) - len(kept)
        circuit.lines = kept
        for _ in range(circuit.kind.lines - len(kept)):
            with contextlib.suppress(OSError):  # the host's queue is full
                circuit.lines.append(self._opened(circuit))

    def _opened(self, circuit: _Circuit) -> socket.socket:
        line = socket.socket()
        line.setblocking(False)  # noqa: FBT003 - the library takes it by position
        try:
            line.connect_ex(("127.0.0.1", self._port))
            line.send(tor_line(circuit.number) + circuit.kind.first)
        except OSError:
            line.close()
            raise
        return line

    @staticmethod
    def _goes_on(kind: Kind, line: socket.socket) -> bool:
        try:
            if kind.then:
                line.send(kind.then)
            while line.recv(1 << 16):
                pass
        except BlockingIOError:
            return True
        except OSError:
            pass
        line.close()
        return False


def _hang_up(circuit: _Circuit) -> None:
    for line in circuit.lines:
        line.close()
    circuit.lines = []


@dataclass(frozen=True)
class Figures:
    """What became of the honest ones, and of the others."""

    hostile_circuits: int
    reports: int
    accepted: int
    seconds_median: float
    seconds_most: float
    circuits_closed: int
    connections_turned_away: int
    acceptor_processor_share: float


def honest(port: int, form: ReportForm, texts: Sequence[str], at_once: int) -> dict[str, float]:
    """Report each text on a circuit of its own; return how long each took that was accepted, by its text."""

    def one(numbered: tuple[int, str]) -> tuple[str, float | None]:
        number, text = numbered
        begun = time.monotonic()
        try:
            report(port, form, text, tor_line(1_000_000 + number))
        except (NotAccepted, OSError):
            return text, None
        return text, time.monotonic() - begun

    with ThreadPoolExecutor(at_once) as people:
        return {text: took for text, took in people.map(one, enumerate(texts)) if took is not None}


async def among(
    host: Host, closing: Path, circuits: int, texts: Sequence[str], at_once: int = 2, kinds: Sequence[Kind] = KINDS
) -> Figures:
    """Let honest reporters come while the hostile hold all that they get."""
    form = await asyncio.to_thread(learnt, host.gateway.port, tor_line(999_999))
    with Hostile(host.gateway.port, closing, circuits, kinds).coming() as hostile:
        await asyncio.to_thread(hostile.all_here.wait)
        begun, used = time.monotonic(), _processor(host.gateway.process.pid)
        took = await asyncio.to_thread(honest, host.gateway.port, form, texts, at_once)
        share = (_processor(host.gateway.process.pid) - used) / (time.monotonic() - begun)
        seconds = sorted(took.values()) or [float("inf")]
        median, most = (round(value, 2) for value in (seconds[len(seconds) // 2], seconds[-1]))
        return Figures(
            circuits, len(texts), len(took), median, most, hostile.closed, hostile.turned_away, round(share, 3)
        )


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_many_files() -> None:
    """Raise this process's limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES * 4, hard)), hard))


async def _main(circuits: int, kinds: Sequence[Kind]) -> None:
    open_many_files()
    with tempfile.TemporaryDirectory(prefix="ho") as name:
        closing = Path(name) / "circuits.sock"
        async with host_with(proxy=True, circuits_socket=str(closing)) as host:
            figures = await among(host, closing, circuits, [f"what {number} saw" for number in range(20)], kinds=kinds)
    sys.stdout.write(json.dumps(figures.__dict__, indent=2) + "\n")


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, FEW if "few" in sys.argv else KINDS))
