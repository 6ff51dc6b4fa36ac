"""A disk that is full in the middle of an upload: the reporter is told, nothing accepted is lost, and it goes on."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropbox.protocol import sizes
from tests.intake.conftest import World
from tests.simulators.intake_instance import chunks, envelope


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MiB."""
    if os.geteuid() != 0:
        pytest.skip("a disk of one's own needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def enlarge(disk: Path) -> None:
    """The operator makes room."""
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)


async def test_an_upload_that_fills_the_disk_is_told_so_and_goes_on_once_there_is_room(
    disk: Path, sqlite_world: World
) -> None:
    world = World(sqlite_world.folder, f"sqlite:///{disk}/intake.db")
    async with world.start() as intake:
        kept, large, upload = (
            envelope(16 * sizes.KIB, intake.clock.day),
            envelope(16 * sizes.MIB, intake.clock.day),
            "ab" * 16,
        )
        await intake.reporter.upload(kept)
        taken = 0
        while (answer := await intake.reporter.put(upload, taken, chunks(large)[taken])).status == 200:
            taken += 1
        assert 0 < taken < 16
        assert answer.error == "507 full"
        listed = json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]
        assert len(listed) == 1, "nothing half-received is visible"
        assert await intake.desk.get(f"/v1/envelopes/{listed[0]['key']}/0") == kept
        await asyncio.to_thread(enlarge, disk)
        where = (await intake.reporter.request("GET", f"/v1/uploads/{upload}")).json
        assert where == {"chunks": taken, "finished": False}
        for place in range(taken, 16):
            assert (await intake.reporter.put(upload, place, chunks(large)[place])).status == 200
        assert (await intake.reporter.finish(upload, len(large))).status == 200
        assert len(json.loads(await intake.desk.get("/v1/envelopes"))["envelopes"]) == 2
