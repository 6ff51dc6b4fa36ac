"""Large files: how fast one is durable, and how much memory one takes."""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from typing import Final

from dropbox.protocol.sizes import GIB, MIB
from tests.bench.costs import memory, watched
from tests.bench.place import at_rest, cost, measured_host
from tests.bench.reports import send
from tests.bench.visitor import PIECE, REPORT, ReportForm, Visitor, learnt

FAST: Final = 100_000_000
LARGE: Final = GIB - 4 * MIB  # with its frames it fills the largest envelope, 1 GiB
RUNS: Final = 3


async def measure() -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures and what goes with them."""
    rates, costs = [], []
    async with measured_host() as host:
        await send(host, 16, 4, "warm-up")
        form = await asyncio.to_thread(learnt, host.gateway.port)
        for _ in range(RUNS):
            before = await cost(host)
            rates.append(FAST / 1e6 / await asyncio.to_thread(upload, host.gateway.port, form, FAST))
            costs.append((await cost(host) - before) / (FAST / 1e6))
        await at_rest(host)
        with watched(host.processes) as seen:
            seconds = await asyncio.to_thread(upload, host.gateway.port, form, LARGE)
        await at_rest(host)
        seen.append(memory(host.processes()))
        sizes = [len(envelope) for envelope in await host.envelopes() if len(envelope) < FAST]
        assert sizes == [16 * 1024] * 16
    return {
        "upload_mb_per_s": statistics.median(rates),
        "upload_memory_growth_mb": (max(seen) - seen[0]) / 1e6,
    }, {
        "upload_cpu_ms_per_mb": 1000 * statistics.median(costs),
        "upload_of_1_gib_mb_per_s": LARGE / 1e6 / seconds,
        "memory_before_upload_mb": seen[0] / 1e6,
        "memory_after_upload_mb": seen[-1] / 1e6,
    }


def upload(port: int, form: ReportForm, size: int) -> float:
    """Send a report with a file of `size` bytes; return the seconds from its first byte to the whole answer."""
    with Visitor(port) as visitor:
        fields = form.filled(visitor.get(REPORT).body, "with a file")
        began = time.perf_counter()
        answer = visitor.post_file(REPORT, fields, _noise(size), size)
        took = time.perf_counter() - began
    assert answer.status == 200, answer.status
    return took


def _noise(size: int) -> Iterator[memoryview]:
    """Bytes that nothing compresses, the same MiB over and over: making them shall cost the machine nothing."""
    piece = memoryview(os.urandom(PIECE))
    for start in range(0, size, PIECE):
        yield piece[: min(PIECE, size - start)]
