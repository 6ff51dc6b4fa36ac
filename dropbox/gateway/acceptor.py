"""The process that listens. It sees which circuit a connection came over, and not one byte of what is sent on it.

    tor --> acceptor --(connection, lease)--> one warm process of the mother's, which serves it and ends

A connection goes, as an open file, over one socket on which every warm process waits; the kernel wakes one of them.
With it goes the end of a pipe, the lease. Its process writes into it what the connection costs (`reports`); when it
closes, the process has ended, however it ended, and its place is free. Nothing else needs to be told.

This process imports nothing that reads requests. It is one thread with plain sockets, so that it may fork.
"""

import contextlib
import os
import resource
import selectors
import socket
import time
from collections.abc import Callable

from dropbox.gateway.circuits import Circuits, Connection
from dropbox.gateway.closing import Breaking, Closing
from dropbox.gateway.crowd import Crowd
from dropbox.gateway.errors import BadProxyLine
from dropbox.gateway.proxy_line import MAX_LINE, circuit_of
from dropbox.gateway.room import Room, has_gone
from dropbox.gateway.settings import Settings

LINE_SECONDS = 10.0  # tor sends its line at once
ACCEPTED_AT_ONCE = 64  # before other events are looked at
ROOM = 1024  # connections of known circuits that wait for a place; without circuits they wait in the kernel's queue
FILES = 4096  # open files that this process may have: places, room, and some
RELIEF_SECONDS = 0.25  # between two looks at who holds too many places, while somebody waits who has none
HEARD_AT_ONCE = 512  # bytes of one lease before other events are looked at


class Acceptor:
    """Takes connections from `listener` and gives them away over `jobs`, within the limits of the settings."""

    def __init__(self, settings: Settings, listener: socket.socket, jobs: socket.socket, crowd: Crowd) -> None:
        """Take the sockets and the sign as they are; they are closed by who made them."""
        self._settings, self._listener, self._jobs, self._crowd = settings, listener, jobs, crowd
        self._places = settings.connections_at_once
        self._circuits = Circuits(settings.limits)
        self._closing = Breaking() if settings.circuits_socket is None else Closing(settings.circuits_socket)
        room = _room_for(self._places, self._closing.HOLDS) if settings.proxy else 0
        self._room, self._most = Room(room), self._places + room
        self._relieved = 0.0
        self._selector = selectors.DefaultSelector()
        self._lines: dict[socket.socket, tuple[bytearray, float]] = {}
        self._leases = 0
        self._listening = False
        listener.setblocking(False)  # noqa: FBT003 - the library takes it by position
        jobs.setblocking(False)  # noqa: FBT003 - the library takes it by position

    @property
    def remembered(self) -> int:
        """How many circuits are remembered."""
        return len(self._circuits)

    def watch(self, descriptor: int, act: Callable[[], None]) -> None:
        """Call `act` whenever `descriptor` can be read."""
        self._selector.register(descriptor, selectors.EVENT_READ, act)

    def turn(self, seconds: float | None) -> None:
        """Wait for at most so long and do what there is to do."""
        self._listen()
        forgets = self._circuits.forget(time.monotonic())
        waits = [self._lines and LINE_SECONDS, len(self._room) and RELIEF_SECONDS, forgets, seconds]
        for key, _ in self._selector.select(min((float(wait) for wait in waits if wait), default=None)):
            key.data()
        now = time.monotonic()
        self._drop_late_lines(now)
        self._give_places(now)
        self._crowd.show(len(self._room) > 0)
        self._closing.ask(self._circuits.to_close())

    def close(self) -> None:
        """Let go of everybody who has no place yet; what was given away goes on without us."""
        for line in [*self._lines]:
            self._forget(line)
            line.close()
        for line, _ in self._room.empty():
            line.close()
        self._closing.close()
        self._selector.close()

    def _listen(self) -> None:
        """Take no more connections than there is room for; who comes later waits in the kernel's queue."""
        room = self._taken() < self._most
        if room and not self._listening:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        elif self._listening and not room:
            self._selector.unregister(self._listener)
        self._listening = room

    def _taken(self) -> int:
        return self._leases + len(self._lines) + len(self._room)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            if self._taken() >= self._most:
                return
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # nobody is waiting, or who waited has gone
            connection.setblocking(False)  # noqa: FBT003 - the library takes it by position
            if self._settings.proxy:
                self._lines[connection] = bytearray(), time.monotonic() + LINE_SECONDS
                self._selector.register(connection, selectors.EVENT_READ, lambda known=connection: self._read(known))
            else:
                self._give_away(connection, None)

    def _read(self, connection: socket.socket) -> None:
        """Read the line byte by byte: a longer read could take the beginning of a request with it."""
        line, _ = self._lines[connection]
        try:
            while len(line) < MAX_LINE and not line.endswith(b"\n"):
                byte = connection.recv(1)
                line += byte
                if not byte:
                    break
            self._forget(connection)
            circuit = circuit_of(bytes(line))
        except BlockingIOError:
            return
        except (BadProxyLine, OSError):
            self._forget(connection)
            connection.close()
            return
        self._admit(connection, circuit)

    def _admit(self, line: socket.socket, circuit: int) -> None:
        """Give a connection of a known circuit a place, or let it wait for one."""
        now = time.monotonic()
        free = self._leases + len(self._room) < self._places
        connection = self._circuits.admit(circuit, now, free=free)
        if connection is None:
            line.close()
        elif (last := self._room.add(line, connection)) is not None:
            self._let_go(*last, now)
        if free:
            self._give_places(now)

    def _give_places(self, now: float) -> None:
        """Give what places there are to those whose turn it is; when there are none, see who holds too many."""
        while self._leases < self._places and (first := self._room.first()) is not None:
            line, connection = first
            if has_gone(line):
                self._let_go(line, connection, now)
            else:
                self._give_away(line, connection)
        if now - self._relieved >= RELIEF_SECONDS and (without := self._room.without_place()):
            self._relieved = now
            self._circuits.relieve(self._places, without, now)

    def _let_go(self, line: socket.socket, connection: Connection, now: float) -> None:
        line.close()
        self._circuits.ended(connection, now)

    def _forget(self, connection: socket.socket) -> None:
        if self._lines.pop(connection, None):
            self._selector.unregister(connection)

    def _drop_late_lines(self, now: float) -> None:
        for connection in [held for held, (_, until) in self._lines.items() if until <= now]:
            self._forget(connection)
            connection.close()

    def _give_away(self, line: socket.socket, connection: Connection | None) -> None:
        lease, theirs = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            socket.send_fds(self._jobs, [b"c"], [line.fileno(), theirs])
        except OSError:  # the queue holds every connection that there may be: never seen, and then one is lost, not all
            os.close(lease)
            line.close()
            if connection is not None:
                self._circuits.ended(connection, time.monotonic())
            return
        finally:
            os.close(theirs)
        self._leases += 1
        if connection is None:
            line.close()
        else:
            self._circuits.serve(connection, time.monotonic())
            self._closing.given(lease, line, connection.circuit.number)
        self._selector.register(lease, selectors.EVENT_READ, lambda: self._hear(lease, connection))

    def _hear(self, lease: int, connection: Connection | None) -> None:
        try:
            records = os.read(lease, HEARD_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            records = b""
        if not records:
            self._ended(lease, connection)
        elif connection is not None:
            self._circuits.said(connection, records, time.monotonic())

    def _ended(self, lease: int, connection: Connection | None) -> None:
        self._selector.unregister(lease)
        self._closing.gone(lease)
        with contextlib.suppress(OSError):
            os.close(lease)
        self._leases -= 1
        if connection is not None:
            self._circuits.ended(connection, time.monotonic())


def _room_for(places: int, holds: int) -> int:
    """How many may wait, by how many files this account may have open; raises that limit where it may.

    Each place takes the end of a pipe, and `holds` files besides.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = min(max(soft, FILES), hard) if hard != resource.RLIM_INFINITY else max(soft, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(1, min(ROOM, files - places * (1 + holds) - 2 * ACCEPTED_AT_ONCE))
