"""A reporter's browser taken apart: the form's bytes on a socket, as slow, as large or as cut off as a test needs."""

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlsplit

from tests.web.inspection import assert_clean

_BOUNDARY: Final = "----" + "a" * 32
_SECONDS: Final = 240
REPORT: Final = "/nl/melden"


@dataclass(frozen=True)
class Form:
    """A report form as the gateway gave it, with the twelve words in it."""

    fields: dict[str, str]

    @property
    def words(self) -> list[str]:
        """The twelve words."""
        return self.fields["receipt"].split()


def fetch_form(base: str, line: socket.socket | None = None) -> Form:
    """Load the report form. `line`: a connection that is there already."""
    address = urlsplit(base)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=_SECONDS)
    if line is not None:
        connection.sock = line
    try:
        connection.request("GET", REPORT)
        html = connection.getresponse().read().decode()
    finally:
        connection.close()
    fields = assert_clean(html).fields
    return Form({name: value for name, value in fields.items() if name != "files"})


def send(
    base: str,
    form: Form,
    text: str,
    content: Iterable[bytes] = (),
    size: int = 0,
    *,
    hang_up: bool = False,
    line: socket.socket | None = None,
) -> str:
    """Send a report with one file of `size` bytes, piece by piece; return the answer, or hang up without it.

    `line`: a connection that is there already.
    """
    head, tail = _around(form.fields | {"text": text})
    address, length = urlsplit(base), len(head) + size + len(tail)
    with line or socket.create_connection((address.hostname or "", address.port or 0), _SECONDS) as way:
        lines = (
            f"POST {REPORT} HTTP/1.1", f"Host: {address.netloc}", f"Origin: {base}", "Connection: close",
            f"Content-Type: multipart/form-data; boundary={_BOUNDARY}", f"Content-Length: {length}",
        )  # fmt: skip
        way.sendall("\r\n".join([*lines, "", ""]).encode() + head)
        for piece in content:
            way.sendall(piece)
        way.sendall(tail)
        return "" if hang_up else _read(way)


def noise(size: int, piece: int = 1 << 20) -> Iterator[bytes]:
    """Bytes that nothing compresses, never more than a piece of them at a time."""
    block = os.urandom(piece)
    for start in range(0, size, piece):
        yield block[: min(piece, size - start)]


def _around(fields: dict[str, str]) -> tuple[bytes, bytes]:
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="groot.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return ("".join(parts) + file).encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()


def _read(line: socket.socket) -> str:
    answer = b""
    while piece := line.recv(1 << 16):
        answer += piece
    return answer.decode(errors="replace")
