"""Which descriptors have reached their directories: until then, nobody finds an onion service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Condition
from typing import Any, Self

from deploy.demo.tornet.errors import NetworkFailed

Listener = Callable[[Any], None]
_PERIODS = 2  # a service has a descriptor for this period and one for the next (rend-spec-v3, 2.2.1)


class Uploads:
    """Events of one tor about descriptors, counted; a context that stops listening at its end."""

    def __init__(self, forget: Callable[[Listener], None]) -> None:
        """``forget`` takes the listener off again."""
        self._forget = forget
        self._changed = Condition()
        self._counts: dict[str, Counter[str]] = {}
        self._descriptors: dict[str, set[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget(self.heard)

    def heard(self, event: Any) -> None:  # noqa: ANN401 - an event of stem's, which has no types
        """The listener; it runs in a thread of stem's."""
        with self._changed:
            self._counts.setdefault(str(event.address), Counter())[str(event.action)] += 1
            if event.action == "UPLOAD":
                self._descriptors.setdefault(str(event.address), set()).add(str(event.descriptor_id))
            self._changed.notify_all()

    def wait_for(self, service_id: str, seconds: float) -> None:
        """Returns when every directory that tor chose has answered, and one has taken it. Raises ``NetworkFailed``.

        The two descriptors may go out one after the other; visitors look for one of them only.
        """

        def published() -> bool:
            counts = self._counts.get(service_id, Counter())
            if len(self._descriptors.get(service_id, ())) < _PERIODS:
                return False
            answered = counts["UPLOADED"] + counts["FAILED"]
            return bool(counts["UPLOADED"]) and answered >= counts["UPLOAD"]

        with self._changed:
            if not self._changed.wait_for(published, seconds):
                raise NetworkFailed(f"No directory took the descriptor within {seconds:.0f} seconds.")
