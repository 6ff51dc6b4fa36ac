"""The reporter core's network, from the reporter's own machine: a visit through Tor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from dropbox.protocol import sizes
from dropbox.protocol.board_head import BOARD_MAX
from dropbox.protocol.bulletin import BULLETIN_LIMIT
from dropbox.reporter import session
from dropbox.reporter.errors import HostAway, HostNotReady, TransportFailed, VisitError
from dropbox.reporter.transport import Request, Response
from dropbox.torlink.errors import BrokenVisitError, LinkError, OversizedAnswerError
from dropbox.torlink.visitor import Visitor

_MOST: Final = {
    session.BULLETIN.path: BULLETIN_LIMIT,
    session.BOARDS.path: 1 + sizes.SLOTS * (4 + BOARD_MAX),
    session.PUBLICATION.path: sizes.PUBLICATION_LADDER[-1],
}
PATIENCE: Final = 600.0  # seconds in which an upload tries other circuits before the reporter is asked
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 60.0

Progress = Callable[[int, int], None]


class TorTransport:
    """Sends requests of one visit.  An upload waits for the host, on another circuit each time."""

    def __init__(self, visitor: Visitor, patient: Callable[[], bool], waiting: Callable[[], None]) -> None:
        """`patient` is asked, after a long while, whether to go on trying; `waiting` is told of each pause."""
        self._visitor, self._patient, self._waiting = visitor, patient, waiting
        self.progress: Progress = lambda _chunk, _bytes: None

    async def send(self, request: Request) -> Response:
        """Send one request.  Raises TransportFailed, HostAway."""
        if not request.path.startswith("/v1/uploads/") or request.method == "DELETE":
            try:
                return await self._once(request)
            except LinkError as error:
                raise HostAway("no line through Tor") from error
        until, pause, reached = time.monotonic() + PATIENCE, _FIRST_PAUSE, False
        while True:
            try:
                answer = await self._once(request)
                if not _not_ready(answer):
                    return answer
                failure: LinkError | None = None
                reached = True
            except LinkError as error:
                failure = error
            if time.monotonic() >= until:
                if not self._patient():
                    raise HostAway("no line through Tor", reached=reached) from failure
                until = time.monotonic() + PATIENCE
            self._waiting()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _once(self, request: Request) -> Response:
        """Raises LinkError where nothing was sent, TransportFailed where that is not known."""
        place = request.path.rpartition("/")[2]
        chunk = int(place) if request.method == "PUT" and place.isdigit() else 0
        try:
            answer = await self._visitor.ask(
                request.method, request.path, request.body, most=_MOST.get(request.path, session.MAX_ANSWER),
                sent=lambda count: self.progress(chunk, count),
            )  # fmt: skip
        except LinkError:
            self._visitor.renew()
            raise
        except (BrokenVisitError, OversizedAnswerError) as error:
            self._visitor.renew()
            self._waiting()
            raise TransportFailed("the line broke") from error
        return Response(answer.status, answer.body)


def _not_ready(answer: Response) -> bool:
    try:
        session.body_of(answer)
    except HostNotReady:
        return True
    except VisitError:
        pass
    return False
