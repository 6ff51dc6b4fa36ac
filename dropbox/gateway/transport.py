"""The reporter core's network, from the gateway: intake's reporters' socket."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from dropbox.protocol import sizes
from dropbox.protocol.board_head import BOARD_MAX
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request, Response

MAX_ANSWER = 1 + sizes.SLOTS * (4 + BOARD_MAX)  # the largest body of all: the boards of four recipients
_BASE = "http://intake"  # never looked up: the connector goes to the socket, whatever the name


class IntakeTransport:
    """Sends one request at a time to intake; used as an asynchronous context manager."""

    def __init__(self, socket: Path, seconds: float) -> None:
        """Connect lazily to `socket`; one request may take `seconds`."""
        self._connector = aiohttp.UnixConnector(str(socket))
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=seconds),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            auto_decompress=False,
        )

    async def __aenter__(self) -> Self:
        """Nothing to do: the first request connects."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self._session.close()

    async def send(self, request: Request) -> Response:
        """Send one request and give the answer. Raises `TransportFailed` when there is none."""
        try:
            async with self._session.request(
                request.method, _BASE + request.path, data=request.body or None, allow_redirects=False
            ) as answer:
                return Response(answer.status, await _whole(answer))
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:  # noqa: UP041 - named for what it is
            message = "intake does not answer"
            raise TransportFailed(message) from error


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER:
            message = "intake answers with more than the protocol has"
            raise TransportFailed(message)
    return bytes(body)
