"""The network, as the reporter's client sees it: one method.  Adapters are a page long and live elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable


@dataclass(frozen=True)
class Request:
    """One request to the host.  ``path`` has no parameters, ever: a parameter would tell visits apart."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """The answer: an HTTP status and the whole body."""

    status: int
    body: bytes = b""


class Transport(Protocol):
    """What an adapter does."""

    def send(self, request: Request) -> Awaitable[Response]:
        """Sends one request; who awaits the result gets the answer.  Awaiting raises ``errors.TransportFailed``.

        An adapter may begin before that, so that the host works while the caller seals what comes next.  One request
        at a time: each result is awaited, and once, before another request is made.

        An upload that is under way is worth waiting for: there an adapter waits, longer each time, while the host
        cannot be reached or answers ``not_ready``, and raises ``errors.HostAway`` when it has waited long enough, with
        ``reached`` unless it could not be reached a single time.
        Nothing else is waited for: a page that says so is better than one that does not come.
        """
        ...
