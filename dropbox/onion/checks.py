"""One screen for the operator: what is wrong with tor, the keys, the clock and the sockets, and what to do."""

import socket
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from dropbox.onion.circuits import answers
from dropbox.onion.clock import bootstrap_fault, consensus_fault
from dropbox.onion.control import Control, connect
from dropbox.onion.errors import OnionError, TorFault
from dropbox.onion.keeping import faults
from dropbox.onion.record import Known, read_record
from dropbox.onion.services import Offered, Service, offered, options
from dropbox.onion.settings import Settings

WRITE_ANEW = "write its torrc anew with `dropbox-onion torrc` and restart it"
_NEVER = ("HiddenServiceSingleHopMode", "HiddenServiceNonAnonymousMode", "Sandbox")


def check(settings: Settings, now: datetime) -> Iterator[str]:
    """Give a sentence for each thing that is wrong; nothing when all is well. `now` is aware."""
    try:
        known = read_record(settings.addresses)
    except OnionError as error:
        known = {}
        yield str(error)
    yield from _keys(settings, known)
    yield from _sockets(settings)
    try:
        with connect(settings.control) as control:
            yield from _tor(settings, control, now)
    except TorFault as error:
        yield str(error)


def _keys(settings: Settings, known: Mapping[Service, Known]) -> Iterator[str]:
    try:
        settings.folder.exists() and list(settings.folder.iterdir())
    except PermissionError:
        yield f"this account cannot look into {settings.folder}: run the check as root"
        return
    for service in offered(settings):
        if service.service not in known:
            yield f"{service.service} has no key yet: run `dropbox-onion keys make`"
        else:
            yield from faults(service, known[service.service])


def _sockets(settings: Settings) -> Iterator[str]:
    if not answers(settings.circuits_socket):
        yield f"nobody has {settings.circuits_socket}: start dropbox-onion, systemctl start dropbox-onion"
    for service in offered(settings):
        if not _listens(service):
            role = "gateway" if service.service.open else "intake"
            yield (f"{service.service}: nobody listens at {service.target}: start dropbox-{role}, or see that its"
                   " settings name this place")  # fmt: skip


def _tor(settings: Settings, control: Control, now: datetime) -> Iterator[str]:
    for option in _NEVER:
        if control.configured(option) not in ([], ["0"]):
            yield f"tor runs with {option}: {WRITE_ANEW}"
    said = [(name.lower(), value) for name, value in control.services()]
    for service in offered(settings):
        if not _is_within([(name.lower(), value) for name, value in options(service)], said):
            yield f"tor does not offer {service.service} as it must: {WRITE_ANEW}"
    if fault := bootstrap_fault(control.ask("status/bootstrap-phase")):
        yield fault
    if fault := _clock(control, now):
        yield fault


def _clock(control: Control, now: datetime) -> str:
    try:
        after, until = (control.ask(f"consensus/{name}") for name in ("valid-after", "valid-until"))
    except TorFault:
        return ""  # it has no directory yet: its account of its start says so
    return consensus_fault(now, after, until) if after and until else ""


def _is_within(wanted: list[tuple[str, str]], said: list[tuple[str, str]]) -> bool:
    """Whether tor's options have these in one block: from a HiddenServiceDir to the next."""
    if wanted[0] not in said:
        return False
    rest = said[said.index(wanted[0]) + 1 :]
    ends = next((place for place, (name, _) in enumerate(rest) if name == wanted[0][0]), len(rest))
    return set(wanted[1:]) <= set(rest[:ends])


def _listens(service: Offered) -> bool:
    target = service.target
    family = socket.AF_UNIX if isinstance(target, Path) else socket.AF_INET6 if ":" in target.host else socket.AF_INET
    with socket.socket(family) as knocking:
        try:
            knocking.connect(str(target) if isinstance(target, Path) else (target.host, target.port))
        except OSError:
            return False
        return True
