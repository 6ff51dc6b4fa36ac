"""A hundred hostile circuits, real ones, and honest reporters among them; `make bench-onion` brings a thousand."""

from typing import Final

import pytest

from deploy.demo.tornet.network import PrivateNetwork
from tests.bench.onion_flood import flood
from tests.bench.over_tor import onion_host

HOSTILE: Final = 100
HONEST: Final = 20
ENOUGH: Final = 0.95


@pytest.mark.timeout(900)
async def test_a_hundred_hostile_circuits_keep_no_honest_reporter_out(network: PrivateNetwork) -> None:
    async with onion_host(network) as host:
        outcome = await flood(host, HOSTILE, HONEST)
    figures, further = outcome.figures()
    assert further["flood_hostile_circuits"] == HOSTILE
    assert figures["flood_honest_success"] >= ENOUGH
