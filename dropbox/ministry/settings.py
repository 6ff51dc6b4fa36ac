"""The settings file: TOML, every key known, everything checked before anything is opened."""

import ipaddress
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from dropbox.ministry.errors import SettingsError
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.torlink import ways
from dropbox.torlink.errors import AddressError

MOST_CARDS: Final = 64
"""Cards in a batch: 1 MiB of them, the most that intake takes."""

SHORTEST_PERIOD: Final = 1
LONGEST_PERIOD: Final = 31 * 86_400

_PORTS: Final = 65_536


@dataclass(frozen=True)
class Settings:
    """What one inbox needs to know.  An instance that exists is valid."""

    folder: Path
    """Keyrings and accounts; with SQLite the database too.  Only this account may read it."""

    keys_dir: Path
    """Folder of root-signed certificates (`*.json`)."""

    root: RootPublicKey
    """The pinned root key; in the file `root_key`, 64 hexadecimal digits."""

    way: ways.Way
    """To intake; in the file `intake_onion` and `tor_socks`, Tor's SOCKS socket on this machine, which is the only way
    out that the inbox has; or `intake_socket`, where intake runs on the same machine."""

    listen: tuple[str, int]
    """Loopback address and port of the pages; in the file as `127.0.0.1:8082` (port 0 takes a free one)."""

    card_period: int
    """Seconds between batches.  They go at its multiples in Unix time: when something is sent says nothing."""

    cards_per_batch: int
    """Answers in each batch, dummies included; the same number as at intake and at the bureau."""

    database: str
    """`sqlite:////absolute/path.db` (the default: `inbox.db` in the folder) or `postgresql://...`."""

    def __post_init__(self) -> None:
        """Refuse values out of range.  Raises SettingsError."""
        if not 1 <= self.cards_per_batch <= MOST_CARDS:
            raise SettingsError("cards_per_batch must be from 1 to 64.")
        if not SHORTEST_PERIOD <= self.card_period <= LONGEST_PERIOD:
            raise SettingsError("card_period must be from 1 second to 31 days, in seconds.")
        host, port = self.listen
        if not _is_loopback(host) or not 0 <= port < _PORTS:
            raise SettingsError("listen must be a loopback address and a port, as in 127.0.0.1:8082.")


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
    known = {one.name for one in fields(Settings)} - {"root", "way"} | {"root_key", *ways.NAMES}
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingsError(f"Unknown setting: {unknown[0]}.")
    folder = _path(values, "folder")
    return Settings(
        folder=folder,
        keys_dir=_path(values, "keys_dir"),
        root=_root(_text(values, "root_key")),
        listen=_listen(_text(values, "listen")),
        card_period=_whole(values, "card_period"),
        cards_per_batch=_whole(values, "cards_per_batch"),
        database=_text(values, "database") if "database" in values else f"sqlite:///{folder}/inbox.db",
        way=_way(values),
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
    value = values.get(name)
    if type(value) is not int:
        raise SettingsError(f"The setting {name} is missing or is not a whole number.")
    return value


def _path(values: dict[str, Any], name: str) -> Path:
    path = Path(_text(values, name))
    if not path.is_absolute():
        raise SettingsError(f"The setting {name} must be an absolute path.")
    return path


def _root(digits: str) -> RootPublicKey:
    try:
        return RootPublicKey.from_hex(digits)
    except ProtocolError:
        raise SettingsError("root_key must be the root public key as 64 lower-case hexadecimal digits.") from None


def _listen(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= len(str(_PORTS))):
        raise SettingsError("listen must be a loopback address and a port, as in 127.0.0.1:8082.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
