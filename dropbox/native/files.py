"""Files on the reporter's machine: read as they are, without a mark of when."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from dropbox.native import texts
from dropbox.native.errors import BadFile

PIECE: Final = 256 << 10
_NO_ATIME: Final = getattr(os, "O_NOATIME", 0)  # Linux


def typed_path(text: str) -> Path:
    """The path that somebody typed or dragged into the window, which may put quotes around it and blanks behind."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    try:
        return Path(text).expanduser()
    except RuntimeError:  # `~somebody` whom this machine does not know: then it is the name of a file
        return Path(text)


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A file to read and its size in bytes.  Raises BadFile: also for folders and devices, which have no size."""
    try:
        number = _open(path)
    except (OSError, ValueError):
        raise BadFile(texts.FILE_UNREADABLE) from None
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode):
        os.close(number)
        raise BadFile(texts.NOT_A_FILE)
    with os.fdopen(number, "rb", buffering=0) as file:
        yield file, found.st_size


def _open(path: Path) -> int:
    """Open to read without a mark of when, where this account may do that: the file is its own."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags | _NO_ATIME)
    except PermissionError:
        return os.open(path, flags)


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """What is in a file, piece by piece.  Raises BadFile when it cannot be read on: a stick was taken out."""
    while True:
        try:
            piece = file.read(PIECE)
        except OSError:
            raise BadFile(texts.FILE_BROKE_OFF) from None
        if not piece:
            return
        yield piece


def read_small(path: Path, most: int) -> bytes:
    """A small file, whole.  Raises BadFile."""
    with opened(path) as (file, size):
        if size > most:
            raise BadFile(texts.FILE_TOO_LARGE)
        return b"".join(pieces(file))


@contextmanager
def alone(file: BinaryIO) -> Iterator[None]:
    """Hold a file against another run of this program.  Raises BadFile when one has it."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BadFile(texts.IN_USE) from None
    except OSError:
        pass  # some sticks' file systems know no locks; two runs then send the same chunks, which changes nothing
    yield
