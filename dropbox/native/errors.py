"""What can go wrong on the reporter's own machine, and whose fault it is.  Each carries a marked sentence."""

from __future__ import annotations


class NativeError(Exception):
    """Base of this package's exceptions: a sentence that is marked for translation, and the values in it."""

    def __init__(self, sentence: str, **values: object) -> None:
        """`sentence` is looked up in the catalogue before `values` are put into it."""
        super().__init__(sentence)
        self.sentence, self.values = sentence, values


class BadFile(NativeError):
    """The reporter's machine: a file that cannot be read, written or used."""


class BadLeaflet(NativeError):
    """The reporter's typing, or a false address: an address or a fingerprint that do not fit."""


class BadWitnesses(NativeError):
    """Whoever gave the arguments: the witnesses cannot be required as they are named."""


class BadHost(NativeError):
    """The host's: what it serves cannot be used."""


class Stopped(Exception):
    """The reporter wants to stop."""
