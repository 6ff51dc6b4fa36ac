"""Answers with bytes that are the same for everybody."""

from aiohttp import web

from dropbox.web.assets import StaticFile, takes_gzip
from dropbox.web.headers import allow
from dropbox.web.policy import Allowed


def public_bytes(request: web.Request, plain: bytes, compressed: bytes, content_type: str) -> web.Response:
    """Answer with bytes that are the same for everybody. Never for a personal page: compression leaks its content."""
    response = web.Response(body=plain, content_type=content_type)
    if content_type.startswith("text/"):
        response.charset = "utf-8"
    if takes_gzip(request.headers.get("Accept-Encoding", "")):
        response.body = compressed
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def add_route(app: web.Application, file: StaticFile) -> None:
    """Serve `file` at its address."""

    async def serve(request: web.Request) -> web.Response:
        response = public_bytes(request, file.plain, file.compressed, file.content_type)
        allow(response, Allowed(cache=True))
        return response

    app.router.add_get(file.url, serve)
