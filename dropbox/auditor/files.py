"""What an auditor keeps on disk, each file replaced whole: key, state, signed bulletins, observations, cosignatures."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dropbox.auditor import state as states
from dropbox.auditor.errors import SettingsError
from dropbox.auditor.keys import AuditorKey
from dropbox.auditor.state import State
from dropbox.protocol import sizes
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.primitives import sha256

STATE: Final = "state.json"
BULLETINS: Final = "bulletins"
_MOST: Final = 16 * sizes.MIB
_RELEASE: Final = {
    "script": "dropbox/gateway/static/browser.js",
    "stylesheet": "dropbox/web/static/kit.css",
    "words": "dropbox/gateway/static/words.txt",
}


def read(path: Path) -> bytes:
    """A file of at most 16 MiB.  Raises SettingsError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError:
        raise SettingsError("file-unreadable", name=path) from None
    if len(data) > _MOST:
        raise SettingsError("file-unreadable", name=path)
    return data


def write(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace a file whole: after a crash it is the old one or the new one.  Raises SettingsError."""
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        raise SettingsError("cannot-write", name=path) from None


def make_key(path: Path, key: AuditorKey) -> None:
    """Write a new key where there is none.  Raises SettingsError."""
    if path.exists():
        raise SettingsError("key-there")
    write(path, key.to_bytes())


def load_key(path: Path) -> AuditorKey:
    """Raises SettingsError, also where others could read it."""
    try:
        data, mode = path.read_bytes(), path.stat().st_mode
        key = AuditorKey.from_bytes(data)
    except (OSError, ProtocolError):
        raise SettingsError("key-unreadable") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError("key-open")
    return key


def load_state(folder: Path) -> State:
    """What was kept; the empty state at the first time.  Raises SettingsError."""
    path = folder / STATE
    if not path.exists():
        return State()
    try:
        return states.from_bytes(read(path))
    except ProtocolError:
        raise SettingsError("state-damaged") from None


def save(folder: Path, state: State, bulletins: Mapping[tuple[int, int], bytes]) -> None:
    """Keep the state, and the signed bulletins: two for one day are the proof that somebody was deceived."""
    for (day, revision), body in bulletins.items():
        path = folder / BULLETINS / f"{day}-{revision}-{sha256(body).hex()[:8]}.json"
        if not path.exists():
            write(path, body, mode=0o644)
    write(folder / STATE, states.to_bytes(state))


def release_hashes(wheel: Path) -> dict[str, bytes]:
    """The SHA-256 of the files that a release's pages bring to a browser.  Raises SettingsError."""
    try:
        with zipfile.ZipFile(wheel) as opened:
            return {role: sha256(opened.read(name)) for role, name in _RELEASE.items()}
    except (OSError, KeyError, zipfile.BadZipFile):
        raise SettingsError("release-unreadable") from None
