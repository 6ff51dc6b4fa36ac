"""The real command, with a real socket to intake."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from dropbox.protocol.sizes import MIB
from tests.gateway.bureau import Bureau, SimulatedIntake
from tests.gateway.conftest import BOUNDARY, encode_form, form_type, parts_of
from tests.gateway.processes import COMMAND, gateway, intake_on
from tests.web.inspection import assert_clean

UPLOAD_MIB = 300
GROWTH_MIB = 24


async def test_a_report_through_real_processes_and_sockets_leaves_no_word_in_any_output(tmp_path: Path) -> None:
    bureau = Bureau(int(time.time()))
    intake = SimulatedIntake(bureau)
    async with (
        intake_on(tmp_path / "intake.sock", intake),
        gateway(tmp_path, bureau) as running,
        aiohttp.ClientSession() as client,
    ):
        async with client.get(f"{running.where}en/report") as answer:
            fields = assert_clean(await answer.text()).fields
        fields.pop("files")
        body = encode_form([*parts_of(fields | {"text": "planted"}), ("files", b"planted", "planted.txt")])
        async with client.post(f"{running.where}en/report", data=body, headers=form_type()) as answer:
            assert answer.status == 200
            assert_clean(await answer.text())
        async with client.post(f"{running.where}en/report", data=b"planted", headers=form_type()) as answer:
            assert answer.status == 400
    assert bureau.open(intake.envelopes[0]).files == [("planted.txt", b"planted")]
    # `gateway` has looked at both outputs: not a byte in them.


async def test_it_listens_on_a_unix_socket_that_others_cannot_use(tmp_path: Path) -> None:
    socket = tmp_path / "gateway.sock"
    async with gateway(tmp_path, Bureau(), str(socket)) as running:
        assert running.where == str(socket)
        assert socket.stat().st_mode & 0o777 == 0o660
        connector = aiohttp.UnixConnector(str(socket))
        async with aiohttp.ClientSession(connector=connector) as client, client.get("http://x/nl/") as answer:
            assert answer.status == 200
    async with gateway(tmp_path, Bureau(), str(socket)):
        assert socket.is_socket()


async def test_a_socket_that_another_gateway_has_is_left_to_it(tmp_path: Path) -> None:
    socket = tmp_path / "gateway.sock"
    async with gateway(tmp_path, Bureau(), str(socket)):
        second = await asyncio.create_subprocess_exec(
            *COMMAND, str(tmp_path / "gateway.toml"), stderr=asyncio.subprocess.PIPE
        )
        _, err = await second.communicate()
        assert second.returncode == 2
        assert err.decode() == f"dropbox-gateway: another process listens at {socket}: end it first\n"
        connector = aiohttp.UnixConnector(str(socket))
        async with aiohttp.ClientSession(connector=connector) as client, client.get("http://x/nl/") as answer:
            assert answer.status == 200


async def test_an_intake_that_hangs_up_is_a_page_and_not_a_crash(tmp_path: Path) -> None:
    bureau = Bureau(int(time.time()))
    intake = SimulatedIntake(bureau)
    intake.away = True
    async with gateway(tmp_path, bureau) as running, aiohttp.ClientSession() as client:
        async with client.get(f"{running.where}en/report") as answer:
            assert "Reports cannot be sent just now" in await answer.text()
        async with client.get(running.where) as answer:
            assert answer.status == 200


def memory_mib(pid: int) -> float:
    """The most memory that the process ever held."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


async def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    bureau = Bureau(int(time.time()))
    intake = SimulatedIntake(bureau)
    intake.keep = False

    async def body(head: bytes, pieces: int) -> AsyncIterator[bytes]:
        yield head
        for _ in range(pieces):
            yield bytes(MIB)
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    async with (
        intake_on(tmp_path / "intake.sock", intake),
        gateway(tmp_path, bureau) as running,
        aiohttp.ClientSession() as client,
    ):
        levels = []
        for pieces in (4, UPLOAD_MIB):
            async with client.get(f"{running.where}en/report") as answer:
                fields = assert_clean(await answer.text()).fields
            fields.pop("files")
            end = f"\r\n--{BOUNDARY}--\r\n".encode()
            head = encode_form([*parts_of(fields), ("files", b"", "large.bin")]).removesuffix(end)
            async with client.post(f"{running.where}en/report", data=body(head, pieces), headers=form_type()) as answer:
                assert answer.status == 200
            levels.append(max(map(memory_mib, running.all())))
    assert levels[1] - levels[0] < GROWTH_MIB


@pytest.mark.parametrize("config", ["", 'listen = "0.0.0.0:80"', "unknown = 1"])
async def test_bad_settings_end_with_a_sentence(tmp_path: Path, config: str) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(config, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(*COMMAND, str(file), stderr=asyncio.subprocess.PIPE)
    _, err = await process.communicate()
    assert process.returncode == 2
    assert err.startswith(b"dropbox-gateway: ")
    assert b"Traceback" not in err


FORBIDDEN = """
import os, sys, tempfile
from dropbox.gateway.confinement import forbid_writing
from dropbox.gateway.errors import WriteRefused
path = sys.argv[1]
before = open(path + "/before", "w")
forbid_writing()
ways = [
    lambda: open(path + "/a", "w"), lambda: open(path + "/a", "ab"), lambda: open(path + "/a", "x"),
    lambda: open(path + "/before", "r+"), lambda: os.open(path + "/a", os.O_CREAT | os.O_WRONLY),
    lambda: os.open(path + "/before", os.O_RDWR), lambda: tempfile.TemporaryFile(), lambda: tempfile.mkstemp(),
    lambda: tempfile.SpooledTemporaryFile(max_size=1).write(b"xx"), lambda: tempfile.mkdtemp(),
]
for way in ways:
    try:
        way()
    except WriteRefused:
        continue
    sys.exit(1)
open(path + "/before").read()
try:
    before.write("x" * 100000)
    before.flush()
except OSError:
    os._exit(0)
os._exit(2)
"""


async def test_a_confined_process_writes_no_file_in_any_way(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", FORBIDDEN, str(tmp_path))
    assert await process.wait() == 0
    assert {entry.name: entry.stat().st_size for entry in tmp_path.glob("*")} == {"before": 0}  # noqa: ASYNC240 - a test
