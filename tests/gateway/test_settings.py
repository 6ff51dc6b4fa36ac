from pathlib import Path

import pytest

from dropbox.gateway.errors import BadSettings
from dropbox.gateway.settings import Tcp, parse_listen, read_settings

ROOT = "ab" * 32
GOOD = f'intake_socket = "/run/i.sock"\nlisten = "127.0.0.1:0"\nroot_key = "{ROOT}"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_good_settings_are_read(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, GOOD + "idle_seconds = 60\n"))
    assert settings.intake_socket == Path("/run/i.sock")
    assert settings.listen == Tcp("127.0.0.1", 0)
    assert settings.root_key.raw == bytes.fromhex(ROOT)
    assert (settings.idle_seconds, settings.intake_seconds) == (60, 60)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "intake_socket is missing"),
        (GOOD + "log_file = 'x'", "a name that is not known: log_file"),
        (GOOD + "idle_seconds = 0", "idle_seconds is a number of seconds from 1 to 3600"),
        (GOOD + "idle_seconds = true", "idle_seconds is not a whole number"),
        (GOOD + "intake_seconds = 9999", "intake_seconds is a number of seconds from 1 to 3600"),
        (GOOD.replace(ROOT, "AB" * 32), "root_key is the root public key"),
        (GOOD.replace(ROOT, "ab"), "root_key is the root public key"),
        (GOOD.replace('"127.0.0.1:0"', "8080"), "listen is missing or is not a text"),
        ("=", "cannot be read"),
    ],
)
def test_bad_settings_are_refused_with_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        read_settings(write(tmp_path, text))


def test_a_file_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be read"):
        read_settings(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("value", "listen"),
    [("/run/g.sock", Path("/run/g.sock")), ("127.0.0.1:80", Tcp("127.0.0.1", 80)), ("[::1]:80", Tcp("::1", 80))],
)
def test_a_gateway_listens_on_a_unix_socket_or_loopback(value: str, listen: Path | Tcp) -> None:
    assert parse_listen(value) == listen


@pytest.mark.parametrize("value", ["0.0.0.0:80", "192.0.2.1:80", "localhost:80", "127.0.0.1", "127.0.0.1:99999", "x"])
def test_a_gateway_listens_nowhere_else(value: str) -> None:
    with pytest.raises(BadSettings):
        parse_listen(value)
