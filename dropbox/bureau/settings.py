"""The settings file: TOML, every key known, everything checked before anything is opened."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from dropbox.bureau.errors import SettingsError
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import BOARD_PERIOD_MAX, BOARD_PERIOD_MIN
from dropbox.protocol.documents import from_hex, items
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.torlink import ways
from dropbox.torlink.errors import AddressError

DATABASE_FILE: Final = "vault.db"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_PORTS: Final = range(65_536)
_BATCH: Final = range(1, 65)  # cards: at most 1 MiB in one request
_MOST_AUDITORS: Final = 16
_CARD_PERIOD: Final = range(5, 32 * sizes.DAY)  # seconds


@dataclass(frozen=True)
class Settings:
    """What one desk needs to know.  One that exists is valid."""

    vault: Path
    """Folder of the keyrings, accounts and (by default) the database: mode 0700, on an encrypted disk."""

    database: str
    """`sqlite:////absolute/path.db` or `postgresql://...`; without it `vault.db` in the vault."""

    keys_dir: Path
    """Folder of root-signed certificates (`*.json`)."""

    root: RootPublicKey
    """The pinned root key; in the file `root_key`, 64 hexadecimal digits."""

    way: ways.Way
    """To intake; in the file `intake_onion` and `tor_socks`, Tor's SOCKS socket on this machine, which is the only way
    out that the desk has; or `intake_socket`, where intake runs on the same machine."""

    backup: Path | None = None
    """Folder of the backup, on another disk or machine; without it there is none."""

    host: str = "127.0.0.1"
    port: int = 0
    """Where the pages are; in the file `listen`, a loopback name and a port.  Port 0 takes a free one."""

    board_period: int = 21_600
    """Seconds between two boards: they come out at multiples of it, counted from midnight UTC, 1 January 1970."""

    card_period: int = 30 * sizes.DAY
    """Seconds between two batches of cards."""

    cards_per_batch: int = 4
    """Cards in every batch, dummies included: a fixed number, the same that intake has."""

    notices: tuple[tuple[str, str], ...] = ()
    """`[[notices]]` with `language` and `text`: what the publication tells everyone."""

    facts: tuple[tuple[str, str], ...] = ()
    """The `[facts]` table of the publication: names and texts."""

    canary_keys: tuple[bytes, ...] = ()
    """Public keys of auditors whose canaries are answered by themselves, 64 hexadecimal digits each."""

    def __post_init__(self) -> None:
        """Refuse values out of range.  Raises SettingsError."""
        if not BOARD_PERIOD_MIN <= self.board_period <= BOARD_PERIOD_MAX:
            raise SettingsError("board_period must be from 5 to 86400 seconds.")
        if self.card_period not in _CARD_PERIOD:
            raise SettingsError("card_period must be from 5 seconds to 31 days.")
        if self.cards_per_batch not in _BATCH:
            raise SettingsError("cards_per_batch must be from 1 to 64.")
        if self.host not in _LOOPBACK or self.port not in _PORTS:
            raise SettingsError("listen must be 127.0.0.1, localhost or [::1], a colon, and a port.")


def load(path: Path) -> Settings:
    """Read and check a settings file.  Raises SettingsError with a sentence."""
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except OSError:
        raise SettingsError("The settings file cannot be read.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise SettingsError("The settings file is not valid TOML.") from None
    return parse(values)


def parse(values: dict[str, Any]) -> Settings:
    """Make settings from a parsed file.  Raises SettingsError."""
    names = {one.name for one in fields(Settings)} - {"root", "host", "port", "way"}
    names |= {"root_key", "listen", *ways.NAMES}
    unknown = sorted(set(values) - names)
    if unknown:
        raise SettingsError(f"Unknown setting in the settings file: {unknown[0]}.")
    vault = _path(values, "vault")
    optional: dict[str, Any] = {
        name: _whole(values, name) for name in ("board_period", "card_period", "cards_per_batch") if name in values
    }
    if "backup" in values:
        optional["backup"] = _path(values, "backup")
    if "listen" in values:
        optional["host"], optional["port"] = _listen(_text(values, "listen"))
    if "notices" in values:
        optional["notices"] = _notices(values["notices"])
    if "canary_keys" in values:
        optional["canary_keys"] = _keys(values["canary_keys"])
    if "facts" in values:
        optional["facts"] = tuple(sorted(_texts(values["facts"], "facts").items()))
    return Settings(
        vault=vault,
        database=_text(values, "database") if "database" in values else f"sqlite:///{vault / DATABASE_FILE}",
        keys_dir=_path(values, "keys_dir"),
        root=_root(_text(values, "root_key")),
        way=_way(values),
        **optional,
    )


def _way(values: dict[str, Any]) -> ways.Way:
    try:
        return ways.way_of(values)
    except AddressError as error:
        raise SettingsError(str(error)) from None


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"The setting {name} is missing or is not a text.")
    return value


def _whole(values: dict[str, Any], name: str) -> int:
    value = values[name]
    if type(value) is not int:
        raise SettingsError(f"The setting {name} must be a whole number.")
    return value


def _path(values: dict[str, Any], name: str) -> Path:
    path = Path(_text(values, name))
    if not path.is_absolute():
        raise SettingsError(f"The setting {name} must be an absolute path.")
    return path


def _listen(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not port.isascii() or not port.isdigit():
        raise SettingsError("listen must be 127.0.0.1, localhost or [::1], a colon, and a port.")
    return host, int(port)


def _texts(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise SettingsError(f"{name} must be a table of texts.")
    return value


def _notices(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise SettingsError("notices must be a list of tables with language and text.")
    found = [_texts(one, "notices") for one in value]
    if any(set(one) != {"language", "text"} for one in found):
        raise SettingsError("notices must be a list of tables with language and text.")
    return tuple((one["language"], one["text"]) for one in found)


def _keys(value: object) -> tuple[bytes, ...]:
    try:
        found = tuple(from_hex(one, sizes.ED25519_PUBLIC) for one in items(value, _MOST_AUDITORS))
    except ProtocolError:
        raise SettingsError("canary_keys must be a list of at most 16 keys of 64 lower-case digits each.") from None
    if len(set(found)) != len(found):
        raise SettingsError("canary_keys names a key twice.")
    return found


def _root(digits: str) -> RootPublicKey:
    try:
        return RootPublicKey.from_hex(digits)
    except ProtocolError:
        raise SettingsError("root_key must be the root public key as 64 lower-case hexadecimal digits.") from None
