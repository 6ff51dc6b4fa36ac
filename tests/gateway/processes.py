"""The real command, its processes, and a simulated intake on a real socket."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from dropbox.protocol.sizes import MIB
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request
from tests.gateway.bureau import Bureau, SimulatedIntake

COMMAND = [sys.executable, "-m", "dropbox.gateway.cli", "--config"]
WITHIN = 60  # seconds, of waiting for what must come


@contextlib.asynccontextmanager
async def intake_on(socket: Path, intake: SimulatedIntake) -> AsyncIterator[None]:
    """Serve a simulated intake on a real Unix socket."""

    async def answer(request: web.Request) -> web.Response:
        try:
            response = await intake.send(Request(request.method, request.path, await request.read()))
        except TransportFailed:
            assert request.transport is not None
            request.transport.abort()
            raise
        return web.Response(status=response.status, body=response.body)

    app = web.Application(client_max_size=2 * MIB)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    yield
    await runner.cleanup()


@dataclass
class Gateway:
    """A running command, and the exit status that it must end with."""

    process: asyncio.subprocess.Process
    where: str
    status: int = 0
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.where.rstrip("/").rpartition(":")[2])

    @property
    def mother(self) -> int:
        return children(self.process.pid)[0]

    def serving(self) -> set[int]:
        """The processes that serve or wait to."""
        return {child for mother in children(self.process.pid) for child in children(mother)}

    def all(self) -> set[int]:
        return {self.process.pid, *children(self.process.pid), *self.serving()}

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection; whoever forgets it has it closed in the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.lines.append(writer)
        return reader, writer

    async def hang_up(self) -> None:
        for line in self.lines:
            line.close()
            with contextlib.suppress(OSError):
                await line.wait_closed()


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except FileNotFoundError:
        return []


def lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def until(what: Callable[[], object]) -> None:
    """Wait for something that must come to be so."""
    async with asyncio.timeout(WITHIN):
        while not what():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def gateway(
    folder: Path, bureau: Bureau, listen: str = "127.0.0.1:0", **settings: int | str
) -> AsyncIterator[Gateway]:
    """Start the command; afterwards not a byte may stand in its outputs, and none of its processes may be left."""
    config = folder / "gateway.toml"
    lines: dict[str, object] = {
        "intake_socket": str(folder / "intake.sock"),
        "listen": listen,
        "root_key": bureau.root.public.raw.hex(),
    }
    lines |= settings
    config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *COMMAND, str(config), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    ready = (await process.stdout.readline()).decode()
    assert ready.startswith("ready "), (ready, await process.stderr.read() if process.stderr else b"")
    running = Gateway(process, ready.removeprefix("ready ").strip())
    everyone = running.all()
    try:
        yield running
    finally:
        await running.hang_up()
        if process.returncode is None:
            everyone |= running.all()
            process.send_signal(signal.SIGTERM)
        out, err = await process.communicate()
        assert process.returncode == running.status
        assert (out, err) == (b"", b"")
        assert not [pid for pid in everyone if lives(pid)]
