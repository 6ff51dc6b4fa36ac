"""The reporter core's network, from the gateway: intake's reporters' socket, with blocking calls."""

import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import h11

from dropbox.protocol import sizes
from dropbox.protocol.board_head import BOARD_MAX
from dropbox.reporter.errors import HostAway, HostNotReady, TransportFailed, VisitError
from dropbox.reporter.session import body_of
from dropbox.reporter.transport import Request, Response

MAX_ANSWER = 1 + sizes.SLOTS * (4 + BOARD_MAX)  # the largest body of all: the boards of four recipients
FIRST_PAUSE = 1.0  # seconds; twice as long each time
PIECE = 256 << 10
SMALL = 16 << 10  # what most answers fit in: memory that is touched costs more than another call


class IntakeTransport:
    """Sends one request at a time to intake; used as a context manager. It blocks while it waits."""

    def __init__(self, path: Path, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Connect lazily to the socket; a request and its answer may take `seconds` each.

        An upload waits as long for intake.
        """
        self._path = str(path)
        self._seconds = seconds
        self._sleep = sleep
        self._line: _Line | None = None

    def __enter__(self) -> Self:
        """Nothing to do: the first request connects."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._hang_up()

    def send(self, request: Request) -> Awaitable[Response]:
        """Send one request; awaiting gives the answer, or raises `TransportFailed` when there is none.

        The request is on its way when this returns: intake commits it while the caller seals the next. Intake restarts,
        and its store is locked for moments: for an upload that is under way awaiting waits and asks again.
        """
        return self._answered(request, self._ask(request))

    async def _answered(self, request: Request, asked: "_Line | TransportFailed") -> Response:
        if not _of_an_upload(request):
            return self._answer(asked)
        until, pause, reached = time.monotonic() + self._seconds, FIRST_PAUSE, False
        while True:
            away: HostAway | None = None
            try:
                answer = self._answer(asked)
            except HostAway as error:
                away = error
            else:
                if not _not_ready(answer):
                    return answer
                reached = True
            if (left := until - time.monotonic()) <= 0:
                message = "intake stays away"
                raise HostAway(message, reached=reached) from away
            self._sleep(min(pause, left))
            pause *= 2
            asked = self._ask(request)

    def _ask(self, request: Request) -> "_Line | TransportFailed":
        """Send a request; give the line on which the answer comes, or why it did not leave."""
        try:
            with self._hanging_up():
                if self._line is not None and not self._line.usable():
                    self._hang_up()  # intake has closed it in the meantime
                if self._line is None:
                    self._line = _Line(self.connect())
                self._line.ask(request, time.monotonic() + self._seconds)
                return self._line
        except TransportFailed as fault:
            return fault

    def _answer(self, asked: "_Line | TransportFailed") -> Response:
        if isinstance(asked, TransportFailed):
            raise asked
        with self._hanging_up():
            return asked.answer(time.monotonic() + self._seconds)

    @contextmanager
    def _hanging_up(self) -> Iterator[None]:
        """Close a line on which something failed, and say whose fault it is."""
        try:
            yield
        except (h11.ProtocolError, OSError) as error:
            self._hang_up()
            message = "intake does not answer"
            raise TransportFailed(message) from error
        except TransportFailed:
            self._hang_up()
            raise

    def connect(self) -> socket.socket:
        """A line to intake. Raises `HostAway` when nobody is there."""
        opened = socket.socket(socket.AF_UNIX)
        opened.settimeout(self._seconds)
        try:
            opened.connect(self._path)
        except OSError as error:
            opened.close()
            message = "intake is not there"
            raise HostAway(message) from error
        return opened

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Line:
    """One connection to intake."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._http = h11.Connection(h11.CLIENT)

    def close(self) -> None:
        self._socket.close()

    def usable(self) -> bool:
        """Whether another request can go over it: it is whole, and the other end has not closed it."""
        if self._http.our_state is not h11.IDLE:
            return False
        self._socket.setblocking(False)  # noqa: FBT003 - the library takes it by position
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # its end, or bytes that nobody asked for

    def ask(self, request: Request, until: float) -> None:
        """Send a request. Raises OSError, h11.ProtocolError."""
        head = h11.Request(
            method=request.method,
            target=request.path,
            headers=[("Host", "intake"), ("Content-Length", str(len(request.body)))],
        )
        first = self._http.send(head) or b""
        if request.body:
            self._http.send_with_data_passthrough(h11.Data(data=request.body))
        self._http.send(h11.EndOfMessage())
        self._wait(until)
        if len(request.body) <= SMALL:
            self._socket.sendall(first + request.body)
        else:
            self._socket.sendall(first)
            self._socket.sendall(request.body)

    def answer(self, until: float) -> Response:
        """Take the answer. Raises OSError, h11.ProtocolError, TransportFailed."""
        status, body, room = 0, bytearray(), SMALL
        while not isinstance(event := self._http.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                self._wait(until)
                self._http.receive_data(self._socket.recv(room))
            elif isinstance(event, h11.Response):
                status, room = event.status_code, _room(event)
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                message = "intake hung up"
                raise TransportFailed(message)
            if len(body) > MAX_ANSWER:
                message = "intake answers with more than the protocol has"
                raise TransportFailed(message)
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return Response(status, bytes(body))

    def _wait(self, until: float) -> None:
        self._socket.settimeout(max(until - time.monotonic(), 0.001))


def _room(response: h11.Response) -> int:
    """What to read at once: large answers in large pieces."""
    length = dict(response.headers).get(b"content-length", b"0")
    return SMALL if int(length) <= SMALL else PIECE


def _of_an_upload(request: Request) -> bool:
    """Whether it is worth waiting for; what takes an upload back is not: intake sweeps what is left."""
    return request.path.startswith("/v1/uploads/") and request.method != "DELETE"


def _not_ready(answer: Response) -> bool:
    try:
        body_of(answer)
    except HostNotReady:
        return True
    except VisitError:
        pass
    return False
