"""An aiohttp connector whose every connection goes through Tor to one onion service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.circuits import open_stream
from dropbox.torlink.errors import Fault, LinkError, StrayRequestError
from dropbox.torlink.handshake import Isolation

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace


class ConnectorLinkError(LinkError, aiohttp.ClientConnectionError):
    """A LinkError on the way of aiohttp: who catches its failed connections catches it."""


@dataclass
class Reasons:
    """Why the service was not found the last time: once every directory was asked, Tor says "not yet" only."""

    last: Fault | None = None

    def of(self, fault: Fault) -> Fault:
        """What to say: the reason itself, not that it was told already."""
        if fault is not Fault.NOT_YET or self.last is None:
            self.last = fault
        return self.last


class TorConnector(aiohttp.BaseConnector):
    """Give one to each purpose: nothing shares its circuits.

    It stands on aiohttp's base class, which cannot connect by itself: should a later aiohttp call another method than
    the one below, nothing is connected.  A class made from aiohttp's connector for TCP would then connect directly.
    """

    def __init__(
        self, socks: SocksAddress, onion: OnionAddress, random: Callable[[int], bytes], reasons: Reasons | None = None
    ) -> None:
        """`random(n)` gives n bytes from the system's generator; `reasons` are shared by those with one target."""
        super().__init__()
        self._socks, self._onion, self._random, self._reasons = socks, onion, random, reasons or Reasons()
        self.renew()

    def renew(self) -> None:
        """Take new circuits from now on; streams that are open stay where they are."""
        self._isolation = Isolation.fresh(self._random)

    def failed(self, error: BaseException) -> str:
        """Say why a request failed, as far as Tor knows (a `Fault`, or ""), and try the next one on another circuit."""
        self.renew()
        return self._reasons.of(error.fault).value if isinstance(error, LinkError) else ""

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> ResponseHandler:
        """Open a stream.  Raises ConnectorLinkError, StrayRequestError."""
        del traces, timeout  # the circuit has its own time-out; those for the answer are the session's
        if (req.url.scheme, req.url.host, req.url.port) != ("http", self._onion.name, 80) or req.proxy is not None:
            raise StrayRequestError
        try:
            sock = await open_stream(self._socks, self._onion, self._isolation)
        except LinkError as error:
            raise ConnectorLinkError(error.fault) from None
        self._reasons.last = None
        try:
            _, protocol = await self._loop.create_connection(self._factory, sock=sock)
        except BaseException:
            sock.close()
            raise
        return protocol
