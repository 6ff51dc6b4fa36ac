"""A reporter's browser as plain bytes on a socket, cheap enough to share the machine with what it measures."""

import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.web.inspection import assert_clean

SECONDS: Final = 300.0  # a line that is silent for so long is dead
REPORT: Final = "/en/report"
READ: Final = "/en/read"
PIECE: Final = 1 << 20
_BOUNDARY: Final = "----geckoformboundary" + "0f" * 16
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")
_HIDDEN: Final = re.compile(rb'name="(receipt|message)" value="([^"]*)"')
# What Tor Browser sends.
_HEADERS: Final = (
    "Host: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nSec-GPC: 1\r\n"
    "Connection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: {site}\r\nSec-Fetch-User: ?1\r\nPriority: u=0, i\r\n"
)


@dataclass(frozen=True)
class Answer:
    """What came back; `wire` counts every byte of it."""

    status: int
    head: bytes
    body: bytes

    @property
    def wire(self) -> int:
        return len(self.head) + len(self.body)


class Visitor:
    """One connection of somebody's own."""

    def __init__(self, where: int | Path, before: bytes = b"") -> None:
        """Connect to a port or a socket; `before` is what tor sends first."""
        self._line = _connected(where)
        if before:
            self._line.sendall(before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def close(self) -> None:
        """Hang up, also while another thread sends."""
        self._line.shutdown(socket.SHUT_RDWR)

    def get(self, path: str, site: str = "none") -> Answer:
        """Load a page."""
        self._line.sendall(f"GET {path} HTTP/1.1\r\n{_HEADERS.format(site=site)}\r\n".encode())
        return self._answer()

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form."""
        body = b"".join(map(_field, fields.items())) + _END
        self._line.sendall(_head_of_form(path, len(body)) + body)
        return self._answer()

    def post_file(
        self, path: str, fields: Mapping[str, str], pieces: Iterable[bytes | memoryview], size: int
    ) -> Answer:
        """Send a form with one file of `size` bytes."""
        before = b"".join(map(_field, fields.items())) + _FILE
        self._line.sendall(_head_of_form(path, len(before) + size + 2 + len(_END)) + before)
        for piece in pieces:
            self._line.sendall(piece)
        self._line.sendall(b"\r\n" + _END)
        return self._answer()

    def _answer(self) -> Answer:
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = bytes(data[: end + 4])
        length = _LENGTH.search(head)
        assert length
        while len(data) < len(head) + int(length[1]):
            data += self._more()
        return Answer(int(head[9:12]), head, bytes(data[len(head) :]))

    def _more(self) -> bytes:
        piece = self._line.recv(1 << 18)
        if not piece:
            raise ConnectionResetError
        return piece


class ReportForm:
    """The fields of the report form, learnt from one page, so that the next ones need no parser."""

    def __init__(self, page: bytes) -> None:
        self._fields = {name: value for name, value in assert_clean(page.decode()).fields.items() if name != "files"}
        assert {"receipt", "message", "text"} <= self._fields.keys()

    def filled(self, page: bytes, text: str) -> dict[str, str]:
        """Return this page's fields with `text` in them."""
        hidden = {name.decode(): value.decode() for name, value in _HIDDEN.findall(page)}
        return self._fields | hidden | {"text": text}


class NotAccepted(OSError):
    """The page says that nothing was sent."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def report(where: int | Path, form: ReportForm, text: str, before: bytes = b"") -> str:
    """Load the form, send `text`, and hang up; return the twelve words. Raises `OSError` unless it was accepted."""
    with Visitor(where, before) as visitor:
        fields = form.filled(visitor.get(REPORT).body, text)
        answer = visitor.post(REPORT, fields | {"files": ""})
    if answer.status != 200:
        raise NotAccepted(answer.status)
    return fields["receipt"]


def learnt(where: int | Path, before: bytes = b"") -> ReportForm:
    """Load the form once."""
    with Visitor(where, before) as visitor:
        return ReportForm(visitor.get(REPORT).body)


def _connected(where: int | Path) -> socket.socket:
    if isinstance(where, int):
        line = socket.create_connection(("127.0.0.1", where), SECONDS)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(SECONDS)
    line.connect(str(where))
    return line


def _head_of_form(path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\n{_HEADERS.format(site='same-origin')}Origin: null\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _field(field: tuple[str, str]) -> bytes:
    name, value = field
    if name == "files":  # as browsers send a field for files in which nothing was chosen
        return (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename=""\r\n'
            "Content-Type: application/octet-stream\r\n\r\n\r\n"
        ).encode()
    return f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


_END: Final = f"--{_BOUNDARY}--\r\n".encode()
_FILE: Final = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="evidence.bin"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
