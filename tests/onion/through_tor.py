"""Sockets and HTTP through a tor of the private network."""

import asyncio
import socket
from http.client import HTTPConnection
from typing import Final

from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy as AsyncProxy
from python_socks.sync import Proxy

from deploy.demo.tornet.node import Node
from tests.browser.driver import wait_for

PATIENCE: Final = 240
"""Seconds; new circuits on a busy machine take their time."""


def connect(client: Node, host: str, *, isolate: str = "", port: int = 80) -> socket.socket:
    """Connect to an onion service; another `isolate` takes another circuit. Raises python-socks' errors."""
    proxy = Proxy(ProxyType.SOCKS5, "127.0.0.1", client.socks, isolate or None, isolate or None, rdns=True)
    line = proxy.connect(host, port, timeout=PATIENCE)
    line.settimeout(PATIENCE)
    return line


def connect_again(client: Node, host: str, *, isolate: str = "") -> socket.socket:
    """Connect after a circuit was closed, as a person who tries until it works: tor may not know yet that it has."""

    def trying() -> socket.socket | None:
        try:
            return connect(client, host, isolate=isolate)
        except ProxyError:
            return None

    return wait_for("a new circuit", trying, PATIENCE)


async def open_stream(
    client: Node, host: str, *, isolate: str = "", port: int = 80
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to an onion service, for a test with many at a time."""
    proxy = AsyncProxy(ProxyType.SOCKS5, "127.0.0.1", client.socks, isolate or None, isolate or None, rdns=True)
    return await asyncio.open_connection(sock=await proxy.connect(host, port, timeout=PATIENCE))


class OnionConnection(HTTPConnection):
    """HTTP to an onion service, over a stream of its own."""

    def __init__(self, client: Node, host: str, *, isolate: str = "") -> None:
        """Connects when the first request goes out."""
        super().__init__(host, timeout=PATIENCE)
        self._client, self._isolate = client, isolate

    def connect(self) -> None:
        """Connect through tor."""
        self.sock = connect(self._client, self.host, isolate=self._isolate)


def fetch(client: Node, host: str, path: str = "/", *, isolate: str = "") -> tuple[int, str]:
    """Return the status and the body of one page."""
    connection = OnionConnection(client, host, isolate=isolate)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
