import os
from collections import Counter

import aiohttp
import pytest
from aiohttp import web

from dropbox.web.failure_pages import failure_pages
from dropbox.web.failures import Failure
from dropbox.web.serving import QuietRunner
from dropbox.web.tally import Tally


def test_what_a_forked_process_counts_is_counted() -> None:
    tally = Tally()
    tally.count("one")
    pid = os.fork()
    if not pid:
        try:
            tally.count("one")
            tally.count("two\nlines")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert tally.take() == Counter({"one": 2, "two lines": 1})
    assert not tally.take()
    tally.close()


def test_a_flood_of_failures_stops_nobody() -> None:
    tally = Tally()
    for _ in range(10_000):
        tally.count("a page failed: RuntimeError at broken:1")
    assert 1_000 < tally.take().total() < 10_000
    tally.count("x")
    assert tally.take() == Counter(["x"])
    tally.close()


async def test_a_failure_that_is_counted_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    def draw(_request: web.Request, failure: Failure) -> web.Response:
        return web.Response(text=failure.title, status=failure.status)

    async def broken(_request: web.Request) -> web.Response:
        raise RuntimeError("words of a visitor")

    tally = Tally()
    app = web.Application(middlewares=[failure_pages(draw, tally.count)])
    app.router.add_get("/", broken)
    runner = QuietRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as answer:
        assert answer.status == 500
    await runner.cleanup()
    ((sentence, times),) = tally.take().items()
    assert sentence.startswith("a page failed: RuntimeError at broken:")
    assert times == 1
    assert not caplog.records
    tally.close()
