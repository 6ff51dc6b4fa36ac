"""The signing side: an HTTP client that signs every request and turns every failure into this package's exceptions."""

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from dropbox.courier.errors import BadAnswerError, PeerError, RefusedError, UnreachableError
from dropbox.courier.signing import NONCE_BYTES, CourierKey, Request, sign_request

IDLE_SECONDS: Final = 120
"""How long a connection may stand still; a Tor circuit under load pauses for many seconds."""

TOTAL_SECONDS: Final = 1800
"""How long one request may take in all: 8 MiB, the longest board, at 5 KB/s. Without it a server that sends a byte now
and then would hold the caller for ever."""

ANSWER_BYTES: Final = 2 * 1024 * 1024
"""The longest answer read when the caller names no limit: a chunk is 1 MiB, a listing less than that."""

_ERROR_BYTES: Final = 4096
_OK: Final = range(200, 300)
_THEIRS: Final = 500


@dataclass(frozen=True)
class Line:
    """How requests reach the other side.

    `base` is scheme and host of every request line; the signature does not cover it.  `failed` is told of every failure
    of the transport, and gives what `UnreachableError` is to call it.
    """

    connector: aiohttp.BaseConnector
    base: str = "http://intake"
    failed: Callable[[BaseException], str] = lambda _: ""

    @classmethod
    def over_unix_socket(cls, path: Path) -> Self:
        """To a socket on this machine."""
        return cls(aiohttp.UnixConnector(path=str(path)))


class CourierClient:
    """Signed requests to one socket of intake. Use as an async context manager."""

    def __init__(
        self,
        line: Line,
        key: CourierKey,
        audience: str,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        """Keep how to connect and what to sign with.  `audience` is `signing.audience(role, instance)`."""
        self._key = key
        self._audience = audience
        self._clock = clock
        self._random = random
        self._line = line
        self._session = aiohttp.ClientSession(
            connector=line.connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=IDLE_SECONDS, sock_read=IDLE_SECONDS),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            auto_decompress=False,
            trust_env=False,
        )

    @classmethod
    def over_unix_socket(
        cls, path: Path, key: CourierKey, audience: str, clock: Callable[[], int], random: Callable[[int], bytes]
    ) -> Self:
        """Give a client for a socket on this machine."""
        return cls(Line.over_unix_socket(path), key, audience, clock, random)

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def get(self, target: str, *, limit: int = ANSWER_BYTES) -> bytes:
        """Give the answer to a GET, of at most `limit` bytes. Raises CourierError."""
        return await self._send(Request("GET", target), limit)

    async def put(self, target: str, body: bytes, *, limit: int = ANSWER_BYTES) -> bytes:
        """Give the answer to a PUT. Raises CourierError."""
        return await self._send(Request("PUT", target, body), limit)

    async def post(self, target: str, body: bytes, *, limit: int = ANSWER_BYTES) -> bytes:
        """Give the answer to a POST. Raises CourierError."""
        return await self._send(Request("POST", target, body), limit)

    async def _send(self, request: Request, limit: int) -> bytes:
        headers = sign_request(request, self._key, self._audience, self._clock(), self._random(NONCE_BYTES))
        try:
            async with self._session.request(
                request.method,
                URL(self._line.base + request.target, encoded=True),
                data=io.BytesIO(request.body) if request.body else None,  # in pieces: a board has 8 MiB
                headers=headers,
                allow_redirects=False,
            ) as answer:
                if answer.status in _OK:
                    return await _bounded(answer, limit)
                code = _code(await _bounded(answer, _ERROR_BYTES))
        except (aiohttp.ClientError, asyncio.IncompleteReadError, TimeoutError, OSError) as error:
            # The library's texts hold addresses; the fixed sentence is enough, and says no more than is known.
            raise UnreachableError(self._line.failed(error)) from None
        if answer.status >= _THEIRS:
            raise PeerError(answer.status, code)
        raise RefusedError(answer.status, code)


async def _bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body that must not be longer than `limit`, whatever length it announces."""
    parts: list[bytes] = []
    left = limit
    async for part in answer.content.iter_any():
        left -= len(part)
        if left < 0:
            raise BadAnswerError
        parts.append(part)
    return b"".join(parts)


def _code(body: bytes) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = value.get("error") if isinstance(value, dict) else None
    return code if isinstance(code, str) else ""
