"""What an auditor keeps on disk, each file replaced whole: key, state, signed bulletins, observations, cosignatures.

All of it is for this account alone, also what is handed to others: handing it out is a copy that somebody makes.
"""

from __future__ import annotations

import fcntl
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
LOCK: Final = "lock"
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


def write(path: Path, data: bytes, *, day: int | None = None) -> None:
    """Replace a file whole: after a crash it is the old one or the new one.  Raises SettingsError.

    What may be handed to others is dated by its `day` alone: copies and archives carry the time of a file along, and
    that of an observation would say when the visit was.
    """
    try:
        new = _written(path, data)
        if day is not None:
            os.utime(new, (day * sizes.DAY,) * 2)
        new.replace(path)
        _sync(path.parent)
    except OSError:
        raise SettingsError("cannot-write", name=path) from None


def _written(path: Path, data: bytes) -> Path:
    """The data in a new file beside this one, on the disk.  Raises OSError."""
    new = path.with_name(path.name + ".new")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new.unlink(missing_ok=True)  # of a crash, or of somebody who waits for what is written into it
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return new


def _sync(folder: Path) -> None:
    """That a name stands in the folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder: of two commands at once, one would write over what the other saw.  Raises SettingsError."""
    path = folder / LOCK
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        raise SettingsError("cannot-write", name=path) from None
    with os.fdopen(descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError("folder-in-use") from None
        yield


def make_key(path: Path, key: AuditorKey) -> None:
    """Write a new key where there is none.  Raises SettingsError."""
    try:
        new = _written(path, key.to_bytes())
        try:
            os.link(new, path)  # which replaces nothing
        finally:
            new.unlink()
        _sync(path.parent)
    except FileExistsError:
        raise SettingsError("key-there") from None
    except OSError:
        raise SettingsError("cannot-write", name=path) from None


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
            write(path, body, day=day)
    write(folder / STATE, states.to_bytes(state))


def release_hashes(wheel: Path) -> dict[str, bytes]:
    """The SHA-256 of the files that a release's pages bring to a browser.  Raises SettingsError."""
    try:
        with zipfile.ZipFile(wheel) as opened:
            return {role: sha256(opened.read(name)) for role, name in _RELEASE.items()}
    except (OSError, KeyError, zipfile.BadZipFile):
        raise SettingsError("release-unreadable") from None
