"""Every way in which the protocol refuses something.

The messages say what is wrong with the bytes in general and never repeat any of them: a stranger wrote them.
"""

from __future__ import annotations

from typing import Literal


class ProtocolError(Exception):
    """Something from outside was refused, or our own input was outside the limits."""


class Malformed(ProtocolError):
    """The other side's fault: the bytes do not have the form that the specification gives."""


class NotCanonical(Malformed):
    """The other side's fault: the value is readable, but spelled in another way than the only allowed one."""


class UnknownVersion(ProtocolError):
    """The other side's fault, or ours for being old: a version, suite or kind that is not in this specification."""


class WrongSize(ProtocolError):
    """The other side's fault: a length that is not on the ladder or not the one that the format gives."""


class WrongInstance(ProtocolError):
    """The other side's fault: the document is of another instance or for another recipient."""


class BadSignature(ProtocolError):
    """The other side's fault: no valid signature by the key that had to sign."""


class OutsideDates(ProtocolError):
    """Nobody's or the other side's fault: expired, not yet valid, or the clock is wrong."""


class DoesNotOpen(ProtocolError):
    """The other side's fault: altered, cut, or sealed to other keys."""


class TooLong(ProtocolError):
    """The caller's fault: more than fits in what it should go into."""


ReceiptFault = Literal["empty", "count", "word", "digits", "checksum"]


class BadReceipt(ProtocolError):
    """The reporter's typing: not a receipt, with what the reader needs to be told about it.

    ``fault`` is ``count`` (not twelve words; ``found`` says how many), ``word`` (the word at ``position``,
    counted from 1, is in no list; ``suggestions`` are list words that look like it), ``digits`` (not 27 digits),
    ``checksum`` (each word exists, but together they are no receipt) or ``empty``.
    """

    def __init__(
        self, fault: ReceiptFault, *, position: int = 0, found: int = 0, suggestions: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"not a receipt: {fault}")
        self.fault, self.position, self.found, self.suggestions = fault, position, found, suggestions
