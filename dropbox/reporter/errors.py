"""How a visit can end badly, and whose fault it is."""

from __future__ import annotations


class VisitError(Exception):
    """A visit that cannot go on."""


class HostFull(VisitError):
    """The host's limit: it takes no more for now.  Nothing that was accepted is lost; try later."""


class HostNotReady(VisitError):
    """The bureau's or the host's fault: there is no bulletin or no board to be had."""


class HostRefused(VisitError):
    """Ours, or a host that does not keep to the protocol: the request was refused and repeating it will not help."""


class WrongDay(HostRefused):
    """Nobody's, or a clock's: sealed for a day that the host does not take now, or to keys that it does not hold."""


class UploadTaken(HostRefused):
    """Somebody else's: other bytes than ours stand under this name."""


class UploadLost(VisitError):
    """The upload is no longer there: it was swept after a day, or cancelled.  Send again from the beginning."""


class TransportFailed(VisitError):
    """The line's fault: no answer, or a broken connection.  What was sent so far is kept and can be resumed.

    Raised for an upload: its end was not asked for, so nothing of it was handed in.
    """


class OutcomeUnknown(TransportFailed):
    """The line's fault: the end of an upload was asked for, and no answer came.  The host may hold all of it."""


class HostAway(TransportFailed):
    """The host's fault: it cannot be reached, or its store is away, for as long as the transport waits for it.

    ``reached`` says that it has the request, and may have done what was asked before its store went away.
    """

    def __init__(self, message: str = "", *, reached: bool = False) -> None:
        super().__init__(message)
        self.reached = reached
