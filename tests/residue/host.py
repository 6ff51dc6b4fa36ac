"""An intake host as it runs in earnest: both real commands as processes, and a bureau that has published."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dropbox.courier.client import CourierClient
from dropbox.courier.signing import audience
from dropbox.protocol.sizes import MIB
from tests.gateway.bureau import Bureau
from tests.gateway.processes import Gateway, gateway
from tests.simulators.intake_instance import Instance


@dataclass(frozen=True)
class Host:
    """What runs on the host, where it keeps its files, and the desk's way to it."""

    folder: Path
    gateway: Gateway
    intake: int
    bureau: Bureau
    desk: CourierClient

    def processes(self) -> set[int]:
        """Every process of ours on the host."""
        return {self.intake, *self.gateway.all()}

    async def issue(self) -> None:
        """Publish the board as it is now."""
        await self.desk.put(f"/v1/boards/{self.bureau.recipient.hex()}", self.bureau.boards()[5:])

    async def envelopes(self) -> list[bytes]:
        """Fetch what waits, as the desk does."""
        return await envelopes_at(self.desk)


async def envelopes_at(desk: CourierClient) -> list[bytes]:
    """Fetch what waits at an intake."""
    found = []
    for entry in json.loads(await desk.get("/v1/envelopes"))["envelopes"]:
        chunks = range(-(-entry["size"] // MIB))
        pieces = [await desk.get(f"/v1/envelopes/{entry['key']}/{chunk}") for chunk in chunks]
        found.append(b"".join(pieces))
    return found


@contextlib.asynccontextmanager
async def running_host(
    folder: Path, limits: Mapping[str, int] | None = None, **settings: int | str
) -> AsyncIterator[Host]:
    """Run both commands in `folder`, whose path is short; intake's words stand in `intake.log`.

    `limits` are intake's, `settings` the gateway's.
    """
    bureau = Bureau(int(time.time()))
    instance = Instance(root=bureau.root)
    run = folder / "run"
    run.mkdir()
    instance.write_keys(folder / "keys")
    (folder / "intake.sock").symlink_to(run / "reporters.sock")
    config = folder / "intake.toml"
    config.write_text(
        f'database = "sqlite:///{folder}/intake.db"\nruntime_dir = "{run}"\nkeys_dir = "{folder}/keys"\n'
        f'root_key = "{bureau.root.public.raw.hex()}"\n[limits]\n'
        + "".join(f"{name} = {value}\n" for name, value in (limits or {}).items()),
        encoding="utf-8",
    )
    async with _intake(config, folder / "intake.log") as intake:
        desk = CourierClient.over_unix_socket(
            run / "desk.sock",
            instance.desk,
            audience("desk-courier", instance.name),
            lambda: int(time.time()),
            os.urandom,
        )
        async with desk, gateway(folder, bureau, "127.0.0.1:0", **{"warm_processes": 3} | settings) as started:
            host = Host(folder, started, intake, bureau, desk)
            await desk.put(f"/v1/bulletins/{bureau.day}/0", bureau.signed_bulletin())
            await desk.put("/v1/publication", bureau.publication())
            await host.issue()
            yield host


@contextlib.asynccontextmanager
async def _intake(config: Path, log: Path) -> AsyncIterator[int]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dropbox.intake.cli", "--config", str(config), stdout=asyncio.subprocess.PIPE,
            stderr=output,
        )  # fmt: skip
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"ready")
    yield process.pid
    process.send_signal(signal.SIGTERM)
    output_after, _ = await process.communicate()
    assert (process.returncode, output_after) == (0, b"")
