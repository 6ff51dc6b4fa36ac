"""The daily job runs by the clock, once a day; neither a failure nor a wrong clock does harm."""

import asyncio
import json
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
        await intake.publish(clock.day + 2)
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
        await intake.publish(clock.day + 2)
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


async def kept(intake: Running) -> bool:
    """Whether the envelope that waits is there, with the bulletin that it was sealed to, and the form is alive."""
    listed = json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]
    bulletin = await intake.reporter.request("GET", "/v1/bulletin")
    return len(listed) == 1 and bulletin.body == intake.instance.bulletin(intake.clock.day)


@pytest.mark.parametrize("days", [31, 45, 60, 61, 365, 20_000])
async def test_a_start_with_a_clock_that_is_ahead_destroys_nothing_that_waits(
    world: World, days: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock, right = world.clock, world.clock.now
    async with world.start() as intake:
        await intake.publish(clock.day + 60)
        await intake.reporter.upload(envelope(16 * sizes.KIB, clock.day))
        begun = os.urandom(16).hex()
        await intake.reporter.put(begun, 0, envelope(sizes.MIB, clock.day))
    clock.forward(days=days)
    async with world.start(published=False) as intake:
        await intake.store.housekeeping.maintain()
    assert ("this host's clock does not fit" in caplog.text) is (days > 60)
    clock.now = right
    async with world.start(published=False) as intake:
        assert await kept(intake)
        assert await uploads(intake) == (1 if days > 60 else 0)


async def test_a_start_with_a_clock_that_is_behind_destroys_nothing(world: World) -> None:
    clock, right = world.clock, world.clock.now
    async with world.start() as intake:
        await intake.publish(clock.day + 60)
        await intake.reporter.upload(envelope(16 * sizes.KIB, clock.day))
        await intake.reporter.put(os.urandom(16).hex(), 0, envelope(sizes.MIB, clock.day))
    clock.forward(days=-365)
    async with world.start(published=False) as intake:
        await intake.store.housekeeping.maintain()
    clock.now = right
    async with world.start(published=False) as intake:
        assert await kept(intake)
        assert await uploads(intake) == 1


async def test_while_the_bureau_is_away_nothing_that_waits_for_it_is_deleted(world: World) -> None:
    async with world.start() as intake:
        await intake.publish(world.clock.day + 60)
        await intake.reporter.upload(envelope(16 * sizes.KIB, world.clock.day))
        world.clock.forward(days=59)
        await intake.store.housekeeping.maintain()
        assert len(json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]) == 1


async def test_an_upload_begun_under_a_clock_that_was_ahead_does_not_keep_its_place(world: World) -> None:
    clock = world.clock
    async with world.start() as intake:
        await intake.publish(clock.day + 20)
        clock.forward(days=20)
        await intake.reporter.put(os.urandom(16).hex(), 0, envelope(sizes.MIB, clock.day))
        clock.forward(days=-20)
        await intake.store.housekeeping.maintain()
        assert await uploads(intake) == 0
