"""The serving side as aiohttp middleware: no handler runs before signature, body and nonce were found good."""

from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dropbox.courier.errors import SignatureRefusedError
from dropbox.courier.replay import ReplayMemory, replay_token
from dropbox.courier.signing import REPLAYED, SignedHeaders, Verifier

BODY: Final = web.RequestKey("courier_body", bytes)
"""Where a handler finds the body that was signed: `request[BODY]`."""

_UNAUTHORIZED: Final = 401


def signed_only(
    verifier: Verifier,
    memory: ReplayMemory,
    *,
    clock: Callable[[], int],
    limit_of: Callable[[web.Request], int],
) -> Middleware:
    """Give a middleware that answers 401 to everything that is not freshly signed, also to unknown paths.

    `limit_of` gives the most bytes of body that a request's route takes; `clock` gives Unix seconds. The order is a
    defence: headers are verified before a byte of body is read, so that a stranger cannot make us hold one.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            signed = verifier.verify_headers(request.method, request.raw_path, _lines(request), clock())
            body = await _body(request, limit_of(request))
            signed.require_body(body)
            await _require_first(signed, memory)
        except SignatureRefusedError as refusal:
            return web.json_response({"error": refusal.code}, status=_UNAUTHORIZED)
        request[BODY] = body
        return await handler(request)

    return middleware


async def _require_first(signed: SignedHeaders, memory: ReplayMemory) -> None:
    if not await memory.remember(replay_token(signed), signed.expires):
        raise SignatureRefusedError(REPLAYED)


def _lines(request: web.Request) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for name, value in request.raw_headers:
        lines.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return lines


async def _body(request: web.Request, limit: int) -> bytes:
    """Read the whole body, whose length must be announced and within the limit."""
    if not request.body_exists:
        return b""
    length = request.content_length
    if length is None:
        raise web.HTTPLengthRequired(text='{"error": "bad_request"}', content_type="application/json")
    if length > limit:
        raise web.HTTPRequestEntityTooLarge(
            max_size=limit, actual_size=length, text='{"error": "too_large"}', content_type="application/json"
        )
    return await request.content.readexactly(length)
