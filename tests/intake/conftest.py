"""A real intake on real sockets, in this process, so that a test can move its clock; on both databases."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dropbox.courier.client import CourierClient
from dropbox.courier.signing import CourierKey, audience
from dropbox.intake.service import serving
from dropbox.intake.settings import Settings, parse
from dropbox.intake.store import Store
from dropbox.protocol import sizes
from tests.postgres import postgres_cluster  # noqa: F401 - a fixture
from tests.simulators.intake_client import ReporterClient
from tests.simulators.intake_instance import Instance

START_DAY = 20_000


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: int = START_DAY * sizes.DAY + 40_000

    def __call__(self) -> int:
        """Unix seconds."""
        return self.now

    @property
    def day(self) -> int:
        """The UTC day."""
        return self.now // sizes.DAY

    def forward(self, days: int = 0, seconds: int = 0) -> None:
        """Let time pass."""
        self.now += days * sizes.DAY + seconds


@dataclass
class Running:
    """An intake that serves, and everyone who talks to it."""

    instance: Instance
    clock: Clock
    settings: Settings
    store: Store
    reporter: ReporterClient
    desk: CourierClient
    ministry: CourierClient

    def socket(self, name: str) -> Path:
        """The path of one of its sockets."""
        return self.settings.runtime_dir / f"{name}.sock"

    def courier(self, socket: str, key: CourierKey, role: str, clock: Callable[[], int] | None = None) -> CourierClient:
        """Another courier, with any key and audience."""
        return CourierClient.over_unix_socket(
            self.socket(socket), key, audience(role, self.instance.name), clock or self.clock, os.urandom
        )

    async def publish(self, *days: int, revision: int = 0) -> None:
        """Hand over bulletins."""
        for day in days:
            await self.desk.put(f"/v1/bulletins/{day}/{revision}", self.instance.bulletin(day, revision))


@dataclass
class World:
    """A place to start intakes in, again and again on one database."""

    folder: Path
    url: str
    instance: Instance = field(default_factory=Instance)
    clock: Clock = field(default_factory=Clock)

    def values(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a parsed settings file
        """A settings file as parsed."""
        return {
            "database": self.url,
            "runtime_dir": str(self.folder / "run"),
            "keys_dir": str(self.folder / "keys"),
            "root_key": self.instance.root.public.raw.hex(),
            **changes,
        }

    @asynccontextmanager
    async def start(self, *, limits: dict[str, int] | None = None, published: bool = True) -> AsyncIterator[Running]:
        """Serve while the body runs; with today's bulletin, unless told otherwise."""
        (self.folder / "run").mkdir(exist_ok=True)
        self.instance.write_keys(self.folder / "keys")
        settings = parse(self.values(limits=limits or {}))
        async with serving(settings, self.clock, os.urandom) as store:
            reporter = ReporterClient(settings.runtime_dir / "reporters.sock")
            running = Running(self.instance, self.clock, settings, store, reporter, *self._couriers(settings))
            async with reporter, running.desk, running.ministry:
                if published:
                    await running.publish(self.clock.day)
                yield running

    def _couriers(self, settings: Settings) -> tuple[CourierClient, CourierClient]:
        desk, ministry = (
            CourierClient.over_unix_socket(
                settings.runtime_dir / f"{name}.sock",
                key,
                audience(f"{name}-courier", self.instance.name),
                self.clock,
                os.urandom,
            )
            for name, key in (("desk", self.instance.desk), ("ministry", self.instance.ministry))
        )
        return desk, ministry


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="in") as name:
        yield Path(name)


@pytest.fixture
def sqlite_world(folder: Path) -> World:
    """A world on SQLite."""
    return World(folder, f"sqlite:///{folder}/intake.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, folder: Path) -> World:
    """A world on each database in turn."""
    if request.param == "sqlite":
        return World(folder, f"sqlite:///{folder}/intake.db")
    return World(folder, request.getfixturevalue("postgres_cluster").new_database())


@pytest.fixture
async def intake(world: World) -> AsyncIterator[Running]:
    """An intake that serves, on each database in turn."""
    async with world.start() as running:
        yield running
