"""A gateway behind a simulated Tor, and the leaflet that leads to it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dropbox.gateway.settings import Settings, Tcp
from dropbox.protocol.receipt import fingerprint_words
from dropbox.torlink.addresses import SocksAddress
from tests.gateway.bureau import Bureau, SimulatedIntake
from tests.gateway.threads import gateway_at
from tests.native.person import COMMAND, Person, sitting
from tests.simulators.socks import SimulatedTor, onion

ONION = onion("reporters")


@dataclass
class World:
    """Everything around a reporter's own machine."""

    bureau: Bureau
    intake: SimulatedIntake
    tor: SimulatedTor
    folder: Path
    cut: Callable[[], object]
    leaflet: Path = field(init=False)

    def __post_init__(self) -> None:
        self.leaflet = self.folder / "leaflet.txt"
        words = " ".join(fingerprint_words(self.bureau.root.public.fingerprint))
        self.leaflet.write_text(f"address: {ONION.name}\nfingerprint: {words}\n", encoding="utf-8")

    def sits(
        self, *arguments: str, language: str = "en", leaflet: bool = True, command: Sequence[str] = COMMAND
    ) -> AbstractContextManager[Person]:
        """Start the command with the leaflet as a file."""
        given = ["--leaflet", str(self.leaflet)] if leaflet else []
        said = [*arguments, "--language", language, "--socks", f"unix:{self.folder}/socks", *given]
        return sitting(*said, folder=self.folder, command=command)


@contextmanager
def tor_running(tor: SimulatedTor, socks: SocksAddress) -> Iterator[Callable[[], object]]:
    """A simulated Tor in a thread of its own; gives what cuts every stream that is open."""
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    ready: Future[None] = Future()

    async def serve() -> None:
        async with tor.listening(socks):
            ready.set_result(None)
            await over.wait()
        await _rest()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.result()
    try:
        yield lambda: loop.call_soon_threadsafe(tor.cut)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


async def _rest() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)  # what was closed lets go of its socket one turn later


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    bureau = Bureau(int(time.time()))
    intake = SimulatedIntake(bureau)
    settings = Settings(Path("/nowhere"), Tcp("127.0.0.1", 0), bureau.root.public, idle_seconds=60)
    folder = tmp_path / "home"
    folder.mkdir()
    with gateway_at(settings, lambda: int(time.time()), os.urandom, intake) as base:
        tor = SimulatedTor({ONION.name: int(base.rpartition(":")[2])})
        with tor_running(tor, SocksAddress(path=str(folder / "socks"))) as cut:
            yield World(bureau, intake, tor, folder, cut)
