"""A backup on its medium: a folder with copies of the keyrings, parts, and one list of what belongs together.

    accounts.json, publisher.keyring, recipient.keyring   as in a vault, without prekeys, with chains ahead
    parts/NAME                                           never changed: a new content has a new name
    list                                                 sealed; replaced in one step, and from then on it counts

What the list does not name is left over from a backup that was interrupted, and goes with the next one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from dropbox.bureau.errors import BackupDamagedError, ForeignBackupError
from dropbox.storage.errors import SealedDamagedError, WrongPassphraseError
from dropbox.storage.sealed_file import open_sealed, read_file, replace_file, seal

LIST_FILE: Final = "list"
PARTS: Final = "parts"
_CONTEXT: Final = b"dropbox/v1/backup/"
_NAME: Final = 16
_VERSION: Final = 1


@dataclass(frozen=True)
class Part:
    """A file in `parts`: its name there, the hash of its bytes, and of what it was before it was sealed."""

    file: str
    stored: str
    content: str


@dataclass(frozen=True)
class Listing:
    """What belongs together.

    `schema` is the database's revision.  `keyring` is the hash of the recipient's keyring from which the copy was
    made.  `ahead` gives, by a thread's reference, the number at which a restored desk goes on: nothing may be sealed
    under that number or a later one before another backup is made.
    """

    schema: str
    day: int
    keyring: str
    ahead: Mapping[bytes, int] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    files: Mapping[str, Part] = field(default_factory=dict)

    def names(self) -> set[str]:
        """Of the files in `parts`."""
        return {one.file for one in (*self.parts.values(), *self.files.values())}


class Medium:
    """The folder.  Every method raises OSError where the folder cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made yet."""
        self.folder = folder

    @property
    def is_begun(self) -> bool:
        """Whether it holds a backup."""
        return (self.folder / LIST_FILE).exists()

    def listing(self, key: bytes) -> Listing:
        """The list, opened with the vault's storage key.  Raises ForeignBackupError, BackupDamagedError."""
        try:
            value = json.loads(open_sealed(key, read_file(self.folder / LIST_FILE), _CONTEXT + LIST_FILE.encode()))
            if value.pop("version") != _VERSION:
                raise BackupDamagedError
            value["ahead"] = {bytes.fromhex(name): number for name, number in value["ahead"].items()}
            for kind in ("parts", "files"):
                value[kind] = {name: Part(*one) for name, one in value[kind].items()}
            return Listing(**value)
        except WrongPassphraseError:
            raise ForeignBackupError from None
        except (SealedDamagedError, ValueError, KeyError, TypeError, AttributeError):
            raise BackupDamagedError from None

    def write_listing(self, key: bytes, listing: Listing) -> None:
        """From when this returns, it is what the backup holds."""
        value = {
            "version": _VERSION,
            "schema": listing.schema,
            "day": listing.day,
            "keyring": listing.keyring,
            "ahead": {name.hex(): number for name, number in listing.ahead.items()},
            **{
                kind: {name: [one.file, one.stored, one.content] for name, one in which.items()}
                for kind, which in (("parts", listing.parts), ("files", listing.files))
            },
        }
        data = seal(key, json.dumps(value).encode(), _CONTEXT + LIST_FILE.encode())
        replace_file(self.folder / LIST_FILE, data)

    def begin(self) -> None:
        """Make what a backup stands in."""
        (self.folder / PARTS).mkdir(mode=0o700, exist_ok=True)

    def put_part(self, key: bytes, name: str, content: bytes) -> Part:
        """Seal a part and store it under a new name; durable when this returns."""
        data = seal(key, content, _CONTEXT + name.encode())
        file = os.urandom(_NAME).hex()
        replace_file(self.folder / PARTS / file, data)
        return Part(file, digest(data), digest(content))

    def part(self, key: bytes, name: str, part: Part) -> bytes:
        """The content of a part.  Raises BackupDamagedError."""
        data = read_file(self._path(part))
        if digest(data) != part.stored:
            raise BackupDamagedError
        try:
            return open_sealed(key, data, _CONTEXT + name.encode())
        except (SealedDamagedError, WrongPassphraseError):
            raise BackupDamagedError from None

    def new_file(self) -> tuple[str, BinaryIO]:
        """A part to be written piece by piece; it is durable once `close_file` returns."""
        name = os.urandom(_NAME).hex()
        descriptor = os.open(self.folder / PARTS / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return name, os.fdopen(descriptor, "wb")

    def close_file(self, file: BinaryIO) -> None:
        """Have it on disk, with its name."""
        with file:
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self.folder / PARTS, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def open_file(self, part: Part) -> BinaryIO:
        """A part to be read piece by piece.  `verify` has looked at it."""
        return self._path(part).open("rb")

    def hash_of(self, part: Part) -> str:
        """Of its bytes, as they stand there."""
        with self._path(part).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def verify(self, part: Part) -> None:
        """Raise BackupDamagedError unless the file is there, and as it was written."""
        try:
            found = self.hash_of(part)
        except FileNotFoundError:
            raise BackupDamagedError from None
        if found != part.stored:
            raise BackupDamagedError

    def prune(self, kept: Collection[str]) -> None:
        """Delete the parts that the list does not name."""
        for path in (self.folder / PARTS).iterdir():
            if path.name not in kept:
                path.unlink()

    def _path(self, part: Part) -> Path:
        return self.folder / PARTS / part.file


def digest(data: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
