"""An audit as anyone makes it: the installed command, a tor of the private network, real processes at the other end."""

import subprocess
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest

from deploy.demo.tornet.network import PrivateNetwork
from deploy.demo.tornet.onions import address_of, service_lines
from dropbox.auditor import files
from dropbox.protocol.observation import verify_observation
from tests.onion.conftest import Reachable

pytestmark = pytest.mark.timeout(900)  # stops a test that hangs; a busy machine takes its time

COMMAND: Final = str(Path(__file__).parents[2] / ".venv/bin/dropbox-audit")
PAGES: Final = 10  # five in each language


def audit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, and what it says."""
    return subprocess.run([COMMAND, *map(str, arguments)], check=False, capture_output=True, text=True)


def settings(folder: Path, instance: Reachable, more: str = "") -> Path:
    """An auditor with a key of their own, who has the leaflet."""
    folder.mkdir()
    audit("key", "--out", folder / "key")
    config = folder / "audit.toml"
    config.write_text(
        f'onion = "{instance.host}"\nfingerprint = "{instance.demo.endpoints["root_fingerprint"]}"\n'
        f'tor_socks = "127.0.0.1:{instance.visitors.socks}"\nfolder = "{folder / "state"}"\n'
        f'key = "{folder / "key"}"\nlanguage = "en"\n{more}'
    )
    return config


def test_reading_goes_to_an_address_of_its_own(network: PrivateNetwork, shared: Reachable, tmp_path: Path) -> None:
    service = tmp_path / "service"
    tor = network.add_host(f"reading-{token_hex(4)}", service_lines(service, shared.socket), service)
    try:
        config = settings(tmp_path / "cas", shared, f'reading_onion = "{address_of(service)}"\n')
        result = audit("look", "--config", config, "--hurried")
        assert (result.returncode, "Nothing wrong was found." in result.stdout) == (0, True), result
    finally:
        network.remove(tor)


def test_two_audits_through_tor_agree_and_a_canary_goes_in(shared: Reachable, tmp_path: Path) -> None:
    found = []
    for name in ("ann", "ben"):
        config = settings(tmp_path / name, shared)
        result = audit("look", "--config", config, "--hurried")
        assert (result.returncode, "Nothing wrong was found." in result.stdout) == (0, True), result
        (path,) = (tmp_path / name / "state" / "observations").glob("*.json")
        seen = verify_observation(path.read_bytes())
        assert len({one.name for one in seen.sightings if one.kind == "page"}) == PAGES
        assert {one.kind for one in seen.sightings} == {"board", "bulletin", "file", "page", "publication"}
        found.append(path)
    ben = files.load_key(tmp_path / "ben" / "key").public.hex()
    merged = audit("merge", *found, "--auditor", ben, "--config", tmp_path / "ann" / "audit.toml")
    assert (merged.returncode, "were shown the same" in merged.stdout) == (0, True), merged
    sent = audit("canary", "--config", tmp_path / "ann" / "audit.toml", "--hurried")
    assert (sent.returncode, "The canary is sent." in sent.stdout) == (0, True), sent
