"""The way to the host that an office's settings give: through Tor, or a socket on this machine.  There is no third."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.circuits import probe
from dropbox.torlink.connector import Reasons, TorConnector
from dropbox.torlink.errors import AddressError, LinkError

Random = Callable[[int], bytes]

NAMES: Final = ("intake_onion", "tor_socks", "intake_socket")
"""What the settings say of it."""

_THIS_MACHINE: Final = "http://intake"  # the host of request lines that no name server ever sees


@dataclass(frozen=True)
class Opened:
    """What a client needs: how to connect, scheme and host of its requests, and who is told of each failure.

    `failed` gives what the failure is to be called; "" when nothing is known.
    """

    connector: aiohttp.BaseConnector
    base: str
    failed: Callable[[BaseException], str]


@dataclass(frozen=True)
class ThroughTor:
    """To the host's onion service for this office, over Tor's SOCKS socket on this machine."""

    onion: OnionAddress
    socks: SocksAddress

    def open(self, random: Random, reasons: Reasons) -> Opened:
        """Open it for one purpose, which has circuits of its own; `reasons` are shared by all of one office."""
        tor = TorConnector(self.socks, self.onion, random, reasons)
        return Opened(tor, self.onion.url, tor.failed)

    async def faults(self, random: Random) -> list[str]:
        """Why nobody comes through, as sentences for who runs the office; none when the way is open."""
        try:
            await probe(self.socks, self.onion, random)
        except LinkError as error:
            return [str(error)]
        return []


@dataclass(frozen=True)
class OnThisMachine:
    """To the host's socket for this office, where both are one machine."""

    socket: Path

    def open(self, random: Random, reasons: Reasons) -> Opened:
        """Open it for one purpose."""
        del random, reasons  # Tor's
        return Opened(aiohttp.UnixConnector(path=str(self.socket)), _THIS_MACHINE, lambda _: "")

    async def faults(self, random: Random) -> list[str]:
        """Why nobody comes through, as sentences for who runs the office; none when the way is open."""
        del random
        there = self.socket.is_socket()
        return [] if there else ["intake_socket is not a socket: start intake, or the way to it, first."]


Way = ThroughTor | OnThisMachine


def way_of(values: Mapping[str, object]) -> Way:
    """Read the one way that parsed settings give.  Raises AddressError with a sentence."""
    given = tuple(name for name in NAMES if name in values)
    if given == ("intake_socket",):
        socket = Path(_text(values, "intake_socket"))
        if not socket.is_absolute():
            raise AddressError("The setting intake_socket must be an absolute path.")
        return OnThisMachine(socket)
    if given != ("intake_onion", "tor_socks"):
        raise AddressError("Give intake_onion and tor_socks, or else intake_socket: one of the two ways to intake.")
    return ThroughTor(OnionAddress(_text(values, "intake_onion")), SocksAddress.parse(_text(values, "tor_socks")))


def _text(values: Mapping[str, object], name: str) -> str:
    value = values[name]
    if not isinstance(value, str) or not value:
        raise AddressError(f"The setting {name} is missing or is not a text.")
    return value
