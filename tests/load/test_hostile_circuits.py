"""A hundred hostile circuits, each with all that a circuit may have, and reporters among them."""

import tempfile
from pathlib import Path

import pytest

from tests.load.crowd import SCALE, arrived, host_with
from tests.load.hostile import among, open_many_files

CIRCUITS = 100


@pytest.mark.timeout(900)  # a busy machine makes some 400 processes for them
async def test_among_a_hundred_hostile_circuits_every_honest_report_gets_through() -> None:
    open_many_files()
    texts = [f"what {number} saw" for number in range(6)]
    with tempfile.TemporaryDirectory(prefix="ho") as name:
        closing = Path(name) / "circuits.sock"
        async with host_with(proxy=True, circuits_socket=str(closing)) as host:
            figures = await among(host, closing, CIRCUITS * SCALE, texts)
            assert await arrived(host) == sorted(texts)
    assert figures.accepted == len(texts)
    assert figures.circuits_closed > 0
