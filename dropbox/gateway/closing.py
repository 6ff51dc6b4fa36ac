"""Sending circuits away: `dropbox-onion` closes them; where tor is on another machine, their connections are broken."""

import contextlib
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

_CIRCUIT = struct.Struct(">I")  # as dropbox/onion/circuits.py reads it


class Closing:
    """The way to the process with tor's control port: a datagram with each circuit's number. It answers nothing."""

    HOLDS = 0  # open files for each connection that is served

    def __init__(self, path: Path) -> None:
        """Open a socket; nobody needs to listen yet."""
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the library takes it by position

    def given(self, lease: int, line: socket.socket, circuit: int) -> None:
        """Let go of a connection that its process has now."""
        del lease, circuit
        line.close()

    def gone(self, lease: int) -> None:
        """The process of a connection has ended."""

    def ask(self, circuits: Iterable[int]) -> None:
        """Send the numbers; what cannot be sent at once is not: a circuit that goes on is asked for again."""
        for circuit in circuits:
            with contextlib.suppress(OSError):
                self._socket.sendto(_CIRCUIT.pack(circuit), self._path)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Breaking:
    """Connections that are served, kept open here too so that those of a circuit can be broken. None is read from.

    The circuit itself stays, so its visitor pays for no new one: that is why it is the second best.
    """

    HOLDS = 1

    def __init__(self) -> None:
        """Keep none yet."""
        self._kept: dict[int, tuple[socket.socket, int]] = {}

    def given(self, lease: int, line: socket.socket, circuit: int) -> None:
        """Keep a connection that its process has now, until `gone`."""
        self._kept[lease] = line, circuit

    def gone(self, lease: int) -> None:
        """The process of a connection has ended, and so does the connection."""
        if lease in self._kept:
            self._kept.pop(lease)[0].close()

    def ask(self, circuits: Iterable[int]) -> None:
        """Break what these circuits have open: its processes find that the visitor has gone."""
        if wanted := set(circuits):
            for line, circuit in self._kept.values():
                if circuit in wanted:
                    with contextlib.suppress(OSError):
                        line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of all; they go on without us."""
        for line, _ in self._kept.values():
            line.close()
        self._kept.clear()
