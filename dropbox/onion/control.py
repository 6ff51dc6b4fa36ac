"""Tor's control port, with what goes wrong there said in a sentence. All use of stem stands here."""

import shutil
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import stem
import stem.connection
from stem.control import Controller, EventType, State
from stem.version import Version

from dropbox.onion.errors import TorFault
from dropbox.onion.settings import Place

OLDEST = "0.4.8.4"  # the first stable series with proof of work
EVENTS = (EventType.STATUS_GENERAL, EventType.STATUS_CLIENT)

_GROUP = "put this account into tor's group (adduser ACCOUNT debian-tor) and start it anew"


class Control:
    """A connection to the control port that was let in; used as a context manager."""

    def __init__(self, controller: Controller, version: str) -> None:
        """Take a controller that is authenticated."""
        self._controller, self.version = controller, version

    def __enter__(self) -> Self:
        """Nothing to do: it is connected."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._controller.close()

    @property
    def alive(self) -> bool:
        """Whether tor is still at the other end."""
        return bool(self._controller.is_alive())

    def ask(self, what: str) -> str:
        """Return what tor says to GETINFO. Raises `TorFault`."""
        return str(self._do(self._controller.get_info, what))

    def configured(self, option: str) -> list[str]:
        """Return the values of an option of tor's. Raises `TorFault`."""
        return [value for _, value in self._lines(f"GETCONF {option}")]

    def services(self) -> list[tuple[str, str]]:
        """Return the options of all onion services that tor offers by its configuration. Raises `TorFault`."""
        return self._lines("GETCONF HiddenServiceOptions")

    def offer(self, options: Iterable[tuple[str, str]]) -> None:
        """Have tor offer these services, and no others. Raises `TorFault`."""
        self._do(self._controller.set_options, list(options))

    def close_circuit(self, circuit: str) -> None:
        """Close a circuit; one that has gone already is none to close. Raises `TorFault`."""
        try:
            self._do(self._controller.close_circuit, circuit)
        except TorFault:
            if not self.alive:
                raise

    def watch(self, told: Callable[[str], None], gone: Callable[[], None]) -> None:
        """Have `told` called with each status event's text, `gone` once tor is; both from other threads."""

        def state_is(_: object, state: object, __: object) -> None:
            if state == State.CLOSED:
                gone()

        self._controller.add_status_listener(state_is)
        self._do(self._controller.add_event_listener, lambda event: told(str(event)), *EVENTS)

    def _lines(self, command: str) -> list[tuple[str, str]]:
        reply = self._do(self._controller.msg, command)
        parts = [text.partition("=") for _, _, text in reply.content()]
        return [(name, value) for name, _, value in parts]

    def _do(self, act: Callable[..., Any], *arguments: object, **named: object) -> Any:  # noqa: ANN401 -- stem has no types
        try:
            return act(*arguments, **named)
        except stem.ControllerError as error:
            said = "tor has gone" if not self.alive else f"tor refuses what it was asked: {type(error).__name__}"
            raise TorFault(f"{said}; look into its log with journalctl -u tor@default") from error


def connect(place: Place) -> Control:
    """Connect and be let in. Raises `TorFault` with what to do."""
    _knock(place)
    try:
        controller = (
            Controller.from_socket_file(str(place)) if isinstance(place, Path)
            else Controller.from_port(place.host, place.port)
        )  # fmt: skip
    except stem.SocketError as error:
        raise TorFault(f"tor does not answer at {place}: start it with systemctl start tor") from error
    try:
        controller.authenticate()
        version = controller.get_version()
    except stem.connection.UnreadableCookieFile as error:
        controller.close()
        raise TorFault(f"tor refuses the control port: its cookie cannot be read; {_GROUP}") from error
    except (stem.ControllerError, stem.connection.AuthenticationFailure) as error:
        controller.close()
        raise TorFault(f"tor refuses the control port at {place}: set CookieAuthentication 1 in its torrc, as"
                       " `dropbox-onion torrc` writes it, and restart tor") from error  # fmt: skip
    if version < Version(OLDEST):
        controller.close()
        raise TorFault(f"tor {version} is too old, without proof of work: install {OLDEST} or newer from Debian's"
                       " security updates or deb.torproject.org")  # fmt: skip
    return Control(controller, str(version))


def _knock(place: Place) -> None:
    """Raise `TorFault` unless something listens there: stem does not say why it cannot connect."""
    family, address = (
        (socket.AF_UNIX, str(place)) if isinstance(place, Path)
        else (socket.AF_INET6 if ":" in place.host else socket.AF_INET, (place.host, place.port))
    )  # fmt: skip
    with socket.socket(family) as knocking:
        try:
            knocking.connect(address)
        except PermissionError as error:
            raise TorFault(f"tor refuses the control port: {place} is closed to this account; {_GROUP}") from error
        except OSError as error:
            if shutil.which("tor") is None:
                raise TorFault("tor is not installed: apt-get install tor") from error
            raise TorFault(f"tor does not answer at {place}: start it (systemctl start tor); if it runs, give it what"
                           " `dropbox-onion torrc` writes") from error  # fmt: skip
