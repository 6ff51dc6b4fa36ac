"""Cards to the ministry, outcomes back: batches of one size, collected once."""

import json
import os

import pytest

from dropbox.courier.client import CourierClient
from dropbox.courier.errors import PeerError, RefusedError
from dropbox.protocol import sizes
from tests.intake.conftest import Running, World

BATCH = 4 * sizes.CARD


async def waiting(courier: CourierClient, box: str) -> list[str]:
    found = json.loads(await courier.get(f"/v1/{box}"))["keys"]
    assert found == sorted(found)
    return [str(name) for name in found]


@pytest.mark.parametrize("box", ["cards", "outcomes"])
async def test_a_batch_travels_and_is_gone_once_collected(intake: Running, box: str) -> None:
    sender, collector = (intake.desk, intake.ministry) if box == "cards" else (intake.ministry, intake.desk)
    name, body = os.urandom(16).hex(), os.urandom(BATCH)
    await sender.put(f"/v1/{box}/{name}", body)
    await sender.put(f"/v1/{box}/{name}", body)
    assert await waiting(collector, box) == [name]
    assert await collector.get(f"/v1/{box}/{name}") == body
    confirmation = json.dumps({"keys": [name, "00" * 16]}).encode()
    for _ in range(2):
        await collector.post(f"/v1/{box}/confirmations", confirmation)
    assert await waiting(collector, box) == []
    await sender.put(f"/v1/{box}/{name}", body)  # the answer was lost: asking again does not bring it back
    assert await waiting(collector, box) == []
    with pytest.raises(RefusedError, match="unknown_key"):
        await collector.get(f"/v1/{box}/{name}")


async def test_nobody_reads_the_box_that_it_fills(intake: Running) -> None:
    for courier, box in ((intake.desk, "cards"), (intake.ministry, "outcomes")):
        with pytest.raises(RefusedError, match=r"status 40[45]"):
            await courier.get(f"/v1/{box}")
    with pytest.raises(RefusedError, match="status 404"):
        await intake.ministry.get("/v1/envelopes")


async def test_other_sizes_and_other_bytes_are_refused(intake: Running) -> None:
    name = os.urandom(16).hex()
    for size in (0, sizes.CARD, BATCH - 1):
        with pytest.raises(RefusedError, match="bad_size"):
            await intake.desk.put(f"/v1/cards/{name}", bytes(size))
    with pytest.raises(RefusedError, match="too_large"):
        await intake.desk.put(f"/v1/cards/{name}", bytes(BATCH + 1))
    await intake.desk.put(f"/v1/cards/{name}", bytes(BATCH))
    with pytest.raises(RefusedError, match="conflict"):
        await intake.desk.put(f"/v1/cards/{name}", os.urandom(BATCH))


async def test_a_full_mailbox_says_full(world: World) -> None:
    async with world.start(limits={"batches_waiting": 1}) as intake:
        await intake.desk.put(f"/v1/cards/{os.urandom(16).hex()}", bytes(BATCH))
        with pytest.raises(PeerError, match="full"):
            await intake.desk.put(f"/v1/cards/{os.urandom(16).hex()}", bytes(BATCH))
        await intake.ministry.put(f"/v1/outcomes/{os.urandom(16).hex()}", bytes(BATCH))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"keys": 1}', b'{"keys": ["x"]}', b'{"keys": [], "more": 1}', b'{"keys": [1]}', b"\xff"]
)
async def test_a_malformed_confirmation_is_refused(sqlite_world: World, body: bytes) -> None:
    async with sqlite_world.start() as intake:
        with pytest.raises(RefusedError, match="bad_request"):
            await intake.ministry.post("/v1/cards/confirmations", body)
