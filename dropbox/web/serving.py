"""Run an application without the traces that aiohttp leaves: no access log, no software name, no clock, no quoting."""

import logging

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from dropbox.web.headers import strip_identity

KEEPALIVE_SECONDS = 75  # between two clicks of a reader; aiohttp's own default is an hour
_SILENT = logging.getLogger("dropbox.web.silent")
_SILENT.disabled = True  # aiohttp's own records carry addresses, paths and exception texts with a visitor's bytes


class _BareResponse(web.Response):
    """An answer made before there is a request to route: the headers of `dropbox.web.headers` do not reach it."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        strip_identity(self)
        self.headers["Cache-Control"] = "no-store"
        self.headers["X-Content-Type-Options"] = "nosniff"


class _QuietHandler(RequestHandler):
    """One connection whose broken requests are answered with fixed words, and logged nowhere."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002 - aiohttp's signature
        message: str | None = None,  # noqa: ARG002 - quotes what the stranger sent
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            broken = "the answer has begun, it can only be cut"
            raise ConnectionError(broken)
        words = "This request could not be read." if status < web.HTTPInternalServerError.status_code else "Our fault."
        response = _BareResponse(status=status, text=words)
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        # aiohttp takes the unread rest of a form from its view when the line breaks. Where all of it has come in, the
        # view goes on: a line that breaks after the last byte must not cost somebody their report.
        if self._current_request is not None and self._current_request.content.is_eof():
            self._current_request = None
        super().connection_lost(exc)


class _QuietServer(web.Server):
    """Makes our handlers."""

    def __call__(self) -> RequestHandler:
        return _QuietHandler(self, loop=self._loop, **self._kwargs)


class QuietRunner(web.AppRunner):
    """An `AppRunner` that logs nothing about visitors; for `TCPSite` on loopback, `UnixSite` or `SockSite`."""

    __slots__ = ()

    def __init__(
        self, app: web.Application, *, shutdown_seconds: float = 10.0, keepalive_seconds: float = KEEPALIVE_SECONDS
    ) -> None:
        """Wrap `app`; open requests get `shutdown_seconds` to end when the runner stops."""
        super().__init__(
            app,
            access_log=None,
            logger=_SILENT,
            shutdown_timeout=shutdown_seconds,
            keepalive_timeout=keepalive_seconds,
            # A compressed form is no form of ours; unpacking one is work that a stranger would have for nothing.
            auto_decompress=False,
        )

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # The same server with our handler class: aiohttp has no setting for it.
        return _QuietServer(
            server.request_handler,
            request_factory=server.request_factory,
            handler_cancellation=server.handler_cancellation,
            loop=server._loop,  # noqa: SLF001 -- what the server was made with is not public
            **server._kwargs,  # noqa: SLF001 -- as above
        )
