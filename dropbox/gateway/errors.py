"""Everything that can go wrong at the gateway, by whose fault it is. No message quotes what a visitor sent."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropbox.web.failures import Failure  # the acceptor's process, which uses this module, must not load it


class GatewayError(Exception):
    """Something at the gateway went wrong."""


class BadSettings(GatewayError):
    """The operator's fault: the settings file is missing, unreadable, or says something that it may not say."""


class NotStarted(GatewayError):
    """Our fault: the processes that serve did not come up."""


class BadProxyLine(GatewayError):
    """The fault of whoever connects: what came first is not the line that tor puts before a stream."""


class WriteRefused(GatewayError):
    """Our fault: code in this process tried to open a file for writing."""


class Failed(GatewayError):
    """A view cannot answer as it should: `failure` is the page that is shown instead."""

    def __init__(self, failure: "Failure") -> None:
        """Take the page."""
        super().__init__(failure.title)
        self.failure = failure


class BrokenRequest(GatewayError):
    """The visitor's line broke within a request, or what came is not HTTP."""


class FormError(GatewayError):
    """The visitor's browser, or a stranger with another program, sent a form that cannot be taken."""


class MalformedForm(FormError):
    """The form is cut, damaged, in an order that our pages do not send, or has fields that they do not have."""


class FormTooLarge(FormError):
    """The form is larger than a report may be."""


class FormTooSlow(FormError):
    """Nothing came for so long that the line must be broken."""


class FormDrips(FormTooSlow):
    """The form comes in, but so slowly that it would hold a place on the host for hours."""


class TooManyFiles(FormError):
    """The visitor chose more files than a report may have."""
