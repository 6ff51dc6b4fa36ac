"""An inbox on each database, a bureau, and an intake behind the courier's interface."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.ministry.world import Running, World
from tests.postgres import postgres_cluster  # noqa: F401 - a fixture


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="mi") as name:
        yield Path(name)


@pytest.fixture
def sqlite_world(place: Path) -> World:
    """A world on SQLite."""
    return World(place, f"sqlite:///{place}/inbox.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, place: Path) -> World:
    """A world on each database in turn."""
    if request.param == "sqlite":
        return World(place, f"sqlite:///{place}/inbox.db")
    return World(place, request.getfixturevalue("postgres_cluster").new_database())


@pytest.fixture
async def running(world: World) -> AsyncIterator[Running]:
    """An inbox, on each database in turn; nobody is signed in."""
    async with world.start() as running:
        yield running
