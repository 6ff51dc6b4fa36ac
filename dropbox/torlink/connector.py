"""An aiohttp connector whose every connection goes through Tor to one onion service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import aiohttp

from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.circuits import open_stream
from dropbox.torlink.errors import LinkError, StrayRequestError
from dropbox.torlink.handshake import Isolation

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace


class TorConnector(aiohttp.BaseConnector):
    """Give one to each purpose: nothing shares its circuits.

    It stands on aiohttp's base class, which cannot connect by itself: should a later aiohttp call another method than
    the one below, nothing is connected.  A class made from aiohttp's connector for TCP would then connect directly.
    """

    def __init__(self, socks: SocksAddress, onion: OnionAddress, random: Callable[[int], bytes]) -> None:
        """`random(n)` gives n bytes from the system's generator."""
        super().__init__()
        self._socks, self._onion, self._random = socks, onion, random
        self.renew()

    def renew(self) -> None:
        """Take new circuits from now on; streams that are open stay where they are."""
        self._isolation = Isolation.fresh(self._random)

    def failed(self, error: BaseException) -> str:
        """Say why a request failed, as far as Tor knows (a `Fault`, or ""), and try the next one on another circuit."""
        self.renew()
        return error.fault.value if isinstance(error, LinkError) else ""

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> ResponseHandler:
        """Open a stream.  Raises LinkError, StrayRequestError."""
        del traces, timeout  # the circuit has its own time-out; those for the answer are the session's
        if (req.url.scheme, req.url.host, req.url.port) != ("http", self._onion.name, 80) or req.proxy is not None:
            raise StrayRequestError
        sock = await open_stream(self._socks, self._onion, self._isolation)
        try:
            _, protocol = await self._loop.create_connection(self._factory, sock=sock)
        except BaseException:
            sock.close()
            raise
        return protocol
