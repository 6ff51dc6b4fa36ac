"""Everything that can go wrong at the gateway, by whose fault it is. No message quotes what a visitor sent."""


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
