"""What a fuzz target is, and when an input is a finding."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_CPU_SECONDS: Final = 1.0
"""Of this process, not of the clock on the wall: a busy machine is no finding."""


class TooSlowError(Exception):
    """One small input cost more than that: a stranger could send many."""


@dataclass(frozen=True)
class Target:
    """One parser. `run` returns, or raises whatever the parser should not have; `seeds` make the first corpus.

    `longest` is in bytes; `share` says how many of all cases this target gets, beside the others.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    longest: int = 4096
    share: int = 10

    def __call__(self, data: bytes) -> None:
        """Run one input. Raises TooSlowError when it is slow twice: a first run also pays for what is made once."""
        if self._cost(data) > MOST_CPU_SECONDS and self._cost(data) > MOST_CPU_SECONDS:
            raise TooSlowError

    def _cost(self, data: bytes) -> float:
        """Run one input and give its processor time, in seconds."""
        began = time.process_time()
        self.run(data)
        return time.process_time() - began
