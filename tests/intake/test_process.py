"""The real command as a process: it starts, says what is wrong, survives kill -9, and stops when told."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dropbox.courier.client import CourierClient
from dropbox.courier.signing import audience
from dropbox.protocol import sizes
from tests.intake.conftest import World
from tests.simulators.intake_client import ReporterClient
from tests.simulators.intake_instance import chunks, envelope

COMMAND = [sys.executable, "-m", "dropbox.intake.cli"]


def today() -> int:
    return int(time.time()) // sizes.DAY


def write_config(world: World, **changes: Any) -> Path:  # noqa: ANN401 - TOML values
    (world.folder / "run").mkdir(exist_ok=True)
    world.instance.write_keys(world.folder / "keys")
    path = world.folder / "intake.toml"
    values = {**world.values(), **changes}
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    return path


@asynccontextmanager
async def process(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *COMMAND, "--config", str(config), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert started.stdout is not None
        assert await started.stdout.readline() == b"ready\n"
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


def desk(world: World) -> CourierClient:
    return CourierClient.over_unix_socket(
        world.folder / "run" / "desk.sock",
        world.instance.desk,
        audience("desk-courier", world.instance.name),
        lambda: int(time.time()),
        os.urandom,
    )


async def test_kill_9_between_chunks_loses_nothing_accepted(world: World) -> None:
    config = write_config(world)
    day = today()
    data = envelope(4 * sizes.MIB, day)
    finished = envelope(16 * sizes.KIB, day)
    upload = os.urandom(16).hex()
    sockets = world.folder / "run"
    async with (
        process(config) as running,
        desk(world) as courier,
        ReporterClient(sockets / "reporters.sock") as reporter,
    ):
        await courier.put(f"/v1/bulletins/{day}/0", world.instance.bulletin(day))
        await reporter.upload(finished)
        for place, chunk in enumerate(chunks(data)[:2]):
            assert (await reporter.put(upload, place, chunk)).status == 200
        running.send_signal(signal.SIGKILL)
        await running.wait()
    async with process(config), desk(world) as courier, ReporterClient(sockets / "reporters.sock") as reporter:
        assert (await reporter.request("GET", f"/v1/uploads/{upload}")).json == {"chunks": 2, "finished": False}
        assert (await reporter.put(upload, 1, chunks(data)[1])).status == 200
        for place in (2, 3):
            assert (await reporter.put(upload, place, chunks(data)[place])).status == 200
        assert (await reporter.finish(upload, len(data))).status == 200
        listed = json.loads(await courier.get("/v1/envelopes"))["envelopes"]
        found = set()
        for one in listed:
            places = range(-(-one["size"] // sizes.UPLOAD_CHUNK))
            found.add(b"".join([await courier.get(f"/v1/envelopes/{one['key']}/{place}") for place in places]))
        assert found == {data, finished}


async def test_it_stops_when_told_and_says_nothing_else(sqlite_world: World) -> None:
    async with process(write_config(sqlite_world)) as running:
        for name in ("reporters", "desk", "ministry"):
            mode = (sqlite_world.folder / "run" / f"{name}.sock").stat().st_mode
            assert stat.S_ISSOCK(mode)
            assert stat.S_IMODE(mode) == 0o660
        assert stat.S_IMODE((sqlite_world.folder / "intake.db").stat().st_mode) == 0o600
        running.terminate()
        out, err = await running.communicate()
        assert (running.returncode, out, err) == (0, b"", b"")


async def test_a_second_process_on_the_same_folder_is_refused(sqlite_world: World) -> None:
    config = write_config(sqlite_world)
    async with process(config):
        second = await asyncio.to_thread(run, "--config", str(config))
        assert second.returncode == 1
        assert "Another intake" in second.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"database": "mysql://x"}, "must begin with sqlite:/// or postgresql://"),
        ({"database": "sqlite://"}, "must name a file"),
        ({"database": "sqlite:////nowhere/intake.db"}, "cannot be reached"),
        ({"database": "postgresql://nobody@/x?host=/nowhere"}, "cannot be reached"),
        ({"runtime_dir": "/nowhere"}, "runtime_dir is not a folder"),
        ({"runtime_dir": "run"}, "must be an absolute path"),
        ({"runtime_dir": "/" + "x" * 100}, "too long"),
        ({"keys_dir": "/nowhere"}, "keys_dir is not a folder"),
        ({"root_key": "00"}, "64 lower-case hexadecimal digits"),
        ({"cards_per_batch": 0}, "from 1 to 64"),
        ({"maintain_hour": 24}, "from 0 to 23"),
        ({"surprise": 1}, "Unknown setting in the settings file: surprise"),
    ],
)
def test_bad_settings_are_refused_with_a_sentence(sqlite_world: World, changes: dict[str, Any], sentence: str) -> None:
    config = write_config(sqlite_world, **changes)
    served, checked = run("--config", str(config)), run("check", "--config", str(config))
    assert (served.returncode, checked.returncode) == (1, 1)
    assert sentence in served.stderr
    assert sentence in checked.stdout
    assert "Traceback" not in served.stderr + checked.stderr


def test_check_finds_nothing_wrong_with_what_is_right(sqlite_world: World) -> None:
    checked = run("check", "--config", str(write_config(sqlite_world)))
    assert (checked.returncode, checked.stdout) == (0, "Nothing is wrong.\n")


def test_check_names_the_courier_without_a_certificate(sqlite_world: World) -> None:
    config = write_config(sqlite_world)
    (sqlite_world.folder / "keys" / "ministry-courier.json").unlink()
    checked = run("check", "--config", str(config))
    assert checked.returncode == 1
    assert "no certificate for ministry-courier" in checked.stdout


def test_a_certificate_by_another_root_stops_the_start(sqlite_world: World) -> None:
    config = write_config(sqlite_world)
    World(sqlite_world.folder, "").instance.write_keys(sqlite_world.folder / "keys")
    served = run("--config", str(config))
    assert served.returncode == 1
    assert "desk-courier.json in keys_dir is not a certificate by the pinned root key" in served.stderr


def test_a_settings_file_that_is_not_there_or_not_toml_is_said(sqlite_world: World) -> None:
    path = sqlite_world.folder / "intake.toml"
    assert "cannot be read" in run("--config", str(path)).stderr
    path.write_text("= =")
    assert "not valid TOML" in run("--config", str(path)).stderr
