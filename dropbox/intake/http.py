"""What the three sockets share: strict requests, fixed short answers, and nothing about anyone in a log or header."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dropbox.intake.errors import STATUS, Code, Refusal
from dropbox.storage.errors import DatabaseFullError, StorageError

KEY: Final = "[0-9a-f]{32}"
"""A random name in a path."""

HASH: Final = "[0-9a-f]{64}"
"""The name in a path of an upload that is bound to its content."""

NUMBER: Final = "0|[1-9][0-9]{0,8}"
"""A number in a path, in its only spelling."""

_OF_HTTP: Final = {413: Code.TOO_LARGE}
_BYTES: Final = "application/octet-stream"


def refusal(code: Code, status: int | None = None) -> web.Response:
    """Give the fixed answer to something refused."""
    return web.json_response({"error": code.value}, status=status or STATUS[code])


def octets(body: bytes) -> web.Response:
    """Give bytes as they are."""
    return web.Response(body=body, content_type=_BYTES)


def done() -> web.Response:
    """Give the answer to something that was done and has nothing to tell."""
    return web.json_response({})


def answer_failures(tell: Callable[[str], None]) -> Middleware:
    """Give a middleware that turns every exception into a fixed answer.

    Of the database's failures and our own mistakes a sentence with the type goes to `tell`: no values.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as failure:
            return refusal(_OF_HTTP.get(failure.status, Code.BAD_REQUEST), failure.status)
        except Exception as fault:  # noqa: BLE001 - the last line of defence: aiohttp would log the request
            return refusal(_code(fault, tell))

    return middleware


def _code(fault: Exception, tell: Callable[[str], None]) -> Code:
    match fault:
        case Refusal():
            return fault.code
        case DatabaseFullError():
            return Code.FULL
        case asyncio.IncompleteReadError() | TimeoutError() | ConnectionError():
            return Code.BAD_REQUEST  # most often nobody is left to read it
        case StorageError():
            tell(f"The database failed: {type(fault).__name__}")
        case _:
            tell(f"A request failed by our own mistake: {type(fault).__name__}")
    return Code.NOT_READY


@web.middleware
async def one_spelling(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse escapes and fragments in the path: every resource has one name."""
    if "%" in request.raw_path or "#" in request.raw_path or not request.raw_path.startswith("/"):
        raise Refusal(Code.BAD_REQUEST)
    return await handler(request)


@web.middleware
async def no_query(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a query, also an empty one: what everyone fetches has no parameters by which to tell readers apart."""
    if "?" in request.raw_path:
        raise Refusal(Code.BAD_REQUEST)
    return await handler(request)


async def bare_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Drop the headers that tell the software and this host's clock."""
    response.headers.popall("Server", None)
    response.headers.popall("Date", None)


async def read_body(request: web.Request, limit: int, seconds: float) -> bytes:
    """Read a whole body of announced length. Raises Refusal before reading when it is too long."""
    length = request.content_length
    if length is None:
        if request.body_exists:
            raise Refusal(Code.BAD_REQUEST)
        return b""
    if length > limit:
        raise Refusal(Code.TOO_LARGE)
    async with asyncio.timeout(seconds):
        return await request.content.readexactly(length)


def fields(body: bytes, names: set[str]) -> dict[str, Any]:
    """Give a JSON object that has exactly these fields. Raises Refusal."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(Code.BAD_REQUEST) from None
    if not isinstance(value, dict) or set(value) != names:
        raise Refusal(Code.BAD_REQUEST)
    return value


def whole(value: object) -> int:
    """Give a whole number that is not negative. Raises Refusal."""
    if type(value) is not int or value < 0:
        raise Refusal(Code.BAD_REQUEST)
    return value


def key(value: object) -> bytes:
    """Give the 16 bytes behind 32 lower-case hexadecimal digits. Raises Refusal."""
    if not isinstance(value, str) or len(value) != 32 or not set(value) <= set("0123456789abcdef"):  # noqa: PLR2004 -- hex
        raise Refusal(Code.BAD_REQUEST)
    return bytes.fromhex(value)


def keys(value: object, most: int) -> Sequence[bytes]:
    """Give a list of keys. Raises Refusal."""
    if not isinstance(value, list) or len(value) > most:
        raise Refusal(Code.BAD_REQUEST)
    return [key(one) for one in value]
