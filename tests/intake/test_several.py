"""Several intakes on one PostgreSQL, as on several hosts: together they are one."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dropbox.intake.checks import ALONE, check
from dropbox.intake.housekeeping import Housekeeping
from dropbox.intake.nonces import Nonces
from dropbox.protocol import sizes
from tests.intake.conftest import Running, World
from tests.intake.test_couriers import PUBLISH, capture, send
from tests.intake.test_process import write_config
from tests.postgres import Cluster
from tests.simulators.intake_instance import chunks, envelope

HOSTS = ("one", "two", "three")
TEXT = min(sizes.ENVELOPE_LADDER)


@pytest.fixture
def worlds(folder: Path, postgres_cluster: Cluster) -> list[World]:
    """Places for intakes that share a database, an instance and the time."""
    first = World(folder / HOSTS[0], postgres_cluster.new_database())
    places = [replace(first, folder=folder / name) for name in HOSTS]
    for place in places:
        place.folder.mkdir()
    return places


@asynccontextmanager
async def started(worlds: Sequence[World], **limits: int) -> AsyncIterator[list[Running]]:
    """Start them all at once, as after a power cut; the first one's desk publishes."""
    async with AsyncExitStack() as stack:
        starts = [world.start(limits=limits, published=False) for world in worlds]
        running = list(await asyncio.gather(*(stack.enter_async_context(start) for start in starts)))
        await running[0].publish(running[0].clock.day)
        yield running


def new() -> str:
    return os.urandom(16).hex()


async def listed(intake: Running) -> int:
    return (await intake.desk.get("/v1/envelopes")).count(b'"key"')


async def test_an_upload_goes_on_at_another_host_and_is_there_once(worlds: list[World]) -> None:
    async with started(worlds) as intakes:
        upload, data = new(), envelope(4 * sizes.MIB, intakes[0].clock.day)
        for place, chunk in enumerate(chunks(data)):
            assert (await intakes[place % 3].reporter.put(upload, place, chunk)).status == 200
        ends = [intake.reporter.finish(upload, len(data)) for intake in intakes]
        assert {answer.status for answer in await asyncio.gather(*ends)} == {200}
        assert [await listed(intake) for intake in intakes] == [1, 1, 1]


async def test_a_text_that_is_sent_to_every_host_at_once_is_there_once(worlds: list[World]) -> None:
    async with started(worlds) as intakes:
        upload, data = new(), envelope(TEXT, intakes[0].clock.day)
        sent = await asyncio.gather(*(intake.reporter.whole(upload, data) for intake in intakes))
        assert {answer.status for answer in sent} == {200}
        assert await listed(intakes[0]) == 1


async def test_the_limits_are_of_all_hosts_together(worlds: list[World]) -> None:
    async with started(worlds, envelopes_per_day=10) as intakes:
        day = intakes[0].clock.day
        sent = [intakes[number % 3].reporter.whole(new(), envelope(TEXT, day)) for number in range(24)]
        accepted = [answer.status for answer in await asyncio.gather(*sent)].count(200)
        assert accepted == 10 == await listed(intakes[2])


async def test_a_signed_request_counts_once_whichever_host_it_is_replayed_to(worlds: list[World]) -> None:
    async with started(worlds) as intakes:
        captured = capture(intakes[0], PUBLISH)
        answers = await asyncio.gather(*(send(intake, captured.request, captured.headers) for intake in intakes))
        assert sorted(answers) == ["200", "401 replayed", "401 replayed"]


async def test_what_one_host_was_given_to_publish_all_serve(worlds: list[World]) -> None:
    async with started(worlds) as intakes:
        for number, intake in enumerate(intakes):
            await intake.desk.put("/v1/publication", b"edition %d" % number)
            intake.clock.forward(seconds=1)
            served = [await other.reporter.request("GET", "/v1/publication") for other in intakes]
            assert {answer.body for answer in served} == {b"edition %d" % number}


async def test_the_daily_job_is_done_by_one_of_them(worlds: list[World], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropbox.intake.service.MAINTAIN_CHECK_SECONDS", 0.01)
    done: list[int] = []
    asked: asyncio.Queue[bool] = asyncio.Queue()
    remember = Nonces.remember

    async def overheard(nonces: Nonces, token: bytes, expires: int) -> bool:
        first = await remember(nonces, token, expires)
        asked.put_nowait(first)
        return first

    async def counted(_: Housekeeping) -> None:
        done.append(clock.day)

    clock = worlds[0].clock
    async with started(worlds):
        monkeypatch.setattr(Nonces, "remember", overheard)
        monkeypatch.setattr(Housekeeping, "maintain", counted)
        for number in range(1, 4):
            clock.forward(days=1)
            assert sorted([await asked.get() for _ in HOSTS]) == [False, False, True]
            assert len(done) == number
    assert len(set(done)) == 3


def test_check_says_when_what_is_accepted_stands_on_one_machine_only(worlds: list[World]) -> None:
    world = worlds[0]
    name, _, folder = world.url.partition("?host=")
    twice = write_config(world, database=f"{name}?host={folder}:5432&host={folder}:5432")
    assert check(twice, world.clock) == [ALONE]
    assert check(write_config(world), world.clock) == []
