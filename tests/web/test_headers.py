import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from dropbox.web import assets, downloads, headers, static
from dropbox.web.catalogues import KIT
from dropbox.web.failure_pages import failure_pages
from dropbox.web.failures import Failure
from dropbox.web.policy import Allowed, content_security_policy
from dropbox.web.serving import QuietRunner


def draw(_request: web.Request, failure: Failure) -> web.Response:
    return web.Response(text=failure.title, status=failure.status)


async def plain(_request: web.Request) -> web.Response:
    return web.Response(text="hello", content_type="text/html")


async def broken(_request: web.Request) -> web.Response:
    raise RuntimeError("words of a visitor")


async def file(_request: web.Request) -> web.StreamResponse:
    response = web.Response(body=b"<script>alert(1)</script>")
    downloads.as_download(response, "../réport\u202e.html")
    return response


@pytest.fixture
async def site() -> AsyncIterator[str]:
    app = web.Application(middlewares=[failure_pages(draw)])
    headers.install(app)
    app.router.add_get("/", plain)
    app.router.add_get("/broken", broken)
    app.router.add_get("/file", file)
    static.add_route(app, assets.load(KIT, "kit.css"))
    runner = QuietRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/nothing", 404), ("/broken", 500)])
async def test_every_answer_forbids_what_is_not_asked_for(site: str, path: str, status: int) -> None:
    async with aiohttp.ClientSession() as client, client.get(site + path) as answer:
        assert answer.status == status
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Server" not in answer.headers
        assert "Date" not in answer.headers


async def test_a_failure_is_logged_without_the_words_of_a_visitor(site: str, caplog: pytest.LogCaptureFixture) -> None:
    async with aiohttp.ClientSession() as client, client.get(site + "/broken") as answer:
        assert await answer.text() == "Something went wrong on our side"
    assert "RuntimeError at broken" in caplog.text
    assert "words of a visitor" not in caplog.text


async def test_a_stranger_file_is_a_sandboxed_download(site: str) -> None:
    async with aiohttp.ClientSession() as client, client.get(site + "/file") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Security-Policy"].endswith("; sandbox")
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename=\"r_port.html\"; filename*=UTF-8''r%C3%A9port.html"
        )


async def test_static_files_are_kept_by_the_browser_and_compressed(site: str) -> None:
    style = assets.load(KIT, "kit.css")
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        async with client.get(site + style.url, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Content-Encoding"] == "gzip"
            assert await answer.read() == style.compressed
        for refusing in ("identity", "gzip;q=0", "br"):
            async with client.get(site + style.url, headers={"Accept-Encoding": refusing}) as answer:
                assert "Content-Encoding" not in answer.headers
                assert await answer.read() == style.plain


async def test_a_broken_request_is_not_quoted(site: str, caplog: pytest.LogCaptureFixture) -> None:
    host, port = site.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /\x01secret HTTP/1.1\r\nHo st: secret\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert b"secret" not in answer
    assert b"Server:" not in answer
    assert b"Date:" not in answer
    assert not caplog.records


def test_a_sandboxed_answer_may_do_nothing_at_all() -> None:
    policy = content_security_policy(Allowed(sandbox=True))
    assert "style-src" not in policy
    assert "form-action 'none'" in policy


async def test_a_request_whose_head_never_ends_is_let_go() -> None:
    runner = QuietRunner(web.Application(), keepalive_seconds=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    writer.write(b"GET / HTTP/1.1\r\nX: ")
    ended = asyncio.ensure_future(reader.read())
    while not (await asyncio.wait([ended], timeout=0.1))[0]:
        writer.write(b"x")  # never silent for long, never at an end
    assert isinstance(ended.exception(), ConnectionError) or ended.result() == b""
    writer.close()
    await runner.cleanup()
