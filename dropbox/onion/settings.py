"""The settings of `dropbox-onion`: one TOML file, in which a name that is not known is refused."""

import tomllib
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path

from dropbox.onion.errors import BadSettings

MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Tcp:
    """A port on loopback."""

    host: str
    port: int

    def __str__(self) -> str:
        """As tor writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Place = Tcp | Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may say.

    `control`: tor's control socket, or its control port on loopback. `folder`: where the keys of the services are, one
    folder a service, owned by the account that tor runs as. `addresses`: the file that keeps which address each service
    has and who may use it; it holds no secret, and stands elsewhere than the keys, so that the loss of either shows.
    `circuits_socket`: the socket that is made for the gateway, to ask that a circuit be closed. `reporters_socket`,
    `reading_socket`, `desk_socket`, `ministry_socket`: where each service leads; without `reading_socket` there is no
    second address. `offer`: tell tor of the services through the control port (tests and demo); otherwise they stand in
    its torrc.
    """

    control: Place
    folder: Path
    addresses: Path
    circuits_socket: Path
    reporters_socket: Place
    desk_socket: Place
    ministry_socket: Place
    reading_socket: Place | None = None
    offer: bool = False


def read_settings(file: Path) -> Settings:
    """Read the settings; raise `BadSettings` with a sentence for the operator."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"the settings file {file} cannot be read: {error}") from error
    unknown = sorted(set(table) - {field.name for field in fields(Settings)})
    if unknown:
        raise BadSettings(f"the settings file has a name that is not known: {unknown[0]}")
    offer = table.get("offer", False)
    if not isinstance(offer, bool):
        raise BadSettings("offer is true or false")
    return Settings(
        control=_place(table, "control"),
        folder=_path(table, "folder"),
        addresses=_path(table, "addresses"),
        circuits_socket=_path(table, "circuits_socket"),
        reporters_socket=_place(table, "reporters_socket"),
        desk_socket=_place(table, "desk_socket"),
        ministry_socket=_place(table, "ministry_socket"),
        reading_socket=_place(table, "reading_socket") if "reading_socket" in table else None,
        offer=offer,
    )


def _path(table: dict[str, object], name: str) -> Path:
    value = table.get(name)
    if not isinstance(value, str) or not value.startswith("/") or not _plain(value):
        raise BadSettings(f"{name} is missing or is not an absolute path without spaces")
    return Path(value)


def _place(table: dict[str, object], name: str) -> Place:
    value = table.get(name)
    if isinstance(value, str) and value.startswith("/") and _plain(value):
        return Path(value)
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    try:
        loopback = ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback or not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
        raise BadSettings(f"{name} is missing, or neither an absolute path without spaces nor a loopback address with"
                          " a port, such as 127.0.0.1:8080")  # fmt: skip
    return Tcp(host.strip("[]"), int(port))


def _plain(path: str) -> bool:
    """Whether it can stand in a torrc without quotation marks."""
    return path.isprintable() and not set(path) & set(" \"'\\#")
