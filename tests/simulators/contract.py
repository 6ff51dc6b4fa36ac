"""What every host promises, for the simulated one and the real one alike: a fixture gives a ``HostUnderTest``."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from dropbox.courier.client import CourierClient
from dropbox.courier.signing import CourierKey, audience
from dropbox.gateway.transport import IntakeTransport
from dropbox.intake.service import serving
from dropbox.intake.settings import parse
from dropbox.protocol import sizes
from dropbox.protocol.keys import Role
from dropbox.reporter.transport import Request, Response
from tests.gateway.threads import Unblocked
from tests.simulators.basics import FIRST_DAY, Clock
from tests.simulators.bureau import SimulatedBureau
from tests.simulators.host import SimulatedHost


class HostUnderTest(Protocol):
    """A host with nothing on it, its clock, and the desk's side of it. A desk's call that is refused raises."""

    clock: Clock
    bureau: SimulatedBureau

    async def send(self, request: Request) -> Response:
        """The reporters' side."""
        ...

    async def put_bulletin(self, day: int, revision: int, data: bytes) -> None:
        """Publishes a bulletin."""
        ...

    async def put_board(self, recipient: bytes, data: bytes) -> None:
        """Publishes a board."""
        ...

    async def put_publication(self, data: bytes) -> None:
        """Publishes a publication."""
        ...

    async def listing(self) -> list[bytes]:
        """The keys of complete envelopes."""
        ...

    async def fetch(self, key: bytes) -> bytes:
        """A whole envelope."""
        ...

    async def confirm(self, recipient: bytes, keys: list[bytes]) -> None:
        """Says that a recipient has these."""
        ...


class SimulatedHostUnderTest:
    """The simulated one."""

    def __init__(self, bureau: SimulatedBureau, clock: Clock) -> None:
        """Wraps an empty host."""
        self.clock, self.bureau = clock, bureau
        self.host = SimulatedHost(bureau.root.public, clock)

    async def send(self, request: Request) -> Response:
        """The reporters' side."""
        return await self.host.send(request)

    async def put_bulletin(self, day: int, revision: int, data: bytes) -> None:
        """Publishes a bulletin."""
        self.host.put_bulletin(data)
        assert (day, revision) in self.host.bulletins

    async def put_board(self, recipient: bytes, data: bytes) -> None:
        """Publishes a board."""
        self.host.put_board(recipient, data)

    async def put_publication(self, data: bytes) -> None:
        """Publishes a publication."""
        self.host.publication = data

    async def listing(self) -> list[bytes]:
        """The keys of complete envelopes."""
        return self.host.listing()

    async def fetch(self, key: bytes) -> bytes:
        """A whole envelope."""
        return self.host.fetch(key)

    async def confirm(self, recipient: bytes, keys: list[bytes]) -> None:
        """Says that a recipient has these."""
        self.host.confirm(recipient, keys)


class IntakeUnderTest:
    """The real one: a served intake behind its sockets, reached by the gateway's transport and the desk's courier."""

    def __init__(self, bureau: SimulatedBureau, clock: Clock, transport: Unblocked, desk: CourierClient) -> None:
        """Wraps what ``intake_under_test`` made."""
        self.clock, self.bureau, self._transport, self._desk = clock, bureau, transport, desk

    async def send(self, request: Request) -> Response:
        """The reporters' side."""
        return await self._transport.send(request)

    async def put_bulletin(self, day: int, revision: int, data: bytes) -> None:
        """Publishes a bulletin."""
        await self._desk.put(f"/v1/bulletins/{day}/{revision}", data)

    async def put_board(self, recipient: bytes, data: bytes) -> None:
        """Publishes a board."""
        await self._desk.put(f"/v1/boards/{recipient.hex()}", data)

    async def put_publication(self, data: bytes) -> None:
        """Publishes a publication."""
        await self._desk.put("/v1/publication", data)

    async def listing(self) -> list[bytes]:
        """The keys of complete envelopes."""
        return [bytes.fromhex(entry["key"]) for entry in await self._listed()]

    async def _listed(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(await self._desk.get("/v1/envelopes"))["envelopes"]
        return listed

    async def fetch(self, key: bytes) -> bytes:
        """A whole envelope."""
        size = next(entry["size"] for entry in await self._listed() if entry["key"] == key.hex())
        chunks = range(-(-size // sizes.UPLOAD_CHUNK))
        return b"".join([await self._desk.get(f"/v1/envelopes/{key.hex()}/{place}") for place in chunks])

    async def confirm(self, recipient: bytes, keys: list[bytes]) -> None:
        """Says that a recipient has these."""
        body = json.dumps({"recipient": recipient.hex(), "keys": [key.hex() for key in keys]})
        await self._desk.post("/v1/confirmations", body.encode())


@asynccontextmanager
async def intake_under_test(bureau: SimulatedBureau, clock: Clock, folder: Path) -> AsyncIterator[IntakeUnderTest]:
    """Serves an empty intake on SQLite in the folder while the body runs."""
    key, instance = CourierKey(bureau.random(32)), bureau.root.public.instance
    for name in ("run", "keys"):
        (folder / name).mkdir()
    last = FIRST_DAY + 730
    certificate = bureau.root.certify(Role.DESK_COURIER, key.public, FIRST_DAY - 30, last)
    (folder / "keys" / "desk-courier.json").write_bytes(certificate)
    settings = parse(
        {
            "database": f"sqlite:///{folder}/intake.db",
            "runtime_dir": str(folder / "run"),
            "keys_dir": str(folder / "keys"),
            "root_key": bureau.root.public.raw.hex(),
        }
    )

    def now() -> int:
        return clock.now

    async with serving(settings, now, os.urandom):
        transport = IntakeTransport(settings.runtime_dir / "reporters.sock", 60)
        name = audience(Role.DESK_COURIER.value, instance)
        desk = CourierClient.over_unix_socket(settings.runtime_dir / "desk.sock", key, name, now, os.urandom)
        with transport:
            async with desk:
                yield IntakeUnderTest(bureau, clock, Unblocked(transport), desk)
