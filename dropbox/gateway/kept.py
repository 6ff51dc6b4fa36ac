"""Something that the bureau signs, fetched and verified once for all who come within a minute.

The process that forks fetches it between two forks, so that those whom it forks have it; each looks for itself when
what it has grew old. What replaces it on the same day is seen within `KEPT_SECONDS`.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from dropbox.reporter.transport import Transport

KEPT_SECONDS = 60.0
RENEWED_SECONDS = 20.0

T = TypeVar("T")


class Kept(Generic[T]):
    """The last good one that this process knows. `elapsed` gives seconds that never go back."""

    def __init__(self, fetch: Callable[[Transport], T], elapsed: Callable[[], float]) -> None:
        """Know none. `fetch` gives a verified one, or raises."""
        self._fetch, self._elapsed = fetch, elapsed
        self._known: T | None = None
        self._at = -KEPT_SECONDS  # when it was fetched
        self._tried = -RENEWED_SECONDS

    @property
    def known(self) -> bool:
        """Whether one was ever fetched."""
        return self._known is not None

    def current(self, transport: Transport) -> T:
        """Return what is known, or fetch it where that grew old. Whether it is of today the caller must look."""
        if self._known is None or self._elapsed() >= self._at + KEPT_SECONDS:
            return self._look(transport)
        return self._known

    def renew(self, transport: Transport) -> T | None:
        """Fetch it before it grows old and return it; None where that was tried a moment ago.

        Where it raises, what was known stays known for its time.
        """
        if self._elapsed() < self._tried + RENEWED_SECONDS:
            return None
        self._tried = self._elapsed()
        return self._look(transport)

    def _look(self, transport: Transport) -> T:
        at = self._elapsed()
        self._known, self._at = self._fetch(transport), at
        return self._known
