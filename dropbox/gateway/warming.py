"""Does once, before the first fork, what each process would do first: templates, word lists, libraries, first calls.

A visit to every page goes through the real server over a pair of sockets, with an intake that does not answer. A
gateway whose pages cannot be drawn does not start. Once there is a bulletin to seal to, reports are rehearsed, with an
intake that says yes to everything.
"""

import os
import socket
from pathlib import Path

from dropbox.gateway.app import Application
from dropbox.gateway.errors import NotStarted
from dropbox.gateway.paths import Page, path
from dropbox.gateway.report_pages import prepare
from dropbox.gateway.site import Site
from dropbox.gateway.transport import IntakeTransport
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
VISITS = 16  # the interpreter writes a function's shortcuts at its eighth call and in those after it
_WHOLE = 1 << 18  # bytes: more than both answers
_YES = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"


class _Silent:
    """An intake that does not answer."""

    async def send(self, request: Request) -> Response:  # noqa: ARG002 - the interface's
        message = "this is a rehearsal"
        raise TransportFailed(message)


class Willing(IntakeTransport):
    """An intake that says yes before it is asked; it reads nothing."""

    def __init__(self) -> None:
        """Take one request of at most what a socket holds: a text without files."""
        super().__init__(Path(), 1.0)
        self._ours, self._theirs = socket.socketpair()
        self._theirs.sendall(_YES)

    def connect(self) -> socket.socket:
        """The line on which the answer waits already."""
        return self._ours

    def __exit__(self, *about: object) -> None:
        """Close both ends."""
        self._ours.close()
        self._theirs.close()


def warm(site: Site) -> None:
    """Load and try everything. Raises `NotStarted` when a page is not what it must be."""
    site.templates.load_all()
    prepare(site)
    _seal()
    _spell()
    _visit(site)


def rehearse(site: Site, application: Application) -> bool:
    """Send some reports as visitors do, without intake; the bulletin must be known. Tell whether all were sent.

    What the interpreter and the libraries keep after their first uses, each process would make anew for its one visit,
    in pages of memory that are copied for it.
    """
    return all(_rehearse(site, application, LANGUAGES[number % len(LANGUAGES)]) for number in range(VISITS))


def _rehearse(site: Site, application: Application, language: Language) -> bool:
    ours, theirs = socket.socketpair()
    with ours, Willing() as intake:
        ours.sendall(_get(Page.REPORT, language, "keep-alive") + _post(Page.REPORT, language, site))
        Line(theirs).serve(lambda request: application.respond(intake, request))
        answers = b"".join(iter(lambda: ours.recv(_WHOLE), b""))
    return answers.count(b"HTTP/1.1 200 ") == 2  # noqa: PLR2004 - the form and its sending


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
    heard, lease = os.pipe()
    with ours:
        ours.sendall(request)
        Line(theirs, lease=lease).serve(lambda asked: application.respond(_Silent(), asked))
        answer = ours.recv(64)
    os.close(heard)
    os.close(lease)
    if not answer.startswith(f"HTTP/1.1 {status} ".encode()):
        message = "a page cannot be drawn"
        raise NotStarted(message)


def _get(page: Page, language: Language, connection: str = "close") -> bytes:
    return (
        f"GET {path(page, language)} HTTP/1.1\r\nHost: rehearsal\r\nAccept-Encoding: gzip\r\n"
        f"Connection: {connection}\r\n\r\n"
    ).encode()


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
