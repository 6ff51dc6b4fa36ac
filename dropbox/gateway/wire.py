"""HTTP/1.1 on one connection, with blocking calls: a process that serves one visitor has nothing else to do.

The grammar is h11's. Nothing that a visitor sends is quoted or logged, and no answer names software or clock.
"""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import h11

from dropbox.gateway import reports
from dropbox.gateway.crowd import is_shown
from dropbox.gateway.errors import BrokenRequest

HEAD_MOST = 16 << 10  # bytes of a request's line and headers; browsers send some 500
PIECE = 128 << 10  # bytes of a body that are read or sent at once
SMALL = 16 << 10  # what a short body is read with: memory that is touched costs more than another call
SEND_SECONDS = 120.0  # for each piece of an answer
LINGER_SECONDS = 5.0  # in which what a visitor still sends is thrown away, so that our answer reaches them


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for a visitor's first byte, for the first byte of each further request, and for the rest of a head.

    A new connection on the circuit that is there costs a visitor 50 ms, an idle process costs us a place.
    """

    first: float
    further: float
    head: float


PATIENCE = Patience(first=20.0, further=20.0, head=30.0)
IN_A_CROWD = Patience(first=8.0, further=3.0, head=10.0)  # a way through Tor and back takes a second or two

_LARGE = reports.REQUEST + reports.UPLOAD
_UNREADABLE = b"This request could not be read."


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request is answered with; `headers` beyond the length."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Request:
    """The head of a request, with names of headers in lower case, and its body, which is read from the line."""

    def __init__(self, event: h11.Request, read: Callable[[float], bytes]) -> None:
        """Take what h11 made of the head; `read` gives a piece of the body."""
        self.method = event.method.decode()
        self.path, mark, _ = event.target.decode("latin-1").partition("?")
        self.has_query = bool(mark)
        self.headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        self.read = read

    @property
    def length(self) -> int:
        """Bytes that the body has, as the head says; 0 when it does not say."""
        return int(self.headers.get("content-length", "0"))


@dataclass(frozen=True, slots=True)
class Signs:
    """Descriptors that every process which serves can see. `ending` can be read once no further request is to be taken;
    a request of which a byte has come is always served. `crowd` can be read while somebody waits for a place.
    """

    ending: int
    crowd: int


class Line:
    """One accepted connection, from its first to its last byte."""

    def __init__(
        self,
        connection: socket.socket,
        patience: Patience = PATIENCE,
        signs: Signs | None = None,
        lease: int | None = None,
    ) -> None:
        """Take the connection, which is closed at the end of `serve`. Into `lease` goes what the connection costs
        (`reports`).
        """
        self._lease = lease
        self._moved = 0  # bytes either way that were not reported yet
        self._socket = connection
        self._patience = patience
        self._ending = [] if signs is None else [signs.ending]
        self._crowd = [] if signs is None else [signs.crowd]
        self._first = True  # no request has come yet
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MOST)
        self._left: int | None = 0  # bytes of the body that were not read yet; None where the head does not say

    def serve(self, respond: Callable[[Request], Answer]) -> None:
        """Answer requests in turn, until the visitor goes or stays silent, or the process is to end.

        A visitor who goes while `respond` works does not end it: what it still has to put right it puts right.
        """
        with contextlib.suppress(OSError), self._socket:
            while (request := self._next()) is not None:
                large = self._left is None or self._left >= reports.UPLOAD_LEAST
                self._report(_LARGE if large else reports.REQUEST)
                self._send(request.method, respond(request))
                if large:
                    self._report(reports.DONE)
                if self._http.our_state is not h11.DONE:
                    break
                self._http.start_next_cycle()
            if self._http.their_state in {h11.SEND_BODY, h11.ERROR}:
                self._linger()

    def _next(self) -> Request | None:
        """Wait for a request; None when the connection is over."""
        began: float | None = None
        try:
            while True:
                event = self._http.next_event()
                if isinstance(event, h11.Request):
                    request = Request(event, self._read)
                    self._left = None if "transfer-encoding" in request.headers else request.length
                    return request
                if event is not h11.NEED_DATA:
                    return None
                if began is None:
                    if not self._http.trailing_data[0] and not self._is_asked():
                        return None
                    began = time.monotonic()
                self._receive(SMALL, max(began + self._now().head - time.monotonic(), 0.001))
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint)
            return None

    def _is_asked(self) -> bool:
        """Wait for the first byte of a request: False when none came in time, or the process is to end before."""
        visitor, began = self._socket.fileno(), time.monotonic()
        first, self._first = self._first, False
        while True:
            patience = self._now()
            left = began + (patience.first if first else patience.further) - time.monotonic()
            signs = self._ending if patience is IN_A_CROWD else [*self._ending, *self._crowd]
            readable, _, _ = select.select([visitor, *signs], [], [], max(left, 0.0))
            if visitor in readable or not set(readable) & {*self._crowd}:
                return visitor in readable

    def _now(self) -> Patience:
        """How long we wait now."""
        return IN_A_CROWD if any(map(is_shown, self._crowd)) else self._patience

    def _is_ending(self) -> bool:
        return any(map(is_shown, self._ending))

    def _receive(self, most: int, seconds: float) -> None:
        self._socket.settimeout(seconds)
        piece = self._socket.recv(most)
        self._http.receive_data(piece)
        self._count(len(piece))

    def _count(self, size: int) -> None:
        """Report each mebibyte."""
        self._moved += size
        while self._moved >= reports.COUNTED:
            self._moved -= reports.COUNTED
            self._report(reports.MEBIBYTE)

    def _report(self, records: bytes) -> None:
        if self._lease is not None:
            with contextlib.suppress(OSError):  # full, or nobody reads it any more: then nothing is missed
                os.write(self._lease, records)

    def _read(self, seconds: float) -> bytes:
        """A piece of the body, b"" at its end. Raises TimeoutError after `seconds` without a byte, BrokenRequest."""
        if self._http.their_state in {h11.DONE, h11.MUST_CLOSE}:
            return b""  # its end was read before
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    self._transmit(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                self._receive(PIECE if self._left is None else min(self._left, PIECE), seconds)
        except TimeoutError:
            raise
        except (h11.RemoteProtocolError, OSError):
            raise BrokenRequest from None
        if isinstance(event, h11.Data):
            if self._left is not None:
                self._left -= len(event.data)
            return event.data
        if isinstance(event, h11.EndOfMessage):
            return b""
        raise BrokenRequest

    def _send(self, method: str, answer: Answer) -> None:
        """Send an answer; the connection goes on after it when both sides are done with this exchange."""
        if self._http.their_state is h11.SEND_BODY and not self._left:
            with contextlib.suppress(h11.RemoteProtocolError):
                self._http.next_event()  # the end of a body that is empty, or was read to its last byte
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        if self._http.their_state is not h11.DONE or self._is_ending():
            headers["Connection"] = "close"
        head = self._http.send(h11.Response(status_code=answer.status, headers=[*headers.items()]))
        body = b"" if method == "HEAD" else answer.body
        if body:
            self._http.send_with_data_passthrough(h11.Data(data=body))
        self._http.send(h11.EndOfMessage())
        self._transmit((head or b"") + body[:SMALL])
        for at in range(SMALL, len(body), PIECE):
            self._transmit(body[at : at + PIECE])

    def _transmit(self, piece: bytes) -> None:
        self._socket.settimeout(SEND_SECONDS)
        self._socket.sendall(piece)
        self._count(len(piece))

    def _refuse(self, status: int) -> None:
        """Answer what is no request in fixed words, without a page: there is no language to draw one in."""
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store",
                   "X-Content-Type-Options": "nosniff"}  # fmt: skip
        self._send("GET", Answer(status, _UNREADABLE, headers))

    def _linger(self) -> None:
        """Let the answer reach a visitor who still sends: closing over unread bytes would cut it."""
        until = time.monotonic() + LINGER_SECONDS
        self._socket.shutdown(socket.SHUT_WR)
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            if not self._socket.recv(PIECE):
                return
