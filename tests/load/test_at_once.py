"""Many reports at once: what was accepted is there, once; who was not accepted was told so."""

import pytest

from tests.bench.place import at_rest
from tests.load.crowd import SCALE, WARM, arrived, bounded, crowd, host_with


@pytest.mark.parametrize("at_once", [16, 64, 256])
async def test_everybody_who_comes_at_once_gets_through(at_once: int) -> None:
    texts = [f"what {number} saw" for number in range(at_once * SCALE)]
    async with host_with() as host:
        with bounded(host, 256):
            outcome = await crowd(host, texts, at_once)
            await at_rest(host, WARM)
        assert sorted(outcome.accepted) == sorted(texts)
        assert await arrived(host) == sorted(texts)


async def test_who_comes_after_the_last_place_of_the_day_is_told_to_come_back() -> None:
    texts = [f"what {number} saw" for number in range(64)]
    async with host_with({"envelopes_per_day": 40}) as host:
        outcome = await crowd(host, texts, 16)
        assert len(outcome.accepted) == 40
        assert outcome.broken == []
        assert await arrived(host) == sorted(outcome.accepted)


async def test_more_people_than_places_wait_and_get_through() -> None:
    texts = [f"what {number} saw" for number in range(64)]
    async with host_with(connections_at_once=12, warm_processes=4) as host:
        with bounded(host, 12):
            outcome = await crowd(host, texts, 64)
        assert sorted(outcome.accepted) == sorted(texts)
        assert await arrived(host) == sorted(texts)
