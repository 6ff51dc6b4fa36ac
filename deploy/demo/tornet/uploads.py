"""Which descriptors have reached their directories: until then, nobody finds an onion service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Condition
from typing import Any, Self

from deploy.demo.tornet.errors import NetworkFailed

Listener = Callable[[Any], None]


class Uploads:
    """Events of one tor about descriptors, counted; a context that stops listening at its end."""

    def __init__(self, forget: Callable[[Listener], None]) -> None:
        """``forget`` takes the listener off again."""
        self._forget = forget
        self._changed = Condition()
        self._counts: dict[str, Counter[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget(self.heard)

    def heard(self, event: Any) -> None:  # noqa: ANN401 - an event of stem's, which has no types
        """The listener; it runs in a thread of stem's."""
        with self._changed:
            self._counts.setdefault(str(event.address), Counter())[str(event.action)] += 1
            self._changed.notify_all()

    def wait_for(self, service_id: str, seconds: float) -> None:
        """Returns when every directory that tor chose has answered, and one has taken it. Raises ``NetworkFailed``."""

        def published() -> bool:
            counts = self._counts.get(service_id, Counter())
            answered = counts["UPLOADED"] + counts["FAILED"]
            return bool(counts["UPLOADED"]) and answered >= counts["UPLOAD"]

        with self._changed:
            if not self._changed.wait_for(published, seconds):
                raise NetworkFailed(f"No directory took the descriptor within {seconds:.0f} seconds.")
