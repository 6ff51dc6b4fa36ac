"""Asking for a secret: at the terminal, or out of a file; never on the command line, which every process can read."""

from __future__ import annotations

import getpass
import warnings

from dropbox.storage.errors import NoTerminalError, NothingEnteredError


def ask(said: str, option: str) -> str:
    """What somebody types, unseen.  `option` is what names a file instead.

    Raises NoTerminalError where nobody can be asked: Python would read what comes in and show it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"{said}: ")
    except getpass.GetPassWarning:
        raise NoTerminalError(option) from None
    except EOFError:
        raise NothingEnteredError from None


def ask_new(said: str, option: str) -> str | None:
    """The same for a secret that is new, typed twice; None where the two differ."""
    secret = ask(said, option)
    return secret if ask("Once more", option) == secret else None
