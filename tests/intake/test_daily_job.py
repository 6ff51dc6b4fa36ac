"""The daily job runs by the clock, once a day, and a failure does not end it."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from dropbox.protocol import sizes
from dropbox.storage.database import Database
from dropbox.storage.errors import DatabaseFullError
from tests.intake.conftest import Running, World
from tests.simulators.intake_instance import envelope


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the clock often."""
    monkeypatch.setattr("dropbox.intake.service.MAINTAIN_CHECK_SECONDS", 0.01)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 - it is the database that changes: nothing could set an event
        await asyncio.sleep(0.01)


async def uploads(intake: Running) -> int:
    async with intake.store.context.database.read() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM uploads")) or 0)


@pytest.mark.usefixtures("quick")
async def test_it_runs_when_its_hour_comes(sqlite_world: World) -> None:
    clock = sqlite_world.clock
    clock.now = clock.day * sizes.DAY + 2 * 3600
    async with sqlite_world.start() as intake:
        await intake.reporter.put(os.urandom(16).hex(), 0, envelope(sizes.MIB, clock.day))
        clock.forward(days=2)  # two in the morning: the job of the day before is due, and the upload is over

        async def swept() -> bool:
            return await uploads(intake) == 0

        await until(swept)


@pytest.mark.usefixtures("quick")
async def test_a_failure_is_said_and_the_next_day_it_runs_again(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = sqlite_world.clock
    caplog.set_level(logging.ERROR, "dropbox.intake")
    async with sqlite_world.start() as intake:
        await intake.reporter.put(os.urandom(16).hex(), 0, envelope(sizes.MIB, clock.day))

        async def full(_: Database, **_options: bool) -> None:
            raise DatabaseFullError

        async def failed() -> bool:
            return "The daily job failed: The database has no room left" in caplog.text

        async def swept() -> bool:
            return await uploads(intake) == 0

        with monkeypatch.context() as patched:
            patched.setattr(Database, "vacuum", full)
            clock.forward(days=1)
            await until(failed)
        assert await uploads(intake) == 1
        clock.forward(days=1)
        await until(swept)
