"""The settings of a gateway: one TOML file, in which a name that is not known is refused."""

import tomllib
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path

from dropbox.gateway.errors import BadSettings
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey

MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Tcp:
    """A loopback address; port 0 lets the system choose."""

    host: str
    port: int


Listen = Tcp | Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may say.

    `intake_socket`: the reporters' socket of intake. `listen`: a Unix socket to make, or a loopback address.
    `root_key`: the instance's root public key, from paper; everything that intake serves is verified against it.
    `idle_seconds`: a visitor who sends nothing for so long is let go; Tor circuits stall for a minute and recover.
    `intake_seconds`: how long one request to intake may take; it commits to a disk that others use too.
    """

    intake_socket: Path
    listen: Listen
    root_key: RootPublicKey
    idle_seconds: int = 180
    intake_seconds: int = 60

    def __post_init__(self) -> None:
        """Refuse limits that would switch a limit off."""
        for name in ("idle_seconds", "intake_seconds"):
            if not 1 <= getattr(self, name) <= 3600:  # noqa: PLR2004 - an hour is no limit any more
                message = f"{name} is a number of seconds from 1 to 3600"
                raise BadSettings(message)


def read_settings(file: Path) -> Settings:
    """Read the settings; raise `BadSettings` with a sentence for the operator."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"the settings file {file} cannot be read: {error}"
        raise BadSettings(message) from error
    unknown = sorted(set(table) - {field.name for field in fields(Settings)})
    if unknown:
        message = f"the settings file has a name that is not known: {unknown[0]}"
        raise BadSettings(message)
    numbers = {name: _number(table, name) for name in ("idle_seconds", "intake_seconds") if name in table}
    return Settings(
        intake_socket=Path(_string(table, "intake_socket")),
        listen=parse_listen(_string(table, "listen")),
        root_key=_root_key(_string(table, "root_key")),
        **numbers,
    )


def parse_listen(value: str) -> Listen:
    """Return the socket to make: an absolute path, or a loopback address with a port."""
    if value.startswith("/"):
        return Path(value)
    host, _, port = value.rpartition(":")
    try:
        loopback = ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback or not port.isdecimal() or int(port) > MAX_PORT:
        message = "listen is an absolute path or a loopback address with a port, such as 127.0.0.1:8080"
        raise BadSettings(message)
    return Tcp(host.strip("[]"), int(port))


def _string(table: dict[str, object], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        message = f"{name} is missing or is not a text"
        raise BadSettings(message)
    return value


def _number(table: dict[str, object], name: str) -> int:
    value = table[name]
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"{name} is not a whole number"
        raise BadSettings(message)
    return value


def _root_key(digits: str) -> RootPublicKey:
    try:
        return RootPublicKey.from_hex(digits)
    except ProtocolError as error:
        message = "root_key is the root public key as 64 lower-case hexadecimal digits"
        raise BadSettings(message) from error
