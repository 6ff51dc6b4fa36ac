"""What a real tor makes of the torrc, and of the same options through its control port."""

import subprocess
from pathlib import Path

import pytest

from dropbox.onion.control import connect
from dropbox.onion.services import offered, options
from tests.onion.host import onion_host

NEVER = ("HiddenServiceSingleHopMode", "HiddenServiceNonAnonymousMode", "Sandbox", "SocksPort")


def test_tor_takes_the_torrc_without_a_warning_and_keeps_the_addresses(tmp_path: Path) -> None:
    with onion_host(reading_socket="127.0.0.1:8080") as host:
        host.make_keys()
        before = host.keys("list")
        torrc = tmp_path / "torrc"
        torrc.write_text(host.run("torrc", "--config", str(host.config)))
        command = ["tor", "--verify-config", "--defaults-torrc", "/dev/null", "-f", str(torrc), "--DataDirectory",
                   str(tmp_path)]  # fmt: skip
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert [line for line in said.splitlines() if "[warn]" in line and "as root" not in line] == []
        with host.tor(), connect(host.settings.control) as control:
            for option in NEVER:
                assert control.configured(option) == ["0"]
            services = control.services()
        assert [value for name, value in services if name == "HiddenServiceDir"] == [
            str(one.folder) for one in offered(host.settings)
        ]
        assert host.keys("make") == before
        for line in before.splitlines():
            service, address = line.split()
            assert (host.folder / "keys" / service / "hostname").read_text().strip() == address


def test_circuits_are_numbered_for_the_gateway_only_and_defended_where_everybody_may_come() -> None:
    with onion_host(reading_socket="127.0.0.1:8080") as host:
        for service in offered(host.settings):
            said = dict(options(service))
            for option in ("ExportCircuitID", "PoWDefensesEnabled", "EnableIntroDoSDefense"):
                assert (f"HiddenService{option}" in said) == service.service.open
            assert said["HiddenServiceMaxStreamsCloseCircuit"] == "1"


def test_there_is_no_torrc_before_there_are_keys() -> None:
    with onion_host() as host:
        assert "keys make" in host.run("torrc", "--config", str(host.config), status=1)


def test_a_running_tor_is_told_of_the_same_services_through_its_control_port() -> None:
    with onion_host(reading_socket="127.0.0.1:8080") as host:
        host.make_keys()
        before = host.keys("list")
        wanted = [[*options(one)] for one in offered(host.settings)]
        with host.tor(), connect(host.settings.control) as control:
            control.offer(wanted[0])
            assert set(wanted[1]).isdisjoint(set(control.services()) - set(wanted[0]))  # the others are not there now
            control.offer(line for one in wanted for line in one)
            assert {line for one in wanted for line in one} <= set(control.services())
        assert host.keys("list") == before
        assert host.keys("make") == before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("folder", "keys"), ("folder", "/srv/on ion"), ("circuits_socket", "127.0.0.1:1"), ("control", "0.0.0.0:9051"),
        ("control", "localhost:9051"), ("desk_socket", "/a\nHiddenServiceNonAnonymousMode 1"), ("offer", "yes"),
        ("reporters_socket", "/a#b"), ("control_password", "x"),
    ],
)  # fmt: skip
def test_a_setting_that_could_change_tors_meaning_is_refused_with_a_sentence(setting: str, value: str) -> None:
    with onion_host() as host:
        text = host.config.read_text()
        kept = [line for line in text.splitlines() if not line.startswith(f"{setting} =")]
        host.config.write_text("\n".join([*kept, f"{setting} = {value!r}".replace("'", '"')]) + "\n")
        said = host.run("torrc", "--config", str(host.config), status=1)
        assert said.startswith("dropbox-onion: ")
        assert setting in said
