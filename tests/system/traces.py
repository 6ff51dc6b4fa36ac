"""Looks for planted secrets wherever a process could have left them: databases, logs, keyrings, temporary files."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 20
_SHARED: Final = (Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - where to look


def spellings(secret: str) -> list[bytes]:
    """Return how a text may stand in a file."""
    return [secret.encode(), secret.encode("utf-16-le"), secret.encode().hex().encode()]


def found_in(file: Path, secrets: Iterable[str]) -> list[str]:
    """Return the secrets that stand in a file in plain text. A file that goes meanwhile holds none."""
    wanted = {secret: spellings(secret) for secret in secrets}
    overlap = max(len(form) for forms in wanted.values() for form in forms)
    found, before = [], b""
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                window = before + piece
                found += [secret for secret, forms in wanted.items() if any(form in window for form in forms)]
                before = window[-overlap:]
    except OSError:
        return []
    return [*dict.fromkeys(found)]


def search(files: Iterable[Path], secrets: Iterable[str]) -> dict[str, list[str]]:
    """Return every file that holds a secret, with which."""
    wanted = [*secrets]
    hits = {str(file): found_in(file, wanted) for file in files}
    return {file: found for file, found in hits.items() if found}


def below(folder: Path) -> Iterator[Path]:
    """Every regular file in a folder and below, sockets and links left out; folders may go while we look."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            if file.is_file() and not file.is_symlink():
                yield file


def temporary_since(start: float, *without: Path) -> Iterator[Path]:
    """Every file that was written since `start` where programs put temporary ones, but for the people's own folders.

    `start` is in Unix seconds. Folders of the browsers' drivers hold what the people themselves downloaded.
    """
    for shared in _SHARED:
        for file in below(shared):
            theirs = any(file.is_relative_to(folder) for folder in without)
            drivers = any(part.startswith(("playwright", "org.chromium")) for part in file.parts)
            if not theirs and not drivers and _written_since(file, start):
                yield file


def _written_since(file: Path, start: float) -> bool:
    try:
        return file.stat().st_mtime >= start
    except OSError:
        return False  # gone, or of somebody who keeps it to themselves
