"""An envelope that nobody can open, as a malicious gateway could put it on intake."""

import asyncio
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

from dropbox.gateway.transport import IntakeTransport
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.sizes import KIB
from dropbox.reporter.blocking import run
from dropbox.reporter.exchange import fetch_bulletin
from tests.simulators.intake_client import ReporterClient
from tests.simulators.intake_instance import envelope
from tests.system.demo import Demo


def poison(demo: Demo) -> None:
    """Put noise under a valid prefix through intake's own socket for reporters."""
    with ThreadPoolExecutor(1) as pool:  # a browser's driver has a loop running in this thread
        pool.submit(asyncio.run, _poison(demo)).result()


async def _poison(demo: Demo) -> None:
    socket = next(demo.folder.rglob("reporters.sock"))
    root = RootPublicKey.from_hex(tomllib.loads((demo.folder / "gateway.toml").read_text())["root_key"])
    with IntakeTransport(socket, 60) as transport:
        bulletin = run(fetch_bulletin(transport, root, int(time.time())))
    async with ReporterClient(socket) as client:
        await client.upload(envelope(16 * KIB, bulletin.day, bulletin.revision))
