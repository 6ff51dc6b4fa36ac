"""Tor's SOCKS port as its clients see it: onion names lead to sockets on this machine, or to one of Tor's codes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dropbox.torlink.addresses import OnionAddress, SocksAddress


def onion(label: str) -> OnionAddress:
    """An address that Tor would take, of a key that nobody holds."""
    key = hashlib.sha256(label.encode()).digest()
    checksum = hashlib.sha3_256(b".onion checksum" + key + b"\x03").digest()[:2]
    return OnionAddress(base64.b32encode(key + checksum + b"\x03").decode().lower() + ".onion")


@dataclass
class Asked:
    """One stream that somebody asked for."""

    isolation: tuple[str, str]
    name: str
    port: int


@dataclass
class SimulatedTor:
    """`services` are the sockets or ports behind onion names; `code` is Tor's answer to everything else, or to all.

    `greeting`, `granted` and `kind` are what a port says that is not Tor's.  A `silent` one never answers, one that is
    `ending` hangs up halfway.
    """

    services: Mapping[str, Path | int] = field(default_factory=dict)
    code: int | None = None
    greeting: bytes = b"\x05\x02"
    granted: bytes = b"\x01\x00"
    kind: int = 1
    silent: bool = False
    ending: bool = False
    asked: list[Asked] = field(default_factory=list)
    offered: list[bytes] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def circuits(self) -> set[tuple[str, str]]:
        """How many circuits Tor would have made: one for each isolation."""
        return {one.isolation for one in self.asked}

    def cut(self) -> None:
        """Break every stream that is open, as a Tor does that ends."""
        for writer in self._open:
            writer.close()

    @asynccontextmanager
    async def listening(self, address: SocksAddress) -> AsyncIterator[None]:
        """Serve on a Unix socket or a port while the body runs."""
        start = (
            asyncio.start_unix_server(self._serve, address.path)
            if address.path
            else asyncio.start_server(self._serve, address.host, address.port)
        )
        server = await start
        try:
            yield
        finally:
            server.close()
            self.cut()
            if address.path:
                Path(address.path).unlink()  # noqa: ASYNC240 - a file in memory

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._speak(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.silent:
            await reader.read()
            return
        _, count = await reader.readexactly(2)
        self.offered.append(await reader.readexactly(count))
        writer.write(self.greeting)
        if self.ending:
            return
        await reader.readexactly(1)
        name, password = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in range(2)]
        writer.write(self.granted)
        await reader.readexactly(4)
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(Asked((name, password), host, port))
        code = self.code if self.code is not None else 0 if host in self.services else 0xF0
        if code:
            writer.write(bytes([5, code, 0, self.kind]) + bytes(6))
            return
        try:
            behind = await self._connect(self.services[host])
        except OSError:
            writer.write(bytes([5, 5, 0, self.kind]) + bytes(6))
            return
        writer.write(bytes([5, 0, 0, self.kind]) + bytes(6))
        try:
            await self._carry((reader, writer), behind)
        finally:
            behind[1].close()  # also when the test is over and this is cancelled

    @staticmethod
    async def _connect(service: Path | int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(service, int):
            return await asyncio.open_connection("127.0.0.1", service)
        return await asyncio.open_unix_connection(str(service))

    @staticmethod
    async def _carry(
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter], far: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while part := await reader.read(1 << 16):
                    writer.write(part)
                    await writer.drain()
            writer.close()

        await asyncio.gather(one_way(near[0], far[1]), one_way(far[0], near[1]))
