"""What browsers get: small, without anything that Tor Browser's "Safer" switches off, and the same from every build."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dropbox.bureau.bulletins import BROWSER_BUNDLE
from tests.browser_code.node import BROWSER, ROOT, build, require_tools

SCRIPT = ROOT / "dropbox/gateway/static/browser.js"
MADE = ("dropbox/gateway/static/browser.js", "dropbox/gateway/static/words.txt", "dropbox/bureau/browser_bundle.txt")


def copy(folder: Path) -> Path:
    """Another checkout of the sources, with the tools that are installed."""
    place = folder / "browser"
    shutil.copytree(BROWSER, place, ignore=shutil.ignore_patterns("node_modules"))
    (place / "node_modules").symlink_to(BROWSER / "node_modules")
    return place


@pytest.fixture
def checkouts(tmp_path: Path) -> list[Path]:
    require_tools()
    places = [tmp_path / "one", tmp_path / "with another and longer name"]
    for place in places:
        for name in MADE:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
        build("page", folder=copy(place))
    return places


def test_two_checkouts_build_the_bytes_that_are_in_the_repository(checkouts: list[Path]) -> None:
    for name in MADE:
        committed = (ROOT / name).read_bytes()
        assert all((place / name).read_bytes() == committed for place in checkouts), f"run make browser: {name}"


def test_the_desk_vouches_for_the_code_that_the_gateway_serves() -> None:
    assert hashlib.sha256(SCRIPT.read_bytes()).hexdigest() == BROWSER_BUNDLE


def test_the_code_has_30_kb_compressed_at_most() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9, mtime=0)) <= 30 * 1024


def test_nothing_is_used_that_safer_switches_off_or_the_policy_forbids() -> None:
    forbidden = r"\beval\(|\bFunction\(|WebAssembly|\bWorker\(|importScripts|innerHTML|outerHTML|insertAdjacentHTML"
    forbidden += r"|document\.write|https?://|localStorage|sessionStorage|indexedDB|document\.cookie|sendBeacon"
    assert not re.findall(forbidden, SCRIPT.read_text())


def test_the_lock_names_hashes_and_no_address() -> None:
    packages = json.loads((BROWSER / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)
    assert "ignore-scripts=true" in (BROWSER / ".npmrc").read_text().splitlines()


def test_changed_dependencies_fail_until_the_lock_is_renewed(tmp_path: Path) -> None:
    require_tools()
    for name in (".npmrc", "package.json", "package-lock.json"):
        shutil.copy(BROWSER / name, tmp_path)
    package = json.loads((tmp_path / "package.json").read_text())
    package["dependencies"]["another"] = "file:another"  # on this disk, so that nothing has to be asked for it
    (tmp_path / "package.json").write_text(json.dumps(package))
    (tmp_path / "another").mkdir()
    (tmp_path / "another/package.json").write_text('{"name": "another", "version": "1.0.0"}')
    refused = subprocess.run(["npm", "ci", "--offline"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert not (tmp_path / "node_modules").exists()
    assert "package-lock.json" in refused.stderr
