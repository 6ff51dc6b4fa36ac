"""The real command as a process: makes a desk, serves and publishes by itself, refuses with one sentence."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from dropbox.bureau.keyring import RECIPIENT_FILE
from dropbox.intake.service import serving
from dropbox.intake.settings import parse
from dropbox.protocol import sizes
from dropbox.protocol.keys import CertificateRequest
from dropbox.protocol.secret_keys import RootSecretKey
from dropbox.reporter import exchange
from dropbox.reporter.errors import HostNotReady
from tests.bureau.office import Transport, short_folder
from tests.simulators.intake_client import ReporterClient

COMMAND = [sys.executable, "-m", "dropbox.bureau.cli"]
PERIOD = 5


def now() -> int:
    return int(time.time())


@dataclass
class Place:
    """A folder with what the command needs, and a root that certifies."""

    folder: Path
    root: RootSecretKey = field(default_factory=lambda: RootSecretKey.generate(os.urandom))

    def __post_init__(self) -> None:
        for name in ("keys", "run"):
            (self.folder / name).mkdir()
        self.write("passphrase", "a passphrase of the service\n")
        self.write("password", "four words of mine\n")
        values = {
            "vault": str(self.folder / "vault"),
            "intake_socket": str(self.folder / "run" / "desk.sock"),
            "keys_dir": str(self.folder / "keys"),
            "root_key": self.root.public.raw.hex(),
            "board_period": PERIOD,
            "listen": "127.0.0.1:0",
        }
        self.write("desk.toml", "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def arguments(self, *command: str, secrets: tuple[str, ...] = ("passphrase",)) -> list[str]:
        found = [*COMMAND, *command, "--config", str(self.folder / "desk.toml")]
        for name in secrets:
            found += [f"--{name}-file", str(self.folder / name)]
        return found

    def run(self, *command: str, secrets: tuple[str, ...] = ("passphrase",)) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.arguments(*command, secrets=secrets), capture_output=True, text=True, check=False, timeout=120
        )

    def init(self) -> subprocess.CompletedProcess[str]:
        request = str(self.folder / "request.json")
        return self.run("init", "--user", "ines", "--request", request, secrets=("passphrase", "password"))

    def certify(self) -> None:
        today = now() // sizes.DAY
        for role, key in CertificateRequest.from_bytes((self.folder / "request.json").read_bytes()).keys:
            certificate = self.root.certify(role, key, today - 1, today + 100)
            (self.folder / "keys" / f"{role}.json").write_bytes(certificate)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
        process = await asyncio.create_subprocess_exec(
            *self.arguments("serve"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode().split()
            assert line[:1] == ["ready"], await process.communicate()
            yield process, line[1]
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[None]:
        values = {
            "database": f"sqlite:///{self.folder}/intake.db",
            "runtime_dir": str(self.folder / "run"),
            "keys_dir": str(self.folder / "keys"),
            "root_key": self.root.public.raw.hex(),
        }
        async with serving(parse(values), now, os.urandom):
            yield


@pytest.fixture
def place() -> Iterator[Place]:
    with short_folder() as folder:
        yield Place(folder)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stderr.startswith("dropbox-desk: ")
    assert done.stderr.count("\n") == 1, "one sentence, no traceback"
    return done.stderr


async def test_desk_serves_and_publishes_by_itself_and_stops_when_told(place: Place) -> None:
    assert place.init().returncode == 0
    place.certify()
    async with place.intake(), place.serve() as (process, url):
        async with ReporterClient(place.folder / "run" / "reporters.sock") as client:
            transport = Transport(client)
            salts: set[bytes] = set()
            while len(salts) < 2:
                with contextlib.suppress(HostNotReady):
                    bulletin = await exchange.fetch_bulletin(transport, place.root.public, now())
                    salts |= {board.head.salt for board in await exchange.fetch_boards(transport, bulletin, now())}
                await asyncio.sleep(0.1)
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200
        second = await asyncio.to_thread(place.run, "serve")
        assert "Another desk" in refused(second)
        process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()
        assert (process.returncode, output, errors) == (0, b"", b"")


async def test_killed_desk_starts_again(place: Place) -> None:
    place.init()
    place.certify()
    async with place.intake():
        for _ in range(2):
            async with place.serve() as (process, _):
                process.kill()
                await process.communicate()


def test_init_never_touches_a_desk_that_is_there(place: Place) -> None:
    assert place.init().returncode == 0
    before = (place.folder / "vault" / RECIPIENT_FILE).read_bytes()
    assert "already holds a desk" in refused(place.init())
    assert (place.folder / "vault" / RECIPIENT_FILE).read_bytes() == before


def test_weak_password_makes_nothing(place: Place) -> None:
    place.write("password", "short\n")
    assert "12 characters" in refused(place.init())
    place.write("password", "four words of mine\n")
    assert place.init().returncode == 0


def test_wrong_passphrase_missing_certificate_and_bad_settings_are_one_sentence_each(place: Place) -> None:
    assert "init" in refused(place.run("serve"))
    place.init()
    assert "certificate" in refused(place.run("serve"))
    place.certify()
    place.write("passphrase", "another passphrase\n")
    assert "wrong" in refused(place.run("serve"))
    place.write("desk.toml", "vault = 1\n")
    assert "vault" in refused(place.run("serve"))


def test_check_says_what_is_wrong(place: Place) -> None:
    done = place.run("check")
    assert done.returncode == 1
    assert "init" in done.stdout
    place.init()
    assert "certificate" in place.run("check").stdout
    place.certify()
    done = place.run("check")
    assert "intake_socket" in done.stdout
    assert done.stderr == ""


def test_account_is_added_by_a_colleague_and_taken_away_but_never_the_last(place: Place) -> None:
    place.init()
    place.write("from-password", "four words of mine\n")
    place.write("password", "four other words\n")
    secrets = ("from-password", "password")
    assert place.run("account", "add", "--user", "bram", "--from-user", "ines", secrets=secrets).returncode == 0
    refused(place.run("account", "add", "--user", "bram", "--from-user", "ines", secrets=secrets))
    place.write("from-password", "not the password\n")
    wrong = place.run("account", "add", "--user", "cleo", "--from-user", "ines", secrets=secrets)
    assert "wrong" in refused(wrong)
    assert place.run("account", "remove", "--user", "ines", secrets=()).returncode == 0
    assert "last account" in refused(place.run("account", "remove", "--user", "bram", secrets=()))
