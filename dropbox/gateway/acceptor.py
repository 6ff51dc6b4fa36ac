"""The process that listens. It sees which circuit a connection came over, and not one byte of what is sent on it.

    tor --> acceptor --(connection, lease)--> one warm process of the mother's, which serves it and ends

A connection goes, as an open file, over one socket on which every warm process waits; the kernel wakes one of them.
With it goes the end of a pipe, the lease, that only this process holds then: when it closes, the connection's process
has ended, however it ended, and its place is free. Nothing else needs to be told.

This process imports nothing that reads requests. It is one thread with plain sockets, so that it may fork.
"""

import contextlib
import os
import selectors
import socket
import time
from collections.abc import Callable

from dropbox.gateway.circuits import Circuits
from dropbox.gateway.errors import BadProxyLine
from dropbox.gateway.proxy_line import MAX_LINE, circuit_of
from dropbox.gateway.settings import Settings

LINE_SECONDS = 10.0  # tor sends its line at once
ACCEPTED_AT_ONCE = 64  # before other events are looked at


class Acceptor:
    """Takes connections from `listener` and gives them away over `jobs`, within the limits of the settings."""

    def __init__(self, settings: Settings, listener: socket.socket, jobs: socket.socket) -> None:
        """Take both sockets as they are; they are closed by who made them."""
        self._settings, self._listener, self._jobs = settings, listener, jobs
        self._circuits = Circuits(settings.connections_per_circuit, settings.connections_per_minute)
        self._selector = selectors.DefaultSelector()
        self._lines: dict[socket.socket, tuple[bytearray, float]] = {}
        self._leases = 0
        self._listening = False
        listener.setblocking(False)  # noqa: FBT003 - the library takes it by position
        jobs.setblocking(False)  # noqa: FBT003 - the library takes it by position

    def watch(self, descriptor: int, act: Callable[[], None]) -> None:
        """Call `act` whenever `descriptor` can be read."""
        self._selector.register(descriptor, selectors.EVENT_READ, act)

    def turn(self, seconds: float | None) -> None:
        """Wait for at most so long and do what there is to do."""
        self._listen()
        waits = [self._settings.proxy and self._lines and LINE_SECONDS, seconds]
        for key, _ in self._selector.select(min((float(wait) for wait in waits if wait), default=None)):
            key.data()
        self._drop_late_lines(time.monotonic())

    def close(self) -> None:
        """Let go of everybody whose circuit is not known yet; what was given away goes on without us."""
        for connection in [*self._lines]:
            self._forget(connection)
            connection.close()
        self._selector.close()

    def _listen(self) -> None:
        """Take no more connections than there may be processes; who comes later waits in the kernel's queue."""
        room = self._leases + len(self._lines) < self._settings.connections_at_once
        if room and not self._listening:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        elif self._listening and not room:
            self._selector.unregister(self._listener)
        self._listening = room

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            if self._leases + len(self._lines) >= self._settings.connections_at_once:
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
        if self._circuits.admit(circuit, time.monotonic()):
            self._give_away(connection, circuit)
        else:
            connection.close()

    def _forget(self, connection: socket.socket) -> None:
        if self._lines.pop(connection, None):
            self._selector.unregister(connection)

    def _drop_late_lines(self, now: float) -> None:
        for connection in [held for held, (_, until) in self._lines.items() if until <= now]:
            self._forget(connection)
            connection.close()

    def _give_away(self, connection: socket.socket, circuit: int | None) -> None:
        lease, theirs = os.pipe()
        try:
            socket.send_fds(self._jobs, [b"c"], [connection.fileno(), theirs])
        except OSError:  # the queue holds every connection that there may be: never seen, and then one is lost, not all
            os.close(lease)
            if circuit is not None:
                self._circuits.ended(circuit)
            return
        finally:
            os.close(theirs)
            connection.close()
        self._leases += 1
        self._selector.register(lease, selectors.EVENT_READ, lambda: self._ended(lease, circuit))

    def _ended(self, lease: int, circuit: int | None) -> None:
        self._selector.unregister(lease)
        with contextlib.suppress(OSError):
            os.close(lease)
        self._leases -= 1
        if circuit is not None:
            self._circuits.ended(circuit)
