"""The client against real servers on Unix sockets: every failure becomes one of our exceptions, none is quoted."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from dropbox.courier.client import CourierClient
from dropbox.courier.errors import BadAnswerError, CourierError, PeerError, RefusedError, UnreachableError
from dropbox.courier.server import BODY, signed_only
from dropbox.courier.signing import CourierKey, Request, Verifier, audience, sign_request

NOW = 1_700_000_000
KEY = CourierKey(bytes(range(32)))
AUDIENCE = audience("desk-courier", bytes(16))
STRANGER = "planted by a stranger"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def path() -> Iterator[Path]:
    """A short path for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="co") as folder:
        yield Path(folder) / "s"


class Memory:
    """Nonces in memory."""

    def __init__(self) -> None:
        self.tokens: dict[bytes, int] = {}

    async def remember(self, token: bytes, expires: int) -> bool:
        """False when noted before."""
        return self.tokens.setdefault(token, expires) is expires


@asynccontextmanager
async def serving(path: Path, handler: Handler, *, signed: bool = False) -> AsyncIterator[None]:
    guard = signed_only(
        Verifier(AUDIENCE, lambda _: (KEY.public,)), Memory(), clock=lambda: NOW, limit_of=lambda _: 3_000_000
    )
    app = web.Application(middlewares=[guard] if signed else [])
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    yield
    await runner.cleanup()


def client(path: Path) -> CourierClient:
    return CourierClient.over_unix_socket(path, KEY, AUDIENCE, lambda: NOW, os.urandom)


async def test_bodies_go_and_come_whole_also_large_ones(path: Path) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=request.method.encode() + request[BODY])

    async with serving(path, echo, signed=True), client(path) as courier:
        assert await courier.get("/x?y=z") == b"GET"
        for body in (b"", b"x", os.urandom(3_000_000)):
            assert await courier.put("/x", body, limit=4_000_000) == b"PUT" + body
            assert await courier.post("/x", body, limit=4_000_000) == b"POST" + body


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, '{"error": "bad_request"}', RefusedError, "bad_request"),
        (404, STRANGER, RefusedError, ""),
        (409, '{"error": "' + STRANGER + '"}', RefusedError, ""),
        (302, "[]", RefusedError, ""),
        (503, '{"error": "not_ready"}', PeerError, "not_ready"),
        (507, '{"error": 1}', PeerError, ""),
        (500, "[" * 4000, PeerError, ""),
    ],
)
async def test_a_refusal_is_told_from_a_failure(
    path: Path, status: int, body: str, kind: type[RefusedError | PeerError], code: str
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": "http://127.0.0.1:9/"})

    async with serving(path, refuse), client(path) as courier:
        with pytest.raises(kind) as caught:
            await courier.get("/")
    assert isinstance(caught.value, RefusedError | PeerError)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert STRANGER not in str(caught.value)


async def test_an_answer_that_is_longer_than_asked_for_is_refused(path: Path) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(bytes(100_000))
        return response

    async with serving(path, flood), client(path) as courier:
        with pytest.raises(BadAnswerError):
            await courier.get("/", limit=1000)


async def test_a_server_that_is_away_is_unreachable(path: Path) -> None:
    async with client(path) as courier:
        with pytest.raises(UnreachableError) as caught:
            await courier.get("/")
    assert str(path) not in str(caught.value)


async def test_a_line_that_breaks_in_the_answer_is_unreachable(path: Path) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        writer.close()

    server = await asyncio.start_unix_server(half, path)
    async with server, client(path) as courier:
        with pytest.raises(UnreachableError):
            await courier.get("/")


async def test_a_server_that_drips_holds_the_caller_no_longer_than_the_limit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.01)

    monkeypatch.setattr("dropbox.courier.client.TOTAL_SECONDS", 0.2)
    async with serving(path, drip), client(path) as courier:
        with pytest.raises(UnreachableError):
            await courier.get("/")


async def test_an_answer_that_is_no_http_is_one_of_our_exceptions(path: Path) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STRANGER.encode() + b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_unix_server(nonsense, path)
    async with server, client(path) as courier:
        with pytest.raises(CourierError) as caught:
            await courier.get("/")
    assert STRANGER not in str(caught.value)


async def test_a_request_tells_nothing_of_the_software(path: Path) -> None:
    seen: list[set[str]] = []

    async def note(request: web.Request) -> web.Response:
        seen.append({name.lower() for name in request.headers})
        return web.Response()

    async with serving(path, note), client(path) as courier:
        await courier.get("/")
    assert seen == [{"host", "content-digest", "signature", "signature-input"}]


async def test_a_body_without_a_length_is_refused(path: Path) -> None:
    async def reached(_: web.Request) -> web.Response:
        return web.Response(text="reached")

    headers = sign_request(Request("PUT", "/x", b"body"), KEY, AUDIENCE, NOW, os.urandom(16))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with serving(path, reached, signed=True):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(f"PUT /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{head}\r\n".encode())
        writer.write(b"4\r\nbody\r\n0\r\n\r\n")
        answer = await reader.readuntil(b"\r\n")
        writer.close()
    assert answer == b"HTTP/1.1 411 Length Required\r\n"
