"""Where connections wait while every place is taken: a circuit that has none comes before one that has some.

Among those with as many, whoever held places for less time before; then whoever came last. So a flood of circuits, each
with all that it may have, does not keep out somebody who comes once: neither by what it holds nor by waiting. When the
room is full, the last in line is let go: who waited longest of those with the most.
"""

import select
import socket
from collections.abc import Iterator
from itertools import count

from dropbox.gateway.circuits import STEP, Connection

_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR

Waiting = tuple[socket.socket, Connection]


class Room:
    """Open connections that wait; whoever takes one out closes it or gives it away."""

    def __init__(self, most: int) -> None:
        """Have room for so many."""
        self._most = most
        self._waiting: dict[int, Waiting] = {}
        self._numbers = count()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def add(self, line: socket.socket, connection: Connection) -> Waiting | None:
        """Let a connection wait; return the one that has to go instead, when there is no room."""
        self._waiting[next(self._numbers)] = line, connection
        return self._waiting.pop(max(self._waiting, key=self._turn)) if len(self._waiting) > self._most else None

    def first(self) -> Waiting | None:
        """Take out the one whose turn it is; None when nobody waits."""
        return self._waiting.pop(min(self._waiting, key=self._turn)) if self._waiting else None

    def without_place(self) -> int:
        """How many circuits wait that are served nothing."""
        return len({one.circuit.number for _, one in self._waiting.values() if not one.circuit.served})

    def empty(self) -> Iterator[Waiting]:
        """Take out everybody."""
        while self._waiting:
            yield self._waiting.popitem()[1]

    def _turn(self, number: int) -> tuple[int, int, int]:
        circuit = self._waiting[number][1].circuit
        return circuit.served, int(circuit.held // STEP), -number


def has_gone(line: socket.socket) -> bool:
    """Whether the visitor has hung up while waiting; not a byte is read to find out."""
    poll = select.poll()
    poll.register(line, _GONE)
    return bool(poll.poll(0))
