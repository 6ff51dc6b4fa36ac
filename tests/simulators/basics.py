"""What every simulated party shares: a clock that a test moves, randomness from a seed, and a way to run a visit."""

import hashlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from dropbox.protocol import sizes

FIRST_DAY = 20_600
Answer = TypeVar("Answer")


@dataclass
class Clock:
    """Unix seconds. Each party may have its own, so that one of them can be wrong."""

    now: int = FIRST_DAY * sizes.DAY + 9 * 3600

    @property
    def day(self) -> int:
        """The UTC day."""
        return self.now // sizes.DAY

    def next_day(self, days: int = 1) -> None:
        """So many days later, at the same time of day."""
        self.now += days * sizes.DAY


class Seeded:
    """Bytes that look random and are the same in every run with the same seed."""

    def __init__(self, seed: object = 0) -> None:
        """Begin the stream of this seed."""
        self._seed = repr(seed).encode()
        self._count = 0

    def __call__(self, length: int) -> bytes:
        """The next bytes of the stream."""
        self._count += 1
        return hashlib.shake_256(self._seed + b"/" + str(self._count).encode()).digest(length)


def run(visit: Coroutine[Any, Any, Answer]) -> Answer:
    """Runs a visit to a host that answers at once, without an event loop: one that waits is a fault of the test."""
    try:
        visit.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    raise AssertionError("a simulated host never waits")
