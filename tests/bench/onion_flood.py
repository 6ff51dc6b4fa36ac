"""Hostile visitors over real circuits, each on one of its own, and honest reporters among them."""

import asyncio
import contextlib
import statistics
import time
from dataclasses import dataclass, field
from typing import Final

from python_socks import ProxyError, ProxyTimeoutError

from tests.bench.over_tor import OnionHost
from tests.bench.visitor import REPORT, ReportForm
from tests.onion.through_tor import open_stream

SENT: Final = 200
LINES: Final = 2  # connections of one hostile circuit
HONEST: Final = 40
AT_ONCE: Final = 4
BUILDING: Final = 24  # hostile circuits that are being built at a time; tor itself builds no more than 32
TRICKLE: Final = 2.0  # seconds between two bytes
_POST: Final = (
    b"POST /en/report HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=a\r\n"
    b"Content-Length: 900000000\r\n\r\n"
)


@dataclass(frozen=True)
class Kind:
    """What a hostile connection sends at first, and whether it goes on with a byte now and then."""

    first: bytes
    goes_on: bool


KINDS: Final = (
    Kind(b"", goes_on=False),  # silence
    Kind(b"GET / HTTP/1.1\r\nHost: x\r\nA: ", goes_on=True),  # a head that never ends
    Kind(_POST, goes_on=True),  # a body that never ends
    Kind(b"GET /nl/ HTTP/1.0\r\n\r\n", goes_on=False),  # a page, again and again
)


@dataclass
class Flood:
    """What became of it: hostile circuits that came, connections that they opened, seconds that honest ones took."""

    circuits: int = 0
    connections: int = 0
    honest: list[float] = field(default_factory=list)
    failed: int = 0

    def figures(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the figure and what goes with it."""
        return {"flood_honest_success": len(self.honest) / (len(self.honest) + self.failed)}, {
            "flood_hostile_circuits": self.circuits,
            "flood_hostile_connections": self.connections,
            "flood_honest_reports": len(self.honest) + self.failed,
            "flood_honest_report_s_p50": statistics.median(self.honest or [0.0]),
        }


async def flood(host: OnionHost, hostile: int, honest: int = HONEST) -> Flood:
    """Let so many hostile circuits come and go on coming, and so many honest reporters try once when all are there."""
    crowd = _Crowd(host, hostile)
    lines = [asyncio.create_task(crowd.keep_open(number)) for number in range(hostile) for _ in range(LINES)]
    outcome = Flood()
    try:
        await crowd.everybody.wait()
        reporters = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(_honest(host, number, outcome, reporters) for number in range(honest)))
    finally:
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
    outcome.circuits, outcome.connections = len(crowd.came), crowd.connections
    return outcome


class _Crowd:
    """The hostile ones. `everybody` is set when each has had a connection."""

    def __init__(self, host: OnionHost, hostile: int) -> None:
        self._host, self._hostile = host, hostile
        self._building = asyncio.Semaphore(BUILDING)
        self.came: set[int] = set()
        self.connections = 0
        self.everybody = asyncio.Event()

    async def keep_open(self, number: int) -> None:
        """Have one connection over this circuit, and a new one whenever it ends."""
        while True:
            # The circuit may be gone, or a stream be refused: come again.
            with contextlib.suppress(ProxyError, ProxyTimeoutError, OSError):
                async with self._building:
                    reader, writer = await open_stream(
                        self._host.visitors, self._host.address, isolate=f"hostile {number}"
                    )
                self.connections += 1
                self.came.add(number)
                if len(self.came) == self._hostile:
                    self.everybody.set()
                try:
                    await _be_hostile(KINDS[number % len(KINDS)], reader, writer)
                finally:
                    writer.close()


async def _be_hostile(kind: Kind, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send what there is to send until the other end hangs up."""
    writer.write(kind.first)
    ends = asyncio.create_task(reader.read())
    try:
        while not (await asyncio.wait({ends}, timeout=TRICKLE))[0]:
            if kind.goes_on:
                writer.write(b"a")
                await writer.drain()
    finally:
        ends.cancel()


async def _honest(host: OnionHost, number: int, outcome: Flood, reporters: asyncio.Semaphore) -> None:
    """Load the form over a circuit of one's own and send 1 KB, once."""

    def report() -> bool:
        with host.visitor(f"honest {number}") as visitor:
            page = visitor.get(REPORT).body
            fields = ReportForm(page).filled(page, "x" * 1024)
            answer = visitor.post(REPORT, fields | {"files": ""})
        return answer.status == SENT and all(word.encode() in answer.body for word in fields["receipt"].split())

    async with reporters:
        began = time.monotonic()
        try:
            arrived = await asyncio.to_thread(report)
        except (ProxyError, ProxyTimeoutError, OSError, AssertionError):  # no answer, or none that is a form
            arrived = False
    if arrived:
        outcome.honest.append(time.monotonic() - began)
    else:
        outcome.failed += 1
