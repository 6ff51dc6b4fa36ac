"""What `dropbox-onion serve` does: keeps the control port, closes circuits when the gateway asks.

Tor may restart at any time; then this connects again, after pauses that grow. What the gateway asks for meanwhile is
forgotten: circuits end with their tor. Nothing is said of circuits or visitors.
"""

import os
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from dropbox.onion.circuits import asked_for, asking, closable
from dropbox.onion.clock import skew_of
from dropbox.onion.control import Control, connect
from dropbox.onion.errors import TorFault
from dropbox.onion.keeping import require
from dropbox.onion.services import offered, options
from dropbox.onion.settings import Settings

FIRST_PAUSE, LAST_PAUSE = 0.5, 30.0  # seconds between tries to connect; twice as long each time
BATCH_PAUSE = 0.2  # seconds between two looks at tor's list of circuits, however much is asked


@dataclass(frozen=True, slots=True)
class Speaking:
    """How the operator is told: `say` on standard output, `warn` on standard error."""

    say: Callable[[str], None]
    warn: Callable[[str], None]


class Watch:
    """Runs until it is interrupted by an exception, which a signal's handler raises."""

    def __init__(self, settings: Settings, speaking: Speaking) -> None:
        """Raise `KeyFault` unless every service that is offered has an address."""
        known = require(settings)
        self._settings, self._speaking = settings, speaking
        self._addresses = [known[one.service].address for one in offered(settings) if one.service.open]
        self._events: list[str] = []
        self._wakes, self._waking = os.pipe()
        for descriptor in (self._wakes, self._waking):
            os.set_blocking(descriptor, False)

    def run(self) -> NoReturn:
        """Connect, say "ready", and serve. Raises `SocketTaken`, and `TorFault` when tor is not there at first."""
        with asking(self._settings.circuits_socket) as asked:
            control = self._connected()
            self._speaking.say("ready")
            while True:
                with control:
                    self._serve(control, asked)
                self._speaking.warn("tor has gone; trying to reach it again")
                control = self._again()
                asked_for(asked)  # its circuits have ended, and their numbers begin anew
                self._speaking.warn("tor is back")

    def _connected(self) -> Control:
        control = connect(self._settings.control)
        try:
            if self._settings.offer:
                control.offer(line for one in offered(self._settings) for line in options(one))
            control.watch(self._told, self._wake)
        except BaseException:
            control.__exit__(None, None, None)
            raise
        return control

    def _again(self) -> Control:
        pause, said = FIRST_PAUSE, ""
        while True:
            self._wait(None, pause)
            pause = min(pause * 2, LAST_PAUSE)
            try:
                return self._connected()
            except TorFault as error:
                if str(error) != said:
                    self._speaking.warn(said := str(error))

    def _serve(self, control: Control, asked: socket.socket) -> None:
        """Close what is asked for, until tor goes."""
        while control.alive:
            self._wait(asked, None)
            wanted = asked_for(asked)
            if wanted:
                try:
                    for circuit in closable(control.ask("circuit-status"), wanted, self._addresses):
                        control.close_circuit(circuit)
                except TorFault:
                    continue  # it has gone, or goes on without us
                self._wait(None, BATCH_PAUSE)

    def _wait(self, asked: socket.socket | None, seconds: float | None) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakes, selectors.EVENT_READ)
            if asked is not None:
                selector.register(asked, selectors.EVENT_READ)
            for key, _ in selector.select(seconds):
                if key.fd == self._wakes:
                    os.read(self._wakes, 4096)
        while self._events:
            if sentence := skew_of(self._events.pop(0)):
                self._speaking.warn(sentence)

    def _told(self, event: str) -> None:
        self._events.append(event)
        self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._waking, b"w")
        except BlockingIOError:
            return  # it will wake anyway
