"""Waiting for what a tor will do, without guessing how long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from deploy.demo.tornet.errors import NetworkFailed

PATIENCE = 300  # seconds after which it is a failure; a busy machine is slow, never that slow
_POLL = 0.05

Found = TypeVar("Found")


def until(what: str, look: Callable[[], Found | None], patience: float = PATIENCE) -> Found:
    """Looks until there is something, and gives it. Raises ``NetworkFailed``."""
    end = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > end:
            raise NetworkFailed(f"{what} did not come within {patience:.0f} seconds.")
        time.sleep(_POLL)
    return found
