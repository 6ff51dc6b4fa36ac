"""Today's bulletin and what the bureau published last, as this process knows them (`kept`)."""

import contextlib
import time
from collections.abc import Callable

from dropbox.gateway.kept import Kept
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.publication import Publication
from dropbox.protocol.sizes import DAY
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import HostNotReady, VisitError
from dropbox.reporter.exchange import fetch_bulletin, fetch_publication
from dropbox.reporter.transport import Transport


class Bulletins:
    """What this process knows of bulletins. `clock` gives Unix seconds, `elapsed` seconds that never go back."""

    def __init__(
        self, root: RootPublicKey, clock: Callable[[], int], elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        """Know none."""
        self._clock = clock
        self._kept = Kept[Bulletin](lambda transport: run(fetch_bulletin(transport, root, clock())), elapsed)

    @property
    def known(self) -> bool:
        """Whether one was ever fetched."""
        return self._kept.known

    def current(self, transport: Transport) -> Bulletin:
        """Return today's bulletin. Raises `VisitError` or `ProtocolError`."""
        bulletin = self._kept.current(transport)
        bulletin.require_current(self._clock())
        return bulletin

    def renew(self, transport: Transport) -> None:
        """Fetch it before it grows old; where that fails, what was known stays known for its time."""
        with contextlib.suppress(VisitError, ProtocolError):
            self._kept.renew(transport)


class Publications:
    """What this process knows of publications, each verified with the keys of a bulletin of its day."""

    def __init__(
        self, bulletins: Bulletins, clock: Callable[[], int], elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        """Know none."""
        self._bulletins, self._clock = bulletins, clock
        self._kept = Kept[Publication](self._fetch, elapsed)

    def current(self, transport: Transport) -> Publication | None:
        """What the bureau published, or None where it cannot be had or is not valid: pages must stand without it."""
        with contextlib.suppress(VisitError, ProtocolError):
            publication = self._kept.current(transport)
            publication.require_valid(self._clock() // DAY)
            return publication
        return None

    def renew(self, transport: Transport) -> Publication | None:
        """Fetch it before it grows old; return it where there is a new one to look at."""
        with contextlib.suppress(VisitError, ProtocolError):
            return self._kept.renew(transport)
        return None

    def _fetch(self, transport: Transport) -> Publication:
        publication = run(fetch_publication(transport, self._bulletins.current(transport), self._clock()))
        if publication is None:
            raise HostNotReady("the host has no publication")
        return publication
