"""How often somebody may try to sign in: guessing at passwords has to stay hopeless, also for who sits on loopback."""

from collections import deque
from collections.abc import Callable
from typing import Final

ATTEMPTS: Final = 8
"""Wrong sign-ins that are forgiven, for all names together: a handful of colleagues share one desk or inbox."""

WINDOW_SECONDS: Final = 600


class Attempts:
    """The wrong sign-ins of the last ten minutes. Names are not kept: what people type there may be a password."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start with none; `clock` counts seconds and never goes back."""
        self._clock = clock
        self._failed: deque[float] = deque(maxlen=ATTEMPTS)

    def wait_seconds(self) -> int:
        """Return how long to wait before the next try: 0 when one may try now."""
        if len(self._failed) < ATTEMPTS:
            return 0
        return max(0, round(self._failed[0] + WINDOW_SECONDS - self._clock()))

    def failed(self) -> None:
        """Note a wrong sign-in."""
        self._failed.append(self._clock())
