"""Closing circuits for the gateway. It can ask for nothing else, and only for circuits of the reporters' own addresses.

A circuit's id comes as a datagram of four bytes. Whoever has taken over the gateway can send away visitors, as they
could already; the circuits of desk and ministry, and tor's own, stay.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from dropbox.onion.errors import SocketTaken

CIRCUIT = struct.Struct(">I")  # as tor writes it into the gateway's PROXY line
AT_ONCE = 1024  # datagrams that are read before circuits are closed
MODE = 0o660
PURPOSE = "PURPOSE=HS_SERVICE_REND"


@contextlib.contextmanager
def asking(path: Path) -> Iterator[socket.socket]:
    """Make the socket, for this account and the group of its folder; remove it afterwards. Raises `SocketTaken`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asked:
        if path.is_socket():
            if answers(path):
                raise SocketTaken(f"another process has {path}: end it first, or look whether dropbox-onion runs twice")
            path.unlink()  # left behind by a process that was killed
        before = os.umask(0o777 ^ MODE)
        try:
            asked.bind(str(path))
        except OSError as error:
            raise SocketTaken(f"the socket {path} cannot be made: {error.strerror}; make its folder, and give it to"
                              " this account and the gateway's group") from error  # fmt: skip
        finally:
            os.umask(before)
        asked.setblocking(False)  # noqa: FBT003 - the library takes it by position
        try:
            yield asked
        finally:
            path.unlink(missing_ok=True)


def answers(path: Path) -> bool:
    """Whether a process has this socket of datagrams."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking_too:
        try:
            asking_too.connect(str(path))
        except OSError:
            return False
        return True


def asked_for(asked: socket.socket) -> set[int]:
    """Read which circuits are to be closed; what is not a circuit's id is dropped."""
    found = set()
    with contextlib.suppress(BlockingIOError):
        for _ in range(AT_ONCE):
            said = asked.recv(CIRCUIT.size + 1)
            if len(said) == CIRCUIT.size:
                found.add(CIRCUIT.unpack(said)[0])
    return found


def closable(status: str, wanted: Collection[int], addresses: Iterable[str]) -> list[str]:
    """Return those of the `wanted` circuits that a visitor of one of these addresses holds.

    `status` is tor's answer to GETINFO circuit-status (control-spec, CIRC): an id, a state, a path, then keywords.
    """
    names = {f"REND_QUERY={address.removesuffix('.onion')}" for address in addresses}
    ids = {str(circuit) for circuit in wanted}
    rows = (line.split() for line in status.splitlines())
    return [row[0] for row in rows if row and row[0] in ids and PURPOSE in row and names & set(row)]
