"""Open one stream through Tor.  Nothing else in this package leads off this machine, and this connects to Tor's socket
(`SocksAddress`) only.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.errors import Fault, LinkError
from dropbox.torlink.handshake import Isolation, handshake

OPENING_SECONDS: Final = 150
"""Tor gives up after 120 s (SocksTimeout) and then says why: it is waited for."""


async def open_stream(socks: SocksAddress, onion: OnionAddress, isolation: Isolation) -> socket.socket:
    """Give a connected, non-blocking socket whose other end is the onion service.  Raises LinkError."""
    family = socket.AF_UNIX if socks.path else socket.AF_INET6 if ":" in socks.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            await _through(sock, socks, onion, isolation)
    except BaseException as error:
        sock.close()
        if isinstance(error, TimeoutError):
            raise LinkError(Fault.EXPIRED) from None
        if isinstance(error, OSError | EOFError):
            raise LinkError(Fault.FAILED) from None  # Tor was there: the host may have seen something of it
        raise
    return sock


async def probe(socks: SocksAddress, onion: OnionAddress, random: Callable[[int], bytes]) -> None:
    """Open a stream and close it, for an operator who asks whether the way is open.  Raises LinkError."""
    (await open_stream(socks, onion, Isolation.fresh(random))).close()


async def _through(sock: socket.socket, socks: SocksAddress, onion: OnionAddress, isolation: Isolation) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(sock, socks.path or (socks.host, socks.port))
    except OSError:
        raise LinkError(Fault.TOR_DOWN) from None
    exchange = handshake(onion, isolation)
    sending, wanted = next(exchange)
    while True:
        await loop.sock_sendall(sock, sending)
        answer = b""
        while len(answer) < wanted:  # never a byte more: what follows is the service's
            part = await loop.sock_recv(sock, wanted - len(answer))
            if not part:
                raise EOFError
            answer += part
        try:
            sending, wanted = exchange.send(answer)
        except StopIteration:
            return
