"""New files, for their owner only: whole on the disk, or not there, whatever ends this program meanwhile.

Where the file system can, a file has no name until it is whole: then neither `kill -9` nor a power cut leaves half of
one.  Most sticks cannot (FAT knows no files without a name).  There it stands beside its place as `NAME.half`, and goes
when the window is closed, the machine goes down or Ctrl-C is pressed; only `kill -9` and a power cut leave it there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Final

from dropbox.native import texts
from dropbox.native.errors import BadFile

HALF: Final = ".half"
_DAY: Final = 86_400
_UNNAMED: Final[int] = getattr(os, "O_TMPFILE", 0)  # Linux
_ENDING: Final = (signal.SIGHUP, signal.SIGTERM)  # the window is closed, the machine goes down

Begun = tuple[BinaryIO, Callable[[], None]]  # what to write to, and what gives it its name


@contextmanager
def new_file(path: Path, day: int) -> Iterator[BinaryIO]:
    """A file that is not there yet; complete on the disk when the body has ended, or not there.

    Its times are made midnight of `day`: a file system would tell the second.  Raises BadFile.
    """
    if os.path.lexists(path):  # said before the work, not after it
        raise BadFile(texts.FILE_EXISTS)
    try:
        with _orderly_ends(), _begun(path) as (file, publish):
            with _endable():
                yield file
            file.flush()
            os.utime(file.fileno(), (day * _DAY, day * _DAY))
            os.fsync(file.fileno())
            publish()
            _keep_entry(path.parent)
    except FileExistsError:
        raise BadFile(texts.FILE_EXISTS) from None
    except (OSError, ValueError):
        raise BadFile(texts.FILE_UNWRITABLE) from None


@contextmanager
def _begun(path: Path) -> Iterator[Begun]:
    number = _unnamed(path.parent)
    if number is None:
        with _beside(path) as begun:
            yield begun
        return
    with os.fdopen(number, "wb") as file, _opened_folder(path.parent) as folder:
        yield file, lambda: os.link(_of(number), path.name, dst_dir_fd=folder, follow_symlinks=True)


def _unnamed(folder: Path) -> int | None:
    """A file without a name in a folder; None where there is no such thing."""
    if not _UNNAMED:
        return None
    try:
        number = os.open(folder, os.O_WRONLY | os.O_CLOEXEC | _UNNAMED, 0o600)
    except OSError:
        return None
    if os.path.exists(_of(number)):  # noqa: PTH110 - the way by which it gets its name; without /proc there is none
        return number
    os.close(number)
    return None


def _of(number: int) -> str:
    return f"/proc/self/fd/{number}"


@contextmanager
def _beside(path: Path) -> Iterator[Begun]:
    half = path.with_name(path.name + HALF)
    try:
        number = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise BadFile(texts.HALF_EXISTS, name=half.name) from None

    def publish() -> None:
        if os.path.lexists(path):  # it came meanwhile, and a rename would take its place
            raise FileExistsError
        half.rename(path)

    try:
        with os.fdopen(number, "wb") as file:
            yield file, publish
    except BaseException:
        with suppress(OSError):
            half.unlink()
        raise


@contextmanager
def _orderly_ends() -> Iterator[None]:
    """Hold back the signals that end this program; where `_endable` lets them through, they are exceptions."""
    before = {one: signal.getsignal(one) for one in _ENDING}
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    for one, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(one, _end)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


@contextmanager
def _endable() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int]:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield number
    finally:
        os.close(number)


def _keep_entry(folder: Path) -> None:
    with suppress(OSError), _opened_folder(folder) as number:  # some file systems keep folders without being asked
        os.fsync(number)
