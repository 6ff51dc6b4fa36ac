"""An auditor's way to the host: requests as the pages' visitors make them, through Tor, on circuits of one visit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from dropbox.auditor.errors import LineError
from dropbox.protocol import board_head, sizes
from dropbox.torlink.as_browsers import Kind
from dropbox.torlink.errors import BrokenVisitError, LinkError, MalformedAnswerError, OversizedAnswerError

if TYPE_CHECKING:
    from dropbox.torlink.visitor import Answer, Visitor

PAGE_MOST: Final = sizes.MIB
DATA_MOST: Final = 1 + sizes.SLOTS * (4 + board_head.BOARD_MAX)  # all boards at their largest


@dataclass(frozen=True)
class Ask:
    """One request, and what makes a browser send it."""

    kind: Kind
    path: str
    method: str = "GET"
    body: bytes = field(default=b"", repr=False)


class Line(Protocol):
    """A visitor's way to the host.  One for each visit: nothing of one is known again in the next."""

    async def ask(self, ask: Ask) -> Answer:
        """The answer.  Raises LineError."""
        ...


class OnionLine:
    """Through Tor."""

    def __init__(self, visitor: Visitor) -> None:
        """Of one visit."""
        self._visitor = visitor

    async def ask(self, ask: Ask) -> Answer:
        """The answer.  Raises LineError."""
        most = DATA_MOST if ask.kind is Kind.DATA else PAGE_MOST
        try:
            return await self._visitor.ask(ask.method, ask.path, ask.body, most=most, kind=ask.kind)
        except OversizedAnswerError:
            raise LineError("too-much", self._visitor.cut_off) from None
        except MalformedAnswerError:
            raise LineError("malformed", self._visitor.cut_off) from None
        except BrokenVisitError:
            raise LineError("broken", self._visitor.cut_off) from None
        except LinkError as error:
            raise LineError(error.fault.value) from error
