"""The settings of a gateway: one TOML file, in which a name that is not known is refused."""

import re
import tomllib
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path

from dropbox.gateway.circuits import Limits
from dropbox.gateway.errors import BadSettings
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey

MAX_PORT = 65_535

_ONION = re.compile(r"[a-z2-7]{56}\.onion")


@dataclass(frozen=True, slots=True)
class Tcp:
    """A loopback address; port 0 lets the system choose."""

    host: str
    port: int


Listen = Tcp | Path

_BOUNDS: dict[str, tuple[int, int]] = {
    "idle_seconds": (1, 3600),  # an hour is no limit any more
    "intake_seconds": (1, 3600),
    "warm_processes": (1, 64),
    "connections_at_once": (1, 512),  # as many as the queue between two processes holds on any Linux
    "connections_per_circuit": (1, 512),
    "connections_per_minute": (1, 10_000),
    "requests_per_minute": (1, 100_000),
    "uploads_per_circuit": (1, 512),
    "mebibytes_per_hour": (16, 1 << 20),
    "connection_seconds": (1, 86_400),
    "drain_seconds": (1, 3600),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may say.

    `intake_socket`: the reporters' socket of intake. `listen`: a Unix socket to make, or a loopback address.
    `root_key`: the instance's root public key, from paper; everything that intake serves is verified against it.
    `idle_seconds`: a visitor who sends nothing for so long is let go; Tor circuits stall for a minute and recover.
    `intake_seconds`: how long one request to intake may take; it commits to a disk that others use too.
    `proxy`: tor puts a line with the circuit's number before each stream (`HiddenServiceExportCircuitID haproxy`);
    who connects without one is refused.
    `warm_processes`: how many wait for a connection. `connections_at_once`: how many are served, each by a process of
    some megabytes of its own. `connections_per_circuit`, `connections_per_minute`, `requests_per_minute`,
    `uploads_per_circuit`, `mebibytes_per_hour`: of one circuit, where `proxy` says which that is. `circuits_socket`: of
    `dropbox-onion`, which closes circuits that go over; without it their connections are broken. `connection_seconds`:
    after so long a connection is broken, whatever it does; 1 GiB over Tor takes hours. `drain_seconds`: how long those
    that are being served get when the command is to end. `reporters_address`, `reading_address`: the onion addresses,
    when reading has one of its own: the pages then link to it, and Tor Browser takes another circuit there.
    """

    intake_socket: Path
    listen: Listen
    root_key: RootPublicKey
    idle_seconds: int = 180
    intake_seconds: int = 60
    proxy: bool = False
    warm_processes: int = 8
    connections_at_once: int = 256
    connections_per_circuit: int = 16
    connections_per_minute: int = 120
    requests_per_minute: int = 600
    uploads_per_circuit: int = 4
    mebibytes_per_hour: int = 4096
    circuits_socket: Path | None = None
    reporters_address: str = ""
    reading_address: str = ""
    connection_seconds: int = 14_400
    drain_seconds: int = 10

    def __post_init__(self) -> None:
        """Refuse limits that would switch a limit off."""
        for name, (least, most) in _BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                seconds = " of seconds" if name.endswith("_seconds") else ""
                message = f"{name} is a number{seconds} from {least} to {most}"
                raise BadSettings(message)

    @property
    def limits(self) -> Limits:
        """What one circuit may have."""
        return Limits(
            self.connections_per_circuit,
            self.connections_per_minute,
            self.requests_per_minute,
            self.uploads_per_circuit,
            self.mebibytes_per_hour,
        )


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
    reporters_address, reading_address = _addresses(table)
    numbers = {name: _number(table, name) for name in _BOUNDS if name in table}
    return Settings(
        intake_socket=Path(_string(table, "intake_socket")),
        listen=parse_listen(_string(table, "listen")),
        root_key=_root_key(_string(table, "root_key")),
        proxy=_truth(table, "proxy"),
        reporters_address=reporters_address,
        reading_address=reading_address,
        circuits_socket=Path(_string(table, "circuits_socket")) if "circuits_socket" in table else None,
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


def _truth(table: dict[str, object], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        message = f"{name} is true or false"
        raise BadSettings(message)
    return value


def _addresses(table: dict[str, object]) -> tuple[str, str]:
    """The onion addresses for reporting and for reading; both, or neither."""
    names = ("reporters_address", "reading_address")
    if not any(name in table for name in names):
        return "", ""
    first, second = (_string(table, name) for name in names)
    if not _ONION.fullmatch(first) or not _ONION.fullmatch(second):
        message = "reporters_address and reading_address are onion addresses, as `dropbox-onion keys list` says them"
        raise BadSettings(message)
    return first, second


def _root_key(digits: str) -> RootPublicKey:
    try:
        return RootPublicKey.from_hex(digits)
    except ProtocolError as error:
        message = "root_key is the root public key as 64 lower-case hexadecimal digits"
        raise BadSettings(message) from error
