"""What can go wrong while keys are made, one sentence each, with what to do."""

from __future__ import annotations


class CeremonyError(Exception):
    """Something is not as it should be; nothing was changed."""


class AlreadyThere(CeremonyError):
    """The operator's slip: a file that would be overwritten exists.  Keys are never replaced by accident."""


class Unreadable(CeremonyError):
    """A file is missing, damaged, or not what it should be."""


class CommandFailed(CeremonyError):
    """One of the commands that make an instance failed; its own message stands above."""
