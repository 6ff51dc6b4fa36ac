"""The reporter core's network, from the gateway: intake's reporters' socket."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from dropbox.protocol import sizes
from dropbox.protocol.board_head import BOARD_MAX
from dropbox.reporter.errors import HostAway, HostNotReady, TransportFailed, VisitError
from dropbox.reporter.session import body_of
from dropbox.reporter.transport import Request, Response

MAX_ANSWER = 1 + sizes.SLOTS * (4 + BOARD_MAX)  # the largest body of all: the boards of four recipients
FIRST_PAUSE = 1.0  # seconds; twice as long each time
_BASE = "http://intake"  # never looked up: the connector goes to the socket, whatever the name


class IntakeTransport:
    """Sends one request at a time to intake; used as an asynchronous context manager."""

    def __init__(self, socket: Path, seconds: float) -> None:
        """Connect lazily to `socket`; a request may take `seconds`, and an upload waits as long for intake."""
        self._seconds = seconds
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
        """Send one request and give the answer. Raises `TransportFailed` when there is none.

        Intake restarts, and its store is locked for moments: for an upload that is under way this waits and asks again.
        """
        if not _of_an_upload(request):
            return await self._send_once(request)
        clock = asyncio.get_running_loop().time
        until, pause = clock() + self._seconds, FIRST_PAUSE
        while True:
            away: HostAway | None = None
            try:
                answer = await self._send_once(request)
            except HostAway as error:
                away = error
            else:
                if not _not_ready(answer):
                    return answer
            if (left := until - clock()) <= 0:
                message = "intake stays away"
                raise HostAway(message) from away
            await asyncio.sleep(min(pause, left))
            pause *= 2

    async def _send_once(self, request: Request) -> Response:
        try:
            async with self._session.request(
                request.method, _BASE + request.path, data=request.body or None, allow_redirects=False
            ) as answer:
                return Response(answer.status, await _whole(answer))
        except aiohttp.ClientConnectorError as error:
            message = "intake is not there"
            raise HostAway(message) from error
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:  # noqa: UP041 - named for what it is
            message = "intake does not answer"
            raise TransportFailed(message) from error


def _of_an_upload(request: Request) -> bool:
    """Whether it is worth waiting for; what takes an upload back is not: intake sweeps what is left."""
    return request.path.startswith("/v1/uploads/") and request.method != "DELETE"


def _not_ready(answer: Response) -> bool:
    try:
        body_of(answer)
    except HostNotReady:
        return True
    except VisitError:
        pass
    return False


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER:
            message = "intake answers with more than the protocol has"
            raise TransportFailed(message)
    return bytes(body)
