"""Today's bulletin, fetched and verified once for all who come within a minute.

The process that forks fetches it between two forks, so that those whom it forks have it; each looks for itself when
what it has grew old. A bulletin that replaces another of the same day is seen within `KEPT_SECONDS`.
"""

import contextlib
import time
from collections.abc import Callable

from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import VisitError
from dropbox.reporter.exchange import fetch_bulletin
from dropbox.reporter.transport import Transport

KEPT_SECONDS = 60.0
RENEWED_SECONDS = 20.0


class Bulletins:
    """What this process knows of bulletins. `clock` gives Unix seconds, `elapsed` seconds that never go back."""

    def __init__(
        self, root: RootPublicKey, clock: Callable[[], int], elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        """Know none."""
        self._root, self._clock, self._elapsed = root, clock, elapsed
        self._known: Bulletin | None = None
        self._at = -KEPT_SECONDS  # when it was fetched
        self._tried = -RENEWED_SECONDS

    @property
    def known(self) -> bool:
        """Whether one was ever fetched."""
        return self._known is not None

    def current(self, transport: Transport) -> Bulletin:
        """Return today's bulletin. Raises `VisitError` or `ProtocolError`."""
        if self._known is None or self._elapsed() >= self._at + KEPT_SECONDS:
            return self._fetch(transport)
        self._known.require_current(self._clock())
        return self._known

    def renew(self, transport: Transport) -> bool:
        """Fetch it before it grows old, and tell whether that was done; what was known stays known for its time."""
        if self._elapsed() < self._tried + RENEWED_SECONDS:
            return False
        self._tried = self._elapsed()
        with contextlib.suppress(VisitError, ProtocolError):
            self._fetch(transport)
            return True
        return False

    def _fetch(self, transport: Transport) -> Bulletin:
        at = self._elapsed()
        bulletin = run(fetch_bulletin(transport, self._root, self._clock()))
        self._known, self._at = bulletin, at
        return bulletin
