"""What clients that seal for themselves ask of the host (docs/protocol.md, section 13), passed to intake unopened."""

import json
import re
import time
from typing import Final

from dropbox.gateway.errors import BrokenRequest
from dropbox.gateway.form_reader import SLOWEST
from dropbox.gateway.site import Visit
from dropbox.gateway.wire import Answer
from dropbox.protocol.sizes import UPLOAD_CHUNK
from dropbox.reporter import session
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request
from dropbox.web.policy import NOTHING, headers_of
from dropbox.web.same_site import check_same_site

PREFIX: Final = "/v1/"

_PUBLISHED: Final = {request.path: request for request in (session.BULLETIN, session.BOARDS, session.PUBLICATION)}
_RANDOM: Final = "/v1/uploads/[0-9a-f]{32}"
_UPLOAD: Final = f"{_RANDOM}(?:[0-9a-f]{{32}})?"  # also one that is bound to its content
_UPLOADS: Final = tuple(
    (method, re.compile(pattern), most)
    for method, pattern, most in (
        ("PUT", f"{_UPLOAD}/(?:0|[1-9][0-9]{{0,3}})", UPLOAD_CHUNK),
        ("PUT", f"{_RANDOM}/whole", UPLOAD_CHUNK),
        ("GET", _UPLOAD, 0),
        ("POST", f"{_UPLOAD}/finish", session.MAX_ANSWER),
        ("DELETE", _UPLOAD, 0),
    )
)


def pass_on(visit: Visit) -> Answer:
    """Answer with what intake says. Nothing is kept, and no more than one chunk is held.

    A query is refused, as intake refuses it, also an empty one: a parameter would tell visits apart.
    """
    check_same_site(visit.request.headers)
    if visit.request.has_query:
        return _refusal(400, "bad_request")
    method, path = visit.request.method, visit.request.path
    if method == "GET" and (published := _PUBLISHED.get(path)) is not None:
        return _ask(visit, published)
    for allowed, pattern, most in _UPLOADS:
        if method == allowed and pattern.fullmatch(path):
            try:
                body = _body(visit, most)
            except (BrokenRequest, TimeoutError):
                return _refusal(408, "bad_request")
            return _refusal(413, "too_large") if body is None else _ask(visit, Request(method, path, body))
    return _refusal(404, "bad_request")


def _body(visit: Visit, most: int) -> bytes | None:
    """The whole body, or None when it has more than `most` bytes. Raises `BrokenRequest`, `TimeoutError`."""
    if visit.request.length > most:
        return None
    idle = visit.site.settings.idle_seconds
    body, began = bytearray(), time.monotonic()
    while piece := visit.request.read(idle):
        body += piece
        if len(body) > most:
            return None
        if len(body) < (time.monotonic() - began - idle) * SLOWEST:
            raise TimeoutError
    return bytes(body)


def _ask(visit: Visit, request: Request) -> Answer:
    try:
        response = run(visit.transport.send(request))
    except TransportFailed:
        return _refusal(503, "not_ready")
    return Answer(response.status, response.body, {"Content-Type": "application/octet-stream", **headers_of(NOTHING)})


def _refusal(status: int, code: str) -> Answer:
    return Answer(
        status, json.dumps({"error": code}).encode(), {"Content-Type": "application/json"} | headers_of(NOTHING)
    )
