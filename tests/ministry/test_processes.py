"""The real commands as processes: `dropbox-intake` between a desk's courier and `dropbox-ministry`."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from dropbox.courier.client import CourierClient
from dropbox.courier.signing import audience
from dropbox.ministry.settings import load
from dropbox.protocol.keys import CertificateRequest, Role
from tests.ministry.world import PASSPHRASE, PASSWORD, USER, World, referral
from tests.web.inspection import assert_clean

_BIN = Path(sys.executable).parent


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_BIN / "dropbox-ministry"), *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@contextmanager
def _started(*command: str) -> Iterator[str]:
    """A process that said that it is ready, and the line in which it did.  At the end it must stop well."""
    process = subprocess.Popen([str(_BIN / command[0]), *command[1:]], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready")
        yield line.strip()
    finally:
        process.terminate()
        assert process.wait() == 0
        assert process.stdout is not None
        process.stdout.close()


def _write(path: Path, content: str) -> str:
    path.write_text(content)
    return str(path)


def _toml(values: dict[str, object]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


class Installed:
    """An inbox made by the command, and what its command lines need."""

    def __init__(self, world: World) -> None:
        """Write files; make nothing yet."""
        place = world.place
        self.world = world
        self.config = _write(place / "ministry.toml", _toml(world.values(card_period=1)))
        self.passphrase = _write(place / "passphrase", PASSPHRASE + "\n")
        self.password = _write(place / "password", PASSWORD + "\n")
        self.request = place / "request.json"

    def init(self) -> subprocess.CompletedProcess[str]:
        """Run `init`."""
        return _run(
            "init", "--config", self.config, "--passphrase-file", self.passphrase, "--user", USER,
            "--password-file", self.password, "--request", str(self.request),
        )  # fmt: skip

    def certify(self) -> CertificateRequest:
        """What the holders of the root key do."""
        request = CertificateRequest.from_bytes(self.request.read_bytes())
        self.world.bureau.publish(self.world.place / "keys", request)
        return request


@pytest.fixture
def installed(sqlite_world: World) -> Installed:
    """An inbox that is made and certified."""
    made = Installed(sqlite_world)
    result = made.init()
    assert result.returncode == 0, result.stderr
    made.certify()
    return made


def _intake(world: World) -> str:
    (world.place / "run").mkdir()
    values: dict[str, object] = {
        "database": f"sqlite:///{world.place}/intake.db",
        "runtime_dir": str(world.place / "run"),
        "keys_dir": str(world.place / "keys"),
        "root_key": world.bureau.root.public.raw.hex(),
    }
    return _write(world.place / "intake.toml", _toml(values))


def _desk(world: World) -> CourierClient:
    return CourierClient.over_unix_socket(
        world.place / "run" / "desk.sock",
        world.bureau.desk,
        audience(Role.DESK_COURIER.value, world.bureau.instance),
        lambda: int(time.time()),
        os.urandom,
    )


async def _until(condition: str, session: aiohttp.ClientSession, url: str) -> str:
    """The page, as soon as it says so."""
    while True:
        async with session.get(url) as answer:
            html = await answer.text()
            if condition in html:
                return html
        await asyncio.sleep(0.1)


async def test_a_card_goes_through_a_real_intake_and_the_answer_comes_back(installed: Installed) -> None:
    world = installed.world
    keys = dict(CertificateRequest.from_bytes(installed.request.read_bytes()).keys)
    card = referral()
    jar = aiohttp.CookieJar(unsafe=True)
    with (
        _started("dropbox-intake", "--config", _intake(world)),
        _started("dropbox-ministry", "serve", "--config", installed.config, "--passphrase-file", installed.passphrase)
        as ready,
    ):  # fmt: skip
        address = ready.removeprefix("ready ")
        async with _desk(world) as desk, aiohttp.ClientSession(cookie_jar=jar) as session:
            box = keys[Role.MINISTRY_CARD_BOX]
            await desk.put(f"/v1/cards/{os.urandom(16).hex()}", world.bureau.batch(box, world.bureau.seal(card, box)))
            await session.post(f"{address}/nl/inloggen", data={"user": USER, "password": PASSWORD})
            await _until(card.reference.hex(), session, f"{address}/nl/")
            url = f"{address}/nl/kaarten/{card.reference.hex()}"
            async with session.get(url) as answer:
                fields = assert_clean(await answer.text()).fields
            form = {"csrf": fields["csrf"], "sequence": fields["sequence"], "state": "received", "text": "Dank."}
            async with session.post(url, data=form) as answer:
                assert answer.status == 200
            await _until("Verzonden op", session, url)
            found = []
            for name in json.loads(await desk.get("/v1/outcomes"))["keys"]:
                found += world.bureau.read(await desk.get(f"/v1/outcomes/{name}"), keys[Role.OUTCOME])
            assert [(one.reference, one.state, one.text) for one in found] == [(card.reference, "received", "Dank.")]
            assert json.loads(await desk.get("/v1/outcomes"))["keys"]


def test_init_never_writes_over_an_inbox(installed: Installed) -> None:
    before = installed.request.read_bytes()
    result = installed.init()
    assert result.returncode == 1
    assert "already holds an inbox" in result.stderr
    assert installed.request.read_bytes() == before


def test_a_second_inbox_on_one_folder_is_refused(installed: Installed) -> None:
    arguments = ("serve", "--config", installed.config, "--passphrase-file", installed.passphrase)
    with _started("dropbox-ministry", *arguments):
        result = _run(*arguments)
    assert result.returncode == 1
    assert "already works on this folder" in result.stderr


@pytest.mark.parametrize("passphrase", ["wrong", ""])
def test_a_wrong_passphrase_serves_nothing(installed: Installed, passphrase: str) -> None:
    wrong = _write(installed.world.place / "wrong", passphrase)
    result = _run("serve", "--config", installed.config, "--passphrase-file", wrong)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "passphrase" in result.stderr
    assert "Traceback" not in result.stderr


def test_serving_a_folder_without_an_inbox_says_what_to_do(sqlite_world: World) -> None:
    bare = Installed(sqlite_world)
    (sqlite_world.place / "inbox").mkdir()
    result = _run("serve", "--config", bare.config, "--passphrase-file", bare.passphrase)
    assert result.returncode == 1
    assert "dropbox-ministry init" in result.stderr


def test_check_says_what_is_wrong_and_nothing_else(installed: Installed) -> None:
    arguments = ("check", "--config", installed.config, "--passphrase-file", installed.passphrase)
    with _started("dropbox-intake", "--config", _intake(installed.world)):
        result = _run(*arguments)
        assert (result.returncode, result.stdout) == (0, "Nothing is wrong.\n")
    (installed.world.place / "keys" / "card.json").unlink()
    world = installed.world
    world.bureau.publish(world.place / "other")
    (world.place / "keys" / "outcome.json").write_bytes(
        world.bureau.root.certify(Role.OUTCOME, world.bureau.desk.public, 0, 100_000)
    )
    (world.place / "run" / "ministry.sock").unlink(missing_ok=True)
    result = _run(*arguments)
    assert result.returncode == 1
    assert "certificate for card" in result.stdout
    assert "intake_socket" in result.stdout
    world.bureau.publish(world.place / "keys")
    result = _run(*arguments)
    assert "certificate for outcome names another key" in result.stdout


def test_an_account_is_added_by_one_that_exists(installed: Installed) -> None:
    new = _write(installed.world.place / "new", "another long password")
    arguments = (
        "account", "add", "--config", installed.config, "--user", "deputy", "--password-file", new, "--by", USER,
    )  # fmt: skip
    wrong = _run(*arguments, "--by-password-file", new)
    assert wrong.returncode == 1
    assert "name or the password" in wrong.stderr
    assert _run(*arguments, "--by-password-file", installed.password).returncode == 0
    folder = load(Path(installed.config)).folder
    assert b"deputy" in (folder / "accounts.json").read_bytes()
