from pathlib import Path

import pytest

from dropbox.ministry.errors import SettingsError
from dropbox.ministry.settings import load, parse
from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.ways import ThroughTor
from tests.ministry.world import World
from tests.simulators.socks import onion


def test_a_whole_file_is_read(sqlite_world: World, tmp_path: Path) -> None:
    file = tmp_path / "ministry.toml"
    lines = [
        f"{name} = {value if isinstance(value, int) else repr(value)}" for name, value in sqlite_world.values().items()
    ]
    file.write_text("\n".join(lines))
    assert load(file) == sqlite_world.settings


def test_the_database_stands_in_the_folder_by_default(sqlite_world: World) -> None:
    values = sqlite_world.values()
    del values["database"]
    assert parse(values).database == f"sqlite:///{values['folder']}/inbox.db"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": "blue"}, "Unknown setting: colour"),
        ({"folder": "inbox"}, "absolute"),
        ({"root_key": "ff"}, "64 lower-case"),
        ({"listen": "0.0.0.0:80"}, "loopback"),
        ({"listen": "127.0.0.1"}, "loopback"),
        ({"listen": "127.0.0.1:70000"}, "loopback"),
        ({"listen": "inbox.example:80"}, "loopback"),
        ({"card_period": 0}, "card_period"),
        ({"card_period": True}, "card_period"),
        ({"cards_per_batch": 65}, "cards_per_batch"),
        ({"keys_dir": ""}, "keys_dir"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence(
    sqlite_world: World, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        parse(sqlite_world.values(**change))


@pytest.mark.parametrize("name", list(World(Path("/x"), "sqlite:////x/y.db").values()))
def test_every_setting_but_the_database_is_needed(sqlite_world: World, name: str) -> None:
    values = sqlite_world.values()
    del values[name]
    if name == "database":
        assert parse(values).database.startswith("sqlite:")
    else:
        with pytest.raises(SettingsError, match=name):
            parse(values)


@pytest.mark.parametrize(
    "change",
    [
        {"tor_socks": "unix:/run/tor/socks"},
        {"intake_onion": onion("intake").name},
        {"intake_onion": onion("intake").name, "tor_socks": "unix:/run/tor/socks"},
        {"intake_onion": "example.org", "tor_socks": "unix:/run/tor/socks", "intake_socket": None},
        {"intake_onion": onion("intake").name, "tor_socks": "192.0.2.1:9050", "intake_socket": None},
        {"intake_onion": onion("intake").name, "intake_socket": None},
    ],
)
def test_two_ways_half_a_way_or_a_way_past_tor_are_refused_in_a_sentence(
    sqlite_world: World, change: dict[str, object]
) -> None:
    with pytest.raises(SettingsError, match=r"\.$"):
        parse(sqlite_world.values(**change))


def test_through_tor_there_is_no_other_way(sqlite_world: World) -> None:
    way = {"intake_onion": onion("intake").name, "tor_socks": "127.0.0.1:9050", "intake_socket": None}
    found = parse(sqlite_world.values(**way))
    assert found.way == ThroughTor(onion("intake"), SocksAddress(host="127.0.0.1", port=9050))


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("folder = ")
    for name in ("a", "missing"):
        with pytest.raises(SettingsError):
            load(tmp_path / name)
