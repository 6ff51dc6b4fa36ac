"""Does once, before the first fork, what each process would do first: templates, word lists, libraries, first calls.

A visit to every page goes through the real server over a pair of sockets, with an intake that does not answer. A
gateway whose pages cannot be drawn does not start.
"""

import socket

from dropbox.gateway.app import Application
from dropbox.gateway.errors import NotStarted
from dropbox.gateway.paths import Page, path
from dropbox.gateway.report_pages import prepare
from dropbox.gateway.site import Site
from dropbox.gateway.wire import Line
from dropbox.protocol import primitives
from dropbox.protocol.errors import BadReceipt
from dropbox.protocol.receipt import Receipt, parse_receipt
from dropbox.protocol.sizes import MESSAGE_ID
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request, Response
from dropbox.web.languages import LANGUAGES, Language

_BOUNDARY = "warming"
_SHOWN = (Page.START, Page.HOW, Page.REPORT, Page.READ)
_SENT = {Page.REPORT: 503, Page.READ: 503, Page.QR: 200}  # what each answers while intake does not


class _Silent:
    """An intake that does not answer."""

    async def send(self, request: Request) -> Response:  # noqa: ARG002 - the interface's
        message = "this is a rehearsal"
        raise TransportFailed(message)


def warm(site: Site) -> None:
    """Load and try everything. Raises `NotStarted` when a page is not what it must be."""
    site.templates.load_all()
    prepare(site)
    _seal()
    _spell()
    _visit(site)


def _seal() -> None:
    """The libraries of cryptography make themselves ready at their first use."""
    key = primitives.throw_away_xwing_public()
    primitives.hpke_seal(key, b"", bytes(32))
    primitives.PayloadEncryptor(bytes(32), b"").finalize()
    primitives.open_once(bytes(32), primitives.seal_once(bytes(32), b""))


def _spell() -> None:
    """A word that is in no list makes the indexes of all lists."""
    try:
        parse_receipt(" ".join(["qqqqqq"] * 12))
    except BadReceipt:
        return


def _visit(site: Site) -> None:
    application = Application(site, _refuse)
    for language in LANGUAGES:
        for page in _SHOWN:
            _expect(application, _get(page, language), 200)
        for page, status in _SENT.items():
            _expect(application, _post(page, language, site), status)


def _refuse(sentence: str) -> None:
    raise NotStarted(sentence)


def _expect(application: Application, request: bytes, status: int) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(request)
        Line(theirs).serve(lambda asked: application.respond(_Silent(), asked))
        answer = ours.recv(64)
    if not answer.startswith(f"HTTP/1.1 {status} ".encode()):
        message = "a page cannot be drawn"
        raise NotStarted(message)


def _get(page: Page, language: Language) -> bytes:
    head = (
        f"GET {path(page, language)} HTTP/1.1\r\nHost: rehearsal\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
    return head.encode()


def _post(page: Page, language: Language, site: Site) -> bytes:
    fields = {"receipt": " ".join(Receipt.generate(site.random).words())}
    if page is Page.REPORT:
        fields |= {"message": site.random(MESSAGE_ID).hex(), "text": "rehearsal"}
    body = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body += f"--{_BOUNDARY}--\r\n"
    head = (
        f"POST {path(page, language)} HTTP/1.1\r\nHost: rehearsal\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()
