"""Asking `dropbox-onion` to close circuits: a datagram with each circuit's number. It answers nothing."""

import contextlib
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

_CIRCUIT = struct.Struct(">I")  # as dropbox/onion/circuits.py reads it


class Closing:
    """The way to the process with tor's control port; without one, circuits are not closed."""

    def __init__(self, path: Path | None) -> None:
        """Open a socket; nobody needs to listen yet."""
        self._path = None if path is None else str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the library takes it by position

    def ask(self, circuits: Iterable[int]) -> None:
        """Send the numbers; what cannot be sent at once is not: a circuit that goes on is asked for again."""
        if self._path is None:
            return
        for circuit in circuits:
            with contextlib.suppress(OSError):
                self._socket.sendto(_CIRCUIT.pack(circuit), self._path)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
