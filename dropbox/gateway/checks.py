"""`dropbox-gateway check`: everything that keeps reporters from the pages, as sentences for the operator."""

import os
import socket
from pathlib import Path

from dropbox.gateway.bulletins import Bulletins
from dropbox.gateway.confinement import can_lock_memory, has_swap
from dropbox.gateway.errors import BadSettings
from dropbox.gateway.settings import Settings, read_settings
from dropbox.gateway.supervisor import UNLOCKED
from dropbox.gateway.transport import IntakeTransport
from dropbox.protocol.errors import ProtocolError
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import HostNotReady, TransportFailed, VisitError
from dropbox.reporter.exchange import fetch_boards

SECONDS = 10.0  # for intake's answer
LATE = 3600  # seconds after it was due: a board comes over Tor

_NOT_CLOSED = (
    "circuits_socket does not answer, so that no circuit is closed: start dropbox-onion, and see whether this account "
    "may write to it."
)
_OTHER = (
    "What intake serves is not for root_key, or not for today: compare root_key with the printed fingerprint, "
    "set the clock, and see whether the desk publishes."
)


def check(path: Path, now: int) -> list[str]:
    """Give what is wrong with a settings file and what it names; nothing wrong is an empty list."""
    try:
        settings = read_settings(path)
    except BadSettings as error:
        return [f"{error}."]
    return [*_listen(settings), *_circuits(settings), *_memory(), *_intake(settings, now)]


def _listen(settings: Settings) -> list[str]:
    if not isinstance(settings.listen, Path):
        return []
    found = []
    if not os.access(settings.listen.parent, os.W_OK | os.X_OK):
        found.append("The folder of listen is not one that this account may write in: make it, or run as its owner.")
    if not settings.proxy:
        found.append("proxy is false, so that no limit counts for one circuit alone: set it to true behind tor.")
    return found


def _circuits(settings: Settings) -> list[str]:
    if settings.circuits_socket is None:
        return []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(str(settings.circuits_socket))
        except OSError:
            return [_NOT_CLOSED]
    return []


def _memory() -> list[str]:
    return [f"{UNLOCKED[0].upper()}{UNLOCKED[1:]}."] if has_swap() and not can_lock_memory() else []


def _intake(settings: Settings, now: int) -> list[str]:
    try:
        with IntakeTransport(settings.intake_socket, SECONDS) as transport:
            bulletin = Bulletins(settings.root_key, lambda: now).current(transport)
            boards = run(fetch_boards(transport, bulletin, now))
    except TransportFailed:
        return ["intake_socket does not answer: start intake, and see whether this account may connect to it."]
    except HostNotReady:
        return ["Intake has no bulletin or no board: the desk has not published yet, or cannot reach intake."]
    except (VisitError, ProtocolError):
        return [_OTHER]
    if any(now > board.head.next_due + LATE for board in boards):
        return [
            "The next board is overdue: see whether the desk runs and reaches intake, and whether the clock is right."
        ]
    return []
