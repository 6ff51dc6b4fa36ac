"""A circuit that opens everything it can: it gets its share, and everybody else theirs."""

from tests.gateway.processes import until
from tests.load.crowd import SCALE, WARM, Nuisance, arrived, bounded, crowd, host_with, slow, tor_line

SHARE = 16
AT_ONCE = 8


async def test_a_circuit_that_opens_everything_keeps_nobody_out() -> None:
    texts = [f"what {number} saw" for number in range(32)]
    async with host_with(proxy=True, connections_per_circuit=SHARE, connections_per_minute=10_000) as host:
        everything = Nuisance(host.gateway.port, slow(300 * SCALE), tor_line(7))
        with bounded(host, SHARE + 4 * AT_ONCE + WARM), everything as nuisance:
            await until(lambda: len(host.gateway.serving()) >= SHARE)
            outcome = await crowd(host, texts, AT_ONCE, first_circuit=1000)
            await until(lambda: nuisance.let_go >= 200)
        assert sorted(outcome.accepted) == sorted(texts)
        assert await arrived(host) == sorted(texts)


async def test_a_circuit_that_comes_again_and_again_is_slowed_down_and_keeps_nobody_out() -> None:
    texts = [f"what {number} saw" for number in range(16)]
    async with host_with(proxy=True, connections_per_minute=20) as host:
        with Nuisance(host.gateway.port, [(b"GET / HTTP/1.0\r\n\r\n", 18)] * 100, tor_line(7)) as nuisance:
            outcome = await crowd(host, texts, AT_ONCE, first_circuit=1000)
            await until(lambda: nuisance.let_go >= 100)
        assert sorted(outcome.accepted) == sorted(texts)
        assert await arrived(host) == sorted(texts)
