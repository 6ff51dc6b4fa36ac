"""The settings file: TOML, every key known, everything checked before anything is opened."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from dropbox.intake.errors import SettingsError
from dropbox.intake.limits import Limits
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey

_HOURS: Final = 24
_SOCKET_PATH_BYTES: Final = 107  # Linux: sun_path holds 108 bytes with its NUL
_LONGEST_NAME: Final = "ministry.sock"


@dataclass(frozen=True)
class Settings:
    """What one intake process needs to know. An instance that exists is valid."""

    database: str
    """`sqlite:////absolute/path.db` or `postgresql://...`."""

    runtime_dir: Path
    """Folder of the three sockets, `reporters.sock`, `desk.sock` and `ministry.sock`, each with mode 0660."""

    keys_dir: Path
    """Folder of root-signed certificates (`*.json`)."""

    root: RootPublicKey
    """The pinned root key; in the file `root_key`, 64 hexadecimal digits."""

    cards_per_batch: int = 4
    """Cards in each batch, dummies included: a fixed number, so that traffic says nothing."""

    maintain_hour: int = 3
    """UTC hour of the daily sweep, checkpoint and vacuum; uploads wait while it runs, so choose a quiet one."""

    limits: Limits = field(default_factory=Limits)
    """The `[limits]` table, see `dropbox.intake.limits`."""

    def __post_init__(self) -> None:
        """Refuse values out of range. Raises SettingsError."""
        if not 1 <= self.cards_per_batch <= 64:  # noqa: PLR2004 - 1 MiB of cards
            message = "cards_per_batch must be from 1 to 64."
            raise SettingsError(message)
        if not 0 <= self.maintain_hour < _HOURS:
            message = "maintain_hour must be from 0 to 23."
            raise SettingsError(message)
        if len(bytes(self.runtime_dir / _LONGEST_NAME)) > _SOCKET_PATH_BYTES:
            message = "runtime_dir is too long: the path of a Unix socket has at most 107 bytes."
            raise SettingsError(message)


def load(path: Path) -> Settings:
    """Read and check a settings file. Raises SettingsError with a sentence."""
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except OSError:
        message = "The settings file cannot be read."
        raise SettingsError(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        message = "The settings file is not valid TOML."
        raise SettingsError(message) from None
    return parse(values)


def parse(values: dict[str, Any]) -> Settings:
    """Make settings from a parsed file. Raises SettingsError."""
    _known(values, {one.name for one in fields(Settings)} - {"root"} | {"root_key"}, "the settings file")
    optional: dict[str, Any] = {
        name: _whole(values, name) for name in ("cards_per_batch", "maintain_hour") if name in values
    }
    if "limits" in values:
        optional["limits"] = _limits(values["limits"])
    return Settings(
        database=_text(values, "database"),
        runtime_dir=_folder(values, "runtime_dir"),
        keys_dir=_folder(values, "keys_dir"),
        root=_root(_text(values, "root_key")),
        **optional,
    )


def _limits(table: object) -> Limits:
    if not isinstance(table, dict):
        message = "limits must be a table."
        raise SettingsError(message)
    _known(table, {one.name for one in fields(Limits)}, "the table limits")
    return Limits(**{name: _whole(table, name) for name in table})


def _known(values: dict[str, Any], names: set[str], where: str) -> None:
    unknown = sorted(set(values) - names)
    if unknown:
        message = f"Unknown setting in {where}: {unknown[0]}."
        raise SettingsError(message)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        message = f"The setting {name} is missing or is not a text."
        raise SettingsError(message)
    return value


def _whole(values: dict[str, Any], name: str) -> int:
    value = values[name]
    if type(value) is not int:
        message = f"The setting {name} must be a whole number."
        raise SettingsError(message)
    return value


def _folder(values: dict[str, Any], name: str) -> Path:
    path = Path(_text(values, name))
    if not path.is_absolute():
        message = f"The setting {name} must be an absolute path."
        raise SettingsError(message)
    return path


def _root(digits: str) -> RootPublicKey:
    try:
        return RootPublicKey.from_hex(digits)
    except ProtocolError:
        message = "root_key must be the root public key as 64 lower-case hexadecimal digits."
        raise SettingsError(message) from None
