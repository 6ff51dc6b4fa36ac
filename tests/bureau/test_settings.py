from pathlib import Path
from typing import Any

import pytest

from dropbox.bureau.errors import SettingsError
from dropbox.bureau.settings import load, parse
from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.ways import ThroughTor
from tests.simulators.socks import onion

GOOD: dict[str, Any] = {
    "vault": "/srv/desk",
    "intake_socket": "/run/desk.sock",
    "keys_dir": "/srv/keys",
    "root_key": "00" * 31 + "01",
}


def test_shortest_file_is_enough() -> None:
    found = parse(GOOD)
    assert found.database == "sqlite:////srv/desk/vault.db"
    assert (found.host, found.port) == ("127.0.0.1", 0)


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"vault": "relative"},
        {"vault": 1},
        {"keys_dir": ""},
        {"root_key": "00"},
        {"root_key": "ZZ" * 32},
        {"listen": "0.0.0.0:80"},
        {"listen": "example.org:80"},
        {"listen": "127.0.0.1"},
        {"listen": "127.0.0.1:65536"},
        {"listen": "127.0.0.1:-1"},
        {"board_period": 4},
        {"board_period": 86_401},
        {"board_period": True},
        {"board_period": "10"},
        {"card_period": 1},
        {"cards_per_batch": 0},
        {"cards_per_batch": 65},
        {"notices": "text"},
        {"notices": [{"language": "nl"}]},
        {"facts": {"name": 1}},
    ],
)
def test_value_that_cannot_be_used_is_refused_in_a_sentence(change: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"\.$"):
        parse({**GOOD, **change})


ONION = {"intake_onion": onion("intake").name, "tor_socks": "unix:/run/tor/socks"}
THROUGH_TOR = {name: value for name, value in GOOD.items() if name != "intake_socket"} | ONION


def test_through_tor_there_is_no_other_way() -> None:
    assert parse(THROUGH_TOR).way == ThroughTor(onion("intake"), SocksAddress(path="/run/tor/socks"))


@pytest.mark.parametrize(
    "values",
    [
        THROUGH_TOR | {"intake_socket": "/run/desk.sock"},
        {name: value for name, value in THROUGH_TOR.items() if name != "tor_socks"},
        {name: value for name, value in THROUGH_TOR.items() if name != "intake_onion"},
        GOOD | {"tor_socks": "unix:/run/tor/socks"},
        THROUGH_TOR | {"intake_onion": "example.org"},
        THROUGH_TOR | {"intake_onion": "b" + onion("intake").name[1:]},
        THROUGH_TOR | {"intake_onion": ""},
        THROUGH_TOR | {"tor_socks": "192.0.2.1:9050"},
        THROUGH_TOR | {"tor_socks": "localhost:9050"},
        THROUGH_TOR | {"tor_socks": 9050},
    ],
)
def test_two_ways_half_a_way_or_a_way_past_tor_are_refused_in_a_sentence(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"\.$"):
        parse(values)


@pytest.mark.parametrize("name", list(GOOD))
def test_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        parse({one: value for one, value in GOOD.items() if one != name})


def test_file_that_is_no_settings_file_is_refused(tmp_path: Path) -> None:
    for content in (b"\xff", b"vault = "):
        (tmp_path / "desk.toml").write_bytes(content)
        with pytest.raises(SettingsError):
            load(tmp_path / "desk.toml")
    with pytest.raises(SettingsError):
        load(tmp_path / "missing.toml")
