"""One visit to the reporting point: on its own circuit, with the page that a browser would load, and the leaflet."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from dropbox.native import faults, front, texts
from dropbox.native.errors import BadLeaflet, Stopped
from dropbox.native.leaflet import Fingerprint, parse_address
from dropbox.native.progress import Progress
from dropbox.native.terminal import Terminal, interruptible
from dropbox.native.transport import TorTransport
from dropbox.native.witnesses import Witnesses
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.keys import RootPublicKey
from dropbox.reporter.exchange import fetch_bulletin
from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.visitor import Visitor

Result = TypeVar("Result")


def now() -> int:
    """This computer's clock, Unix seconds."""
    return int(time.time())


@dataclass
class Leaflet:
    """What was read from paper so far, kept in memory for the next visit."""

    address: OnionAddress | None = None
    fingerprint: Fingerprint | None = None


@dataclass
class Place:
    """What every dialogue needs: who is spoken with, where Tor is, and the leaflet."""

    terminal: Terminal
    socks: SocksAddress
    leaflet: Leaflet
    witnesses: Witnesses | None = None

    def believe(self, bulletin: Bulletin) -> Bulletin:
        """Keys that are verified, once those who are to have seen them have.  Raises BadHost."""
        if self.witnesses is not None:
            self.witnesses.require(bulletin)
        return bulletin

    def ask_address(self) -> OnionAddress:
        """The address from the leaflet."""
        while self.leaflet.address is None:
            try:
                self.leaflet.address = parse_address(self.terminal.ask(texts.ASK_ADDRESS))
            except BadLeaflet as error:
                self.terminal.say(error.sentence)
        return self.leaflet.address

    def require(self, root: RootPublicKey) -> RootPublicKey:
        """Compare a key with the fingerprint from the leaflet until it fits; who sees that it does not may stop."""
        while True:
            try:
                if self.leaflet.fingerprint is None:
                    self.leaflet.fingerprint = Fingerprint.parse(self.terminal.ask(texts.ASK_FINGERPRINT))
                self.leaflet.fingerprint.require(root)
            except BadLeaflet as error:
                self.leaflet.fingerprint = None
                self.terminal.say(error.sentence, **error.values)
                continue
            self.terminal.say(texts.FINGERPRINT_FITS)
            return root

    def insist(self, attempt: Callable[[], Result], doing: faults.Doing = faults.ASKING) -> Result:
        """Try until it works or the reporter stops; each failure is a sentence.  Raises Stopped."""
        while True:
            try:
                return attempt()
            except faults.FAILURES as error:
                self.tell(error, doing)
            if self.terminal.choose(texts.HOW_ON, (texts.TRY_AGAIN, texts.DO_STOP)):
                raise Stopped

    def tell(self, error: faults.Failure, doing: faults.Doing = faults.ASKING) -> None:
        """Say what went wrong."""
        self.terminal.show(faults.sentence(error, self.terminal.texts, now(), doing))


class Visit:
    """Use it as a context manager.  Its requests share a circuit, and nothing else does."""

    def __init__(self, place: Place, *, typed: bool = True) -> None:
        """Nothing is connected yet.  `typed` says that what is sent was typed, and is gone when the program ends."""
        self._terminal, self.place, self._typed = place.terminal, place, typed
        self._visitor = Visitor(place.socks, place.ask_address(), os.urandom)
        self._runner = asyncio.Runner()
        self.transport = TorTransport(self._visitor, self._patient, lambda: self._terminal.say(texts.STILL_TRYING))

    def __enter__(self) -> Self:
        """Nothing to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self._visitor.hang_up()
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of something that waits for the network.  Raises Stopped on Ctrl-C, after it was put right."""
        try:
            with interruptible():
                return self._runner.run(work)
        except KeyboardInterrupt:
            raise Stopped from None

    def open(self, page: str) -> RootPublicKey:
        """Load a page as a browser does, and give the root key in it once it fits the leaflet.

        Raises NativeError, TorlinkError.
        """
        self._terminal.say(texts.CONNECTING)
        self._visitor.renew()
        return self.place.require(self.run(front.open_front(self._visitor, page)))

    def bulletin(self, root: RootPublicKey) -> Bulletin:
        """The keys of today, verified.  Raises VisitError, ProtocolError, NativeError."""
        return self.place.believe(self.run(fetch_bulletin(self.transport, root, now())))

    def watch(self, total: int) -> None:
        """Say from now on how far an upload of so many bytes is."""
        self.transport.progress = Progress(total, time.monotonic, self._say_progress).sent

    def _say_progress(self, done: str, total: str, left: str) -> None:
        sentence = texts.PROGRESS_LEFT if left else texts.PROGRESS
        self._terminal.say(sentence, done=done, total=total, left=left)

    def _patient(self) -> bool:
        self._terminal.say(texts.LONG_AWAY if self._typed else texts.LONG_AWAY_SEALED)
        give_up = texts.GO_BACK if self._typed else texts.STOP_SENDING
        return self._terminal.choose(texts.HOW_ON, (texts.KEEP_TRYING, give_up)) == 0
