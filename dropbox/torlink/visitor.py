"""A visit to one onion service, request by request, as Tor Browser makes it.

One visit, one circuit: nothing that a client does for another purpose shares it.  Redirections are not followed,
cookies not kept, no answer is larger than who asks says, and no host holds a visitor for ever.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import h11

from dropbox.torlink.as_browsers import Kind, headers
from dropbox.torlink.circuits import open_stream
from dropbox.torlink.errors import BrokenVisitError, MalformedAnswerError, OversizedAnswerError
from dropbox.torlink.handshake import Isolation

if TYPE_CHECKING:
    import socket
    from types import TracebackType

    from dropbox.torlink.addresses import OnionAddress, SocksAddress

SILENCE: Final = 180.0
"""Seconds without a byte either way: Tor's circuits stall for a minute and recover."""

SLOWEST: Final = 512
"""Bytes a second of an answer, after the first `SILENCE`: a host that drips a byte at a time holds nobody for ever."""

_HEAD_MOST: Final = 16 << 10
_PIECE: Final = 16 << 10  # of a body that is sent: Tor takes about as much at once, and progress shows it
_READ: Final = 64 << 10
_GZIP: Final = 16 + zlib.MAX_WBITS

Sent = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host said; names of headers in lower case.  The body is as it was before any compression."""

    status: int
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


class Visitor:
    """Use it as an asynchronous context manager, for one visit and one request at a time."""

    def __init__(self, socks: SocksAddress, onion: OnionAddress, random: Callable[[int], bytes]) -> None:
        """`random(n)` gives n bytes from the system's generator.  Nothing is connected before the first request."""
        self._socks, self._onion, self._random = socks, onion, random
        self._line: _Line | None = None
        self.cut_off: Answer | None = None
        """What had come of the answer to the last request, where the line broke in the middle of it."""
        self.renew()

    async def __aenter__(self) -> Self:
        """Nothing to do: the first request connects."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.hang_up()

    def renew(self) -> None:
        """Hang up and take a new circuit from now on."""
        self.hang_up()
        self._isolation = Isolation.fresh(self._random)

    def hang_up(self) -> None:
        """Close the connection, if there is one; the next request makes another on the same circuit."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        most: int,
        kind: Kind = Kind.DATA,
        sent: Sent | None = None,
    ) -> Answer:
        """Send one request and give its answer, of a body of `most` bytes at most, also once it is unpacked.

        `sent` is told how many bytes of the body have gone out.  Raises LinkError where nothing was sent,
        BrokenVisitError (MalformedAnswerError where the line was whole), OversizedAnswerError.  After each the
        connection is closed: `renew` before trying again.
        """
        if self._line is not None and not self._line.usable():
            self.hang_up()  # the host has closed it in the meantime, as every host does after a while
        if self._line is None:
            self._line = _Line(await open_stream(self._socks, self._onion, self._isolation))
        line, self.cut_off = self._line, None
        head = h11.Request(method=method, target=path, headers=headers(self._onion, method, kind, len(body)))
        try:
            answer = await line.exchange(head, body, most, sent)
        except (h11.ProtocolError, OSError, EOFError, TimeoutError, ValueError, zlib.error) as error:
            self.cut_off = line.so_far()
            self.hang_up()
            whole = not line.ended and not isinstance(error, (OSError, TimeoutError))
            raise (MalformedAnswerError if whole else BrokenVisitError) from None
        except BaseException:
            self.cut_off = line.so_far()
            self.hang_up()
            raise
        return answer


class _Line:
    """One connection."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_MOST)
        self._coming: tuple[int, dict[str, str], _Body] | None = None
        self.ended = False  # by the other end

    def close(self) -> None:
        self._socket.close()

    def usable(self) -> bool:
        """Whether another request can go over it: it is whole, and the other end has not closed it."""
        if self._http.our_state is not h11.IDLE:
            return False
        try:
            self._socket.recv(1)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # its end, or bytes that nobody asked for

    def so_far(self) -> Answer | None:
        """What has come of the answer that broke off, once its head was there."""
        if self._coming is None:
            return None
        status, said, body = self._coming
        return Answer(status, body.so_far(), said)

    async def exchange(self, head: h11.Request, body: bytes, most: int, sent: Sent | None) -> Answer:
        loop, self._coming = asyncio.get_running_loop(), None
        first = self._http.send(head) or b""
        if body:
            self._http.send_with_data_passthrough(h11.Data(data=body))
        self._http.send(h11.EndOfMessage())
        for at in range(0, max(len(body), 1), _PIECE):
            piece = body[at : at + _PIECE]
            async with asyncio.timeout(SILENCE):
                await loop.sock_sendall(self._socket, (b"" if at else first) + piece)
            if sent is not None and piece:
                sent(at + len(piece))
        answer = await self._answer(most)
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return answer

    async def _answer(self, most: int) -> Answer:
        loop, began = asyncio.get_running_loop(), time.monotonic()
        status, said, came, body = 0, dict[str, str](), 0, _Body(most, "")
        while not isinstance(event := self._http.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                async with asyncio.timeout(SILENCE):
                    part = await loop.sock_recv(self._socket, _READ)
                self.ended = self.ended or not part
                self._http.receive_data(part)
                came += len(part)
                if time.monotonic() - began - SILENCE > came / SLOWEST:
                    raise TimeoutError
            elif isinstance(event, h11.Response):
                status = event.status_code
                said = {name.decode(): value.decode("latin-1") for name, value in event.headers}
                self._coming = status, said, body
                body = _Body(most, said.get("content-encoding", ""))
                self._coming = status, said, body
            elif isinstance(event, h11.Data):
                body.add(event.data)
            elif not isinstance(event, h11.InformationalResponse):
                raise EOFError
        return Answer(status, body.whole(), said)


class _Body:
    """What comes, unpacked where it is packed, never more than `most` bytes of it."""

    def __init__(self, most: int, encoding: str) -> None:
        if encoding not in {"", "identity", "gzip"}:
            raise ValueError
        self._most = most
        self._unpacking = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        self._kept = bytearray()

    def add(self, part: bytes | bytearray) -> None:
        room = self._most - len(self._kept) + 1
        self._kept += part[:room] if self._unpacking is None else self._unpacking.decompress(part, room)
        if len(self._kept) > self._most or (self._unpacking is not None and self._unpacking.unconsumed_tail):
            raise OversizedAnswerError

    def so_far(self) -> bytes:
        return bytes(self._kept[: self._most])

    def whole(self) -> bytes:
        if self._unpacking is not None and not self._unpacking.eof:
            raise EOFError
        return bytes(self._kept)
