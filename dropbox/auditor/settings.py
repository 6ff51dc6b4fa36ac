"""An auditor's settings: a TOML file in which everything that is pinned stands, all of it public."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from dropbox.auditor.errors import SettingsError
from dropbox.auditor.texts import LANGUAGES
from dropbox.protocol.cosignature import Quorum
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.receipt import WORDS, is_english_word
from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.errors import AddressError

_MOST_PATIENCE: Final = 60


@dataclass(frozen=True)
class Settings:
    """Paths are absolute."""

    onion: OnionAddress
    """The address of the reporters' pages, from the leaflet."""

    fingerprint: tuple[str, ...]
    """The twelve words of the root key's fingerprint, from the leaflet."""

    tor_socks: SocksAddress
    """Tor's SOCKS socket on this machine."""

    folder: Path
    """What is kept between visits: hashes, and bulletins as they were signed."""

    key: Path
    """The auditor's own key, made by `dropbox-audit key`."""

    reading_onion: OnionAddress | None = None
    """A second address, where reading has one of its own."""

    language: str = "nl"
    """Of the result: `nl` or `en`."""

    release: Path | None = None
    """A release's wheel, to compare the pages' files with."""

    witnesses: tuple[bytes, ...] = ()
    """The public keys of witnesses, 64 hexadecimal digits each."""

    needed: int = 0
    """So many of the witnesses must have seen the keys of the day."""

    cosignatures: Path | None = None
    """The folder in which the witnesses' files are put."""

    patience_days: int = 5
    """After so many days a canary without an answer is a broken path: weekends and holidays are shut."""

    def __post_init__(self) -> None:
        """Refuse values out of range.  Raises SettingsError."""
        if self.language not in LANGUAGES:
            raise SettingsError("settings-value", name="language")
        if not 1 <= self.patience_days <= _MOST_PATIENCE:
            raise SettingsError("settings-value", name="patience_days")
        if bool(self.witnesses) != bool(self.needed) or (self.needed and self.cosignatures is None):
            raise SettingsError("settings-value", name="needed")
        self.quorum()

    def quorum(self) -> Quorum | None:
        """What is required of witnesses.  Raises SettingsError."""
        try:
            return Quorum(frozenset(self.witnesses), self.needed) if self.witnesses else None
        except ProtocolError:
            raise SettingsError("settings-value", name="needed") from None

    @property
    def hosts(self) -> frozenset[str]:
        """The addresses that the pages' links may lead to."""
        return frozenset(one.name for one in (self.onion, self.reading_onion) if one is not None)


def load(path: Path) -> Settings:
    """Read and check a settings file.  Raises SettingsError."""
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SettingsError("settings-unreadable") from None


def parse(values: dict[str, Any]) -> Settings:
    """Make settings from a parsed file.  Raises SettingsError."""
    unknown = sorted(values.keys() - {one.name for one in fields(Settings)})
    if unknown:
        raise SettingsError("settings-unknown", name=unknown[0])
    optional: dict[str, Any] = {
        name: value
        for name, kind in (("language", str), ("needed", int), ("patience_days", int))
        if (value := _optional(values, name, kind)) is not None
    }
    optional |= {name: _path(values, name) for name in ("release", "cosignatures") if name in values}
    if "reading_onion" in values:
        optional["reading_onion"] = _onion(values, "reading_onion")
    if "witnesses" in values:
        optional["witnesses"] = _witnesses(values["witnesses"])
    return Settings(
        onion=_onion(values, "onion"),
        fingerprint=_fingerprint(_text(values, "fingerprint")),
        tor_socks=_socks(values),
        folder=_path(values, "folder"),
        key=_path(values, "key"),
        **optional,
    )


def _optional(values: dict[str, Any], name: str, kind: type) -> object:
    if name in values and type(values[name]) is not kind:
        raise SettingsError("settings-value", name=name)
    return values.get(name)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise SettingsError("settings-value", name=name)
    return value


def _path(values: dict[str, Any], name: str) -> Path:
    path = Path(_text(values, name))
    if not path.is_absolute():
        raise SettingsError("settings-value", name=name)
    return path


def _onion(values: dict[str, Any], name: str) -> OnionAddress:
    try:
        return OnionAddress(_text(values, name))
    except AddressError:
        raise SettingsError("settings-value", name=name) from None


def _socks(values: dict[str, Any]) -> SocksAddress:
    try:
        return SocksAddress.parse(_text(values, "tor_socks"))
    except AddressError:
        raise SettingsError("settings-value", name="tor_socks") from None


def _fingerprint(text: str) -> tuple[str, ...]:
    """The words as printed; a mistyped one is noticed where it is no word at all."""
    words = tuple(text.lower().replace(",", " ").split())
    if len(words) != WORDS or not all(map(is_english_word, words)):
        raise SettingsError("fingerprint")
    return words


def _witnesses(value: object) -> tuple[bytes, ...]:
    try:
        if not isinstance(value, list) or len(set(value)) != len(value):
            raise SettingsError("settings-value", name="witnesses")
        return tuple(_hex(one) for one in value)
    except (TypeError, ValueError):
        raise SettingsError("settings-value", name="witnesses") from None


def _hex(value: object) -> bytes:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):  # noqa: PLR2004 -- digits
        raise ValueError
    return bytes.fromhex(value)
