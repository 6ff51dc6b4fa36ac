"""First reports of 1 KB, form and sending, each on a connection of its own."""

import asyncio
import contextlib
import itertools
import statistics
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tests.bench.place import cost, measured_host
from tests.bench.visitor import ReportForm, learnt, report
from tests.bench.whole_board import RECORDS, board_of
from tests.residue.host import Host

TEXT_BYTES: Final = 1024
AT_ONCE: Final = 16
REPORTS: Final = 240  # a run
RUNS: Final = 3
WARM_UP: Final = 32
BOARDS: Final = 3  # made before, so that making them costs nothing meanwhile


@dataclass
class Run:
    """What a run of reports came to. `accepted` are the texts that were answered with a receipt."""

    accepted: list[str] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    client_seconds: float = 0.0  # of processor time
    waits: list[float] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """Processor time of all server processes for one accepted report."""
        return 1000 * self.processor_seconds / len(self.accepted)

    @property
    def rate(self) -> float:
        """Accepted reports in a second."""
        return len(self.accepted) / self.seconds

    def wait_ms(self, part: float) -> float:
        """How long a reporter waited, at most, in this part of all cases: from connecting to the last byte."""
        ordered = sorted(self.waits)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


async def send(host: Host, number: int, at_once: int, name: str) -> Run:
    """Send so many reports, so many at once; every reporter comes alone and hangs up."""
    form = await asyncio.to_thread(learnt, host.gateway.port)
    before, run = await cost(host), Run()
    with ThreadPoolExecutor(at_once) as reporters:
        began, client = time.perf_counter(), time.process_time()
        await asyncio.gather(
            *(
                asyncio.get_running_loop().run_in_executor(reporters, _one, host.gateway.port, form, run, text)
                for text in (f"{name} {count} ".ljust(TEXT_BYTES, ".") for count in range(number))
            )
        )
        run.seconds, run.client_seconds = time.perf_counter() - began, time.process_time() - client
    run.processor_seconds = await cost(host) - before
    return run


def _one(port: int, form: ReportForm, run: Run, text: str) -> None:
    began = time.perf_counter()
    try:
        report(port, form, text)
    except OSError:
        run.failed += 1
        return
    run.waits.append(time.perf_counter() - began)
    run.accepted.append(text)


async def missing(host: Host, runs: list[Run]) -> int:
    """Return how many accepted reports the bureau cannot open, or has twice: each one is fetched and read."""
    accepted = sorted(text for run in runs for text in run.accepted)
    arrived = [host.bureau.open(envelope).message.text for envelope in await host.envelopes()]
    assert len(set(accepted)) == len(accepted)
    return len(accepted) - len(set(accepted) & set(arrived)) + len(arrived) - len(set(arrived))


@contextlib.asynccontextmanager
async def boards_issued(host: Host) -> AsyncIterator[None]:
    """Have the desk issue a whole board every second while the body runs: thousands of times as often as it does."""
    boards = [board_of(host.bureau, RECORDS) for _ in range(BOARDS)]

    async def issue() -> None:
        for board in itertools.cycle(boards):
            await host.desk.put(f"/v1/boards/{host.bureau.recipient.hex()}", board)
            await asyncio.sleep(1)

    issuing = asyncio.create_task(issue())
    try:
        yield
    finally:
        issuing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await issuing


async def measure() -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures and what goes with them."""
    async with measured_host() as host:
        first = await send(host, WARM_UP, AT_ONCE, "warm-up")
        alone = [await send(host, REPORTS // 2, 1, f"alone {run}") for run in range(RUNS)]
        together = [await send(host, REPORTS, AT_ONCE, f"together {run}") for run in range(RUNS)]
        async with boards_issued(host):
            issuing = await send(host, REPORTS, AT_ONCE, "issuing")
        runs = [first, *alone, *together, issuing]
        lost = await missing(host, runs) + sum(run.failed for run in runs)
    return {
        "cpu_ms_per_report": statistics.median(run.cpu_ms for run in together),
        "reports_per_s": statistics.median(run.rate for run in together),
        "reports_lost": lost,
    }, {
        "cpu_ms_per_report_one_at_a_time": statistics.median(run.cpu_ms for run in alone),
        "reports_per_s_one_at_a_time": statistics.median(run.rate for run in alone),
        "report_ms_p50_one_at_a_time": statistics.median(run.wait_ms(0.5) for run in alone),
        "report_ms_p95_one_at_a_time": statistics.median(run.wait_ms(0.95) for run in alone),
        "report_ms_p50_16_at_once": statistics.median(run.wait_ms(0.5) for run in together),
        "report_ms_p95_16_at_once": statistics.median(run.wait_ms(0.95) for run in together),
        "reports_per_s_while_boards_are_issued": issuing.rate,
        "cpu_ms_per_report_while_boards_are_issued": issuing.cpu_ms,
        "client_cpu_ms_per_report": 1000
        * statistics.median(run.client_seconds / len(run.accepted) for run in together),
        "reports_sent": sum(len(run.accepted) + run.failed for run in runs),
    }
