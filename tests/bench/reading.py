"""Reading the answers: the form, the words, and a whole board of 2,048 records."""

import asyncio
import statistics
import time
from collections.abc import Iterable
from typing import Final

from dropbox.protocol.reply import Reply
from tests.bench.place import cost, measured_host
from tests.bench.visitor import READ, Visitor, learnt, report
from tests.bench.whole_board import RECORDS, board_of
from tests.residue.host import Host

REPLIES: Final = 10
VISITS: Final = 40  # a run
RUNS: Final = 3


async def measure() -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures and what goes with them."""
    async with measured_host() as host:
        form = await asyncio.to_thread(learnt, host.gateway.port)
        words = await asyncio.to_thread(report, host.gateway.port, form, "somebody who comes back")
        answers = await _answer(host)
        await _publish(host)
        await _read(host, words, answers, 8)
        runs = [await _read(host, words, answers, VISITS) for _ in range(RUNS)]
    return {"read_replies_cpu_ms": 1000 * statistics.median(cpu for cpu, _ in runs)}, {
        "read_replies_ms": 1000 * statistics.median(seconds for _, seconds in runs),
    }


async def _answer(host: Host) -> list[str]:
    (envelope,) = await host.envelopes()
    thread_id = host.bureau.open(envelope).head.thread_id
    answers = [f"This is answer number {number} of the bureau." for number in range(REPLIES)]
    for text in answers:
        host.bureau.reply(thread_id, Reply(text))
    return answers


async def _publish(host: Host) -> None:
    await host.desk.put(f"/v1/boards/{host.bureau.recipient.hex()}", board_of(host.bureau, RECORDS))


async def _read(host: Host, words: str, answers: Iterable[str], visits: int) -> tuple[float, float]:
    """Return processor seconds of all server processes and seconds, for one visit."""
    before, began = await cost(host), time.perf_counter()
    for _ in range(visits):
        page = await asyncio.to_thread(visit, host.gateway.port, words)
        assert all(answer in page for answer in answers)
    seconds = time.perf_counter() - began
    return (await cost(host) - before) / visits, seconds / visits


def visit(port: int, words: str) -> str:
    """Load the field for the words, send them, hang up; return the page with the answers."""
    with Visitor(port) as visitor:
        assert visitor.get(READ).status == 200
        answer = visitor.post(READ, {"receipt": words})
    assert answer.status == 200
    return answer.body.decode()
