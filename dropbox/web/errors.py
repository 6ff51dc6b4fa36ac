"""Everything that can go wrong in a page, by whose fault it is.

No message here ever quotes what a visitor sent.
"""


class WebError(Exception):
    """A page could not be made or served."""


class WrongSetup(WebError):
    """Our fault: a catalogue, template or setting of the page kit is wrong."""


class PageTooLarge(WebError):
    """Our fault: a personal page is larger than the largest size it may be padded to."""


class RefusedRequest(WebError):
    """The visitor's side: a form without a session, a wrong token or a request that came from another site."""
