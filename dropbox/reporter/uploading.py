"""One envelope on its way: a few bytes at a time, asking again where the line breaks."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from dropbox.reporter import session
from dropbox.reporter.errors import HostAway, HostNotReady, OutcomeUnknown, TransportFailed, VisitError
from dropbox.reporter.session import Upload, UploadState

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from dropbox.protocol.upload_name import UploadName
    from dropbox.reporter.transport import Response, Transport

RESUME_TRIES = 5


class Uploading:
    """Sends the bytes of an envelope while the caller adds them; holds at most two chunks of them."""

    def __init__(self, transport: Transport, name: bytes | UploadName, confirmed: int = 0) -> None:
        """The host is known to have ``confirmed`` chunks of this upload: then the caller begins behind them."""
        self._transport = transport
        self._upload = Upload(name, confirmed)
        self._answer: Awaitable[Response] | None = None  # to the chunk that the host commits while the next is sealed
        self._tries = 0  # since the host last took something
        self._end_unanswered = False  # the host was given the end, and what it said was lost

    async def add(self, ciphertext: bytes) -> None:
        """More of the envelope.  Nothing is sent before more than a chunk is there or the end is reached."""
        self._upload.add(ciphertext)
        while self._upload.chunk_ready:
            await self._collect()
            self._begin()

    async def finish(self, size: int) -> None:
        """Sends the rest and waits until the host holds all ``size`` bytes.

        ``OutcomeUnknown`` means that the host may hold all of it, any other ``VisitError`` that it does not.
        """
        await self._collect()
        self._upload.end(size)
        while self._begin():
            await self._collect()
        if self._upload.state is not UploadState.DONE:
            raise OutcomeUnknown("the host did not confirm the end")

    @property
    def ending(self) -> bool:
        """Whether the end is asked for, or is next."""
        return self._upload.ending

    async def cancel(self) -> None:
        """Takes back what was uploaded of an envelope that will not be finished.

        Raises ``TransportFailed`` when that cannot be known: the line broke; ``OutcomeUnknown`` when the host calls the
        upload finished.
        """
        if self._answer is not None:
            answer, self._answer = self._answer, None
            with contextlib.suppress(VisitError):
                await answer
        response = await self._transport.send(self._upload.cancel_request())
        if response.status == session.CONFLICT:
            raise OutcomeUnknown("the host may hold all of it")

    def drop(self) -> None:
        """Leaves what was sent with the host, for the rest of its day, and an answer that nobody waits for any more."""
        answer, self._answer = self._answer, None
        if isinstance(answer, Coroutine):
            answer.close()

    def _begin(self) -> bool:
        """Sends what is next; tells whether there was something."""
        request = self._upload.next_request()
        if request is not None:
            self._answer = self._transport.send(request)
        return request is not None

    async def _collect(self) -> None:
        """Takes the answer to what was sent, if anything was, and asks the host how far it got where there is none."""
        while self._answer is not None:
            answer, self._answer = self._answer, None
            asking = self._upload.state is UploadState.ASKING
            try:
                self._upload.receive(await answer)
                self._tries *= asking
            except (TransportFailed, HostNotReady) as error:
                self._end_unanswered |= self._upload.ending and _got_there(error)
                self._tries += 1
                if self._tries > RESUME_TRIES or isinstance(error, HostAway):
                    raise self._broken() from error
                self._upload.interrupted()
                self._begin()
            except VisitError as error:
                if self._end_unanswered:
                    raise self._broken() from error
                raise

    def _broken(self) -> TransportFailed:
        if self._end_unanswered:
            return OutcomeUnknown("the host may hold all of it")
        return TransportFailed("the host was not there to be asked")


def _got_there(error: VisitError) -> bool:
    """Whether the host may have done what was asked of it."""
    return error.reached if isinstance(error, HostAway) else True
