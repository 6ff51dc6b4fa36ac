"""Files of keys: made whole or not at all, on disk before anybody relies on them, and owned as their folder is."""

import os
from pathlib import Path

SECRET = 0o600
FOLDER = 0o700


def create(file: Path, content: bytes, mode: int = SECRET) -> None:
    """Write a file that is not there yet. Raises `FileExistsError`."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as made:  # noqa: PTH123 - a descriptor, not a path
        made.write(content)
        made.flush()
        os.fchmod(descriptor, mode)  # whatever the umask is
        os.fsync(descriptor)
    _own(file)
    sync(file.parent)


def replace(file: Path, content: bytes, mode: int) -> None:
    """Write a file that may be there already: at any moment the old one or the new one is."""
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    create(beside, content, mode)
    beside.replace(file)
    sync(file.parent)


def create_folder(folder: Path) -> None:
    """Make a folder that only its owner reads."""
    folder.mkdir(mode=FOLDER)
    _own(folder)


def sync(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _own(path: Path) -> None:
    """Give what was made by root to whom the folder belongs: tor reads no key of another account."""
    parent = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(path, parent.st_uid, parent.st_gid)
