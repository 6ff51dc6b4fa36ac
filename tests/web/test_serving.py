"""What becomes of a request whose line breaks."""

import asyncio

from aiohttp import web

from dropbox.web.serving import QuietRunner

SIZE = 1 << 20


async def outcome_of(body: bytes) -> str:
    """Send a head that promises `SIZE` bytes, then `body`, hang up, and tell what the view came to."""
    ended: asyncio.Queue[str] = asyncio.Queue()

    async def view(request: web.Request) -> web.Response:
        await asyncio.sleep(0.2)  # the line is long broken when the view reads what lies in the buffers
        try:
            ended.put_nowait(f"{len(await request.content.read())} bytes")
        except OSError:
            ended.put_nowait("broken")
        return web.Response()

    app = web.Application()
    app.router.add_post("/", view)
    runner = QuietRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        _, line = await asyncio.open_connection(*runner.addresses[0][:2])
        line.write(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {SIZE}\r\n\r\n".encode() + body)
        await line.drain()
        line.close()
        await line.wait_closed()
        return await ended.get()
    finally:
        await runner.cleanup()


async def test_a_line_that_breaks_after_the_last_byte_loses_nothing() -> None:
    assert await outcome_of(bytes(SIZE)) == f"{SIZE} bytes"


async def test_a_line_that_breaks_before_the_last_byte_is_a_broken_request() -> None:
    assert await outcome_of(bytes(SIZE - 1)) == "broken"
