"""A hundred hostile circuits, each with all that a circuit may have, and reporters among them."""

import tempfile
from pathlib import Path

import pytest

from tests.load.crowd import SCALE, arrived, host_with
from tests.load.hostile import FEW, among, open_many_files

CIRCUITS = 100
PLACES = 24


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


@pytest.mark.timeout(900)
async def test_among_many_hostile_circuits_with_few_connections_every_honest_report_gets_through() -> None:
    """None of them holds more than its share, so none is closed for that: they take places by being many."""
    open_many_files()
    texts = [f"what {number} saw" for number in range(6)]
    with tempfile.TemporaryDirectory(prefix="ho") as name:
        closing = Path(name) / "circuits.sock"
        async with host_with(proxy=True, circuits_socket=str(closing), connections_at_once=PLACES) as host:
            figures = await among(host, closing, 10 * PLACES * SCALE, texts, kinds=FEW)
            assert await arrived(host) == sorted(texts)
    assert figures.accepted == len(texts)
