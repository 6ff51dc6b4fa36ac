"""`dropbox-gateway check`: what an operator is told, on one screen."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from dropbox.protocol.secret_keys import RootSecretKey
from tests.gateway.bureau import PERIOD, Bureau, SimulatedIntake
from tests.gateway.processes import COMMAND, intake_on

FINE = "Nothing is wrong.\n"


def settings(folder: Path, bureau: Bureau, **changed: object) -> Path:
    path = folder / "gateway.toml"
    values = {
        "intake_socket": str(folder / "intake.sock"),
        "listen": "127.0.0.1:0",
        "root_key": bureau.root.public.raw.hex(),
    } | changed
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), encoding="utf-8")
    return path


async def check(path: Path) -> tuple[int | None, str]:
    """The real command: its exit status and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND[:-1], "check", "--config", str(path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert err == b""
    return process.returncode, out.decode()


async def test_an_intake_that_serves_what_it_should_is_fine(tmp_path: Path) -> None:
    bureau = Bureau(int(time.time()))
    async with intake_on(tmp_path / "intake.sock", SimulatedIntake(bureau)):
        assert await check(settings(tmp_path, bureau)) == (0, FINE)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"intake_socket": "/nowhere/reporters.sock"}, "intake_socket does not answer: start intake"),
        ({"root_key": RootSecretKey.generate(os.urandom).public.raw.hex()}, "compare root_key with the printed"),
        ({"listen": "/nowhere/gateway.sock", "proxy": True}, "The folder of listen is not one that"),
        ({"listen": "/tmp/gateway.sock"}, "set it to true behind tor"),  # noqa: S108 - nothing is made there
        ({"circuits_socket": "/nowhere/circuits.sock"}, "so that no circuit is closed: start dropbox-onion"),
        ({"root_key": "no key"}, "root_key is the root public key as 64"),
    ],
)
async def test_each_fault_is_one_sentence_that_says_what_to_do(
    tmp_path: Path, changed: dict[str, object], sentence: str
) -> None:
    bureau = Bureau(int(time.time()))
    async with intake_on(tmp_path / "intake.sock", SimulatedIntake(bureau)):
        status, said = await check(settings(tmp_path, bureau, **changed))
    faults = [line for line in said.splitlines() if line.startswith("- ")]
    assert status == 1
    assert len(faults) == 1
    assert sentence in faults[0]


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (-30 * 86_400, "set the clock"),  # its last bulletin is a month old
        (-(PERIOD + 5_000), "The next board is overdue"),
    ],
)
async def test_a_desk_that_publishes_nothing_shows(tmp_path: Path, now: int, sentence: str) -> None:
    bureau = Bureau(int(time.time()) + now)
    async with intake_on(tmp_path / "intake.sock", SimulatedIntake(bureau)):
        status, said = await check(settings(tmp_path, bureau))
    assert status == 1
    assert sentence in said
