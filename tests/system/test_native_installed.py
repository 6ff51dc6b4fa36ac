"""`dropbox-report` as somebody installs it: its locked packages, the project without others, and nothing more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import pytest

from dropbox.torlink.addresses import SocksAddress
from tests.native.conftest import ONION, tor_running
from tests.native.person import ROOT, Person, sitting
from tests.simulators.socks import SimulatedTor
from tests.system.demo import Demo
from tests.system.test_native import leaflet

pytestmark = pytest.mark.timeout(1200)  # packages are fetched and installed, on a machine that may be busy

LOCKED: Final = ROOT / "requirements-report.txt"
WITHIN: Final = 120


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment, made with the two commands that docs/native-client.md names."""
    folder = tmp_path_factory.mktemp("installed") / "environment"
    page = (ROOT / "docs" / "native-client.md").read_text()
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, env=alone())
    for said in ("install --require-hashes -r requirements-report.txt", "install --no-deps ."):
        assert f"`pip {said}`" in page
        pip(folder, "--quiet", *said.split())
    return folder


def alone() -> dict[str, str]:
    """This process's environment without what leads to the packages of the tests."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def pip(environment: Path, *arguments: str) -> str:
    command = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=alone(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_is_installed_but_what_is_locked(environment: Path) -> None:
    listed = {one["name"].lower() for one in json.loads(pip(environment, "list", "--format", "json"))}
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCKED.read_text(), re.MULTILINE))
    assert {"cryptography", "pynacl", "h11", "mnemonic"} <= locked
    assert listed - {"pip", "setuptools"} == locked | {"whistleblower-dropbox"}


def test_it_says_how_it_is_used(environment: Path, tmp_path: Path) -> None:
    command = [str(environment / "bin" / "dropbox-report"), "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=alone(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: dropbox-report" in done.stdout


def test_a_file_is_sealed_and_sent_with_it(environment: Path, demo: Demo, people_folder: Path) -> None:
    socks, made, keys = people_folder / "socks", people_folder / "sealed", people_folder / "keys"
    tor = SimulatedTor({ONION.name: int(demo.reporter.rpartition(":")[2])})
    given = ("--language", "en", "--socks", f"unix:{socks}", "--leaflet", str(leaflet(demo, people_folder, ONION.name)))

    def run(*arguments: str) -> AbstractContextManager[Person]:
        return sitting(
            *arguments, *given, folder=people_folder, within=WITHIN, environment={"PYTHONPATH": ""},
            command=(str(environment / "bin" / "dropbox-report"),),
        )  # fmt: skip

    with tor_running(tor, SocksAddress(path=str(socks))):
        with run("keys", str(keys)) as person:
            person.expects("You can seal with them until")
            assert person.ends() == 0
        with run("seal", str(made), "--keys", str(keys)) as person:
            person.answers("Do you already have twelve words", "1")
            person.takes_new_words()
            person.writes("written with what was installed")
            person.answers("Where is the file?", "")
            person.expects("It must come in by")
            assert person.ends() == 0
        for said in ("Sent. The reporting point has all of it", "All of this file was there already"):
            with run("send", str(made)) as person:
                person.expects(said)
                assert person.ends() == 0
