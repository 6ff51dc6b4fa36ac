"""A visitor's connection to the gateway: heads and bodies as they come over the line, and the form within.

The bytes go through a real pair of sockets, so that what the form's reader gets is what a stranger can make it get.
"""

import contextlib
import socket
from collections.abc import Callable
from typing import Final

from dropbox.gateway import drafts
from dropbox.gateway.errors import BrokenRequest, FormError
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.wire import Answer, Line, Patience, Request
from dropbox.web.languages import LANGUAGES
from tests.fuzz import world
from tests.fuzz.source import Source, spliced
from tests.fuzz.target import Target

_SECONDS: Final = 20.0  # nobody waits: everything was sent before the first byte is read
_PATIENCE: Final = Patience(_SECONDS, _SECONDS, _SECONDS)
_ROOM: Final = 1 << 20
_BOUNDARY: Final = "xXx"
_FIELDS = tuple(drafts.REPORT_FIELDS) + tuple(drafts.ANSWER_FIELDS) + ("files", "", "receipt\0")


def _serve(raw: bytes, respond: Callable[[Request], Answer]) -> None:
    """A visitor who sends all of it at once, and nothing more."""
    visitor, host = socket.socketpair()
    with visitor:
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
        visitor.settimeout(_SECONDS)
        visitor.sendall(raw)
        visitor.shutdown(socket.SHUT_WR)
        Line(host, _PATIENCE).serve(respond)


# --------------------------------------------------------------------------------------------------------------- http


_HEADS: Final = (
    b"GET /en HTTP/1.1\r\nHost: a.onion\r\nConnection: keep-alive\r\n\r\n",
    b"POST /en/report HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde",
    b"POST /en HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n",
    b"HEAD /?a=b HTTP/1.0\r\nOrigin: http://a.onion\r\n\r\n",
)


def _http(data: bytes) -> None:
    source = Source(data)
    if source.byte() == 0:
        raw = source.rest()
    else:
        raw = b"".join(spliced(source.one_of(*_HEADS), source) for _ in range(1 + source.below(3)))
    _serve(raw, _read_whole)


def _read_whole(request: Request) -> Answer:
    assert request.length >= 0
    assert "?" not in request.path
    with contextlib.suppress(BrokenRequest):
        while request.read(_SECONDS):
            pass
    return Answer(200, request.path.encode("latin-1"), {"Content-Type": "text/plain"})


def _http_seeds() -> list[bytes]:
    long = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 3000 + b"\r\n\r\n"
    return [*(b"\0" + head for head in (*_HEADS, long)), b"\1\0\0\0", b"\1\2\1\0\2\0", b"\1\1\2\1\7\4abcd"]


# --------------------------------------------------------------------------------------------------------------- form


def _form(data: bytes) -> None:
    source = Source(data)
    mode = source.byte()
    content_type = f"multipart/form-data; boundary={_BOUNDARY}".encode()
    if mode & 1:
        content_type = spliced(content_type, source)
    body = source.rest() if mode & 2 else _form_body(source)
    length = len(body) + (source.byte() if mode & 4 else 0)
    head = b"POST /en/report HTTP/1.1\r\nHost: a\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    _serve(head % (content_type, length) + body, _read_form)


def _read_form(request: Request) -> Answer:
    form = FormReader(request, {**drafts.REPORT_FIELDS, **drafts.ANSWER_FIELDS}, _SECONDS)
    whole = False
    with contextlib.suppress(FormError):
        form.fields()
        whole = True
    draft, found = drafts.from_values(form.values, world.random)
    found += drafts.faults(draft, form.cut, has_files=form.has_files, empty="")
    drafts.answer_fields(draft)
    if not whole:
        form.discard()
        return Answer(400)
    if not found:
        draft.message(LANGUAGES[0])
    with contextlib.suppress(FormError):
        for file in form.files():
            for _ in file.pieces:
                pass
    return Answer(200)


def _form_body(source: Source) -> bytes:
    parts = []
    for _ in range(source.below(40)):
        name = source.one_of(*_FIELDS)
        disposition = f'form-data; name="{name}"'
        if name == "files" or source.byte() == 1:
            disposition += f'; filename="{source.text()}"'
        disposition = spliced(disposition.encode(), source).decode("latin-1") if source.byte() == 1 else disposition
        extra = source.one_of(
            "", "Content-Type: text/plain\r\n", "Content-Transfer-Encoding: base64\r\n", "Content-Encoding: gzip\r\n",
            "Content-Type: multipart/mixed; boundary=y\r\n", "Content-Length: 3\r\n", f"X: {source.text()}\r\n",
            "Content-Transfer-Encoding: quoted-printable\r\n", "Content-Type: multipart/form-data\r\n",
        )  # fmt: skip
        value = source.one_of(source.text(), " ".join(world.receipt.words()), "00" * 16, "fraud", "yes", "")
        head = f"--{_BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{extra}\r\n"
        parts.append(head.encode("utf-8", "replace") + value.encode("utf-8", "replace") + b"\r\n")
    return spliced(b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode(), source)


def _good_form() -> bytes:
    fields = {"receipt": " ".join(world.receipt.words()), "message": "00" * 16, "text": "A text.", "ongoing": "yes"}
    parts = [f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
             for name, value in fields.items()]  # fmt: skip
    file = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n'
    return ("".join(parts) + file + f"Content-Type: text/plain\r\n\r\nabc\r\n--{_BOUNDARY}--\r\n").encode()


def _form_seeds() -> list[bytes]:
    return [
        b"\2" + _good_form(),
        b"\0\1\0\0\0\0",
        b"\0\2\0\0\0\0\3abc\1\0\0\0",
        b"\0\1\14\5a.txt\0\0\3abc",
        b"\1\1\1\1",
    ]


TARGETS = (
    Target("http", _http, _http_seeds, longest=4096, share=8),
    Target("form", _form, _form_seeds, share=6),
)
