"""People who send a byte a second, or nothing: they hold places, and others get through."""

from tests.gateway.processes import until
from tests.load.crowd import SCALE, WARM, Nuisance, arrived, bounded, crowd, host_with, slow


async def test_reports_get_through_beside_slow_senders() -> None:
    texts = [f"what {number} saw" for number in range(32)]
    async with host_with() as host:
        with bounded(host, 96 * SCALE + 4 * 16 + WARM), Nuisance(host.gateway.port, slow(96 * SCALE)):
            await until(lambda: len(host.gateway.serving()) >= 96 * SCALE)
            outcome = await crowd(host, texts, 16)
        assert sorted(outcome.accepted) == sorted(texts)
        assert await arrived(host) == sorted(texts)


async def test_slow_senders_who_take_every_place_and_come_back_are_let_go_each_time() -> None:
    texts = [f"what {number} saw" for number in range(4)]
    async with host_with(connections_at_once=16, idle_seconds=1) as host:
        with bounded(host, 16), Nuisance(host.gateway.port, slow(24)) as nuisance:
            await until(lambda: len(host.gateway.serving()) == 16)
            outcome = await crowd(host, texts, 4)
            assert nuisance.let_go
        assert sorted(outcome.accepted) == sorted(texts)
        assert await arrived(host) == sorted(texts)
