"""Files that keep secrets: sealed under a key or a passphrase, replaced whole, so that what is left out is gone.

A sealed value is `magic || nonce || inner key sealed under the outer key || nonce || content sealed under the inner
key`, both with XChaCha20-Poly1305.  The inner key is new for every write: who copies the outer key today cannot open
yesterday's content without yesterday's 72 bytes of inner key, which `replace_file` overwrites.
"""

import contextlib
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nacl.utils
from argon2.low_level import Type, hash_secret_raw
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_ABYTES,
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError

from dropbox.storage.errors import SealedDamagedError, SealedTooLargeError, WrongPassphraseError

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16

_NONCE: Final = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_TAG: Final = crypto_aead_xchacha20poly1305_ietf_ABYTES
_SEAL_MAGIC: Final = b"DBXSEAL1"
_PASS_MAGIC: Final = b"DBXPASS1"
_INNER: Final = _NONCE + KEY_BYTES + _TAG
_COST: Final = struct.Struct(f">8sIII{SALT_BYTES}s")

_MOST_MEMORY_KIB: Final = 1024 * 1024
_MOST_PASSES: Final = 32
_MOST_LANES: Final = 16

LARGEST_FILE: Final = 256 * 1024 * 1024
"""More than any keyring comes to; a larger file is not one of ours and is not read into memory."""


@dataclass(frozen=True)
class Cost:
    """What one try of a passphrase costs: Argon2id (RFC 9106).  The default is its second recommended option, with
    one lane instead of four: a handler's machine may have few cores.
    """

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 1

    def __post_init__(self) -> None:
        """Refuse more than a file from elsewhere may make this machine spend.  Raises SealedDamagedError."""
        bounds = ((self.lanes, _MOST_LANES), (self.passes, _MOST_PASSES), (self.memory_kib, _MOST_MEMORY_KIB))
        if any(not 1 <= value <= most for value, most in bounds) or self.memory_kib < 8 * self.lanes:
            raise SealedDamagedError


DEFAULT_COST: Final = Cost()


def derive_key(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """32 bytes from a passphrase.  Takes a third of a second at the default cost: call it in a thread."""
    return hash_secret_raw(
        passphrase.encode("utf-8", "surrogatepass"),
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Seal under a 32-byte key.  It opens with the same `context` only: name what it is and where it stands."""
    inner = nacl.utils.random(KEY_BYTES)
    return _SEAL_MAGIC + _encrypt(key, inner, b"inner" + context) + _encrypt(inner, plaintext, b"content" + context)


def open_sealed(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Give the plaintext.  Raises WrongPassphraseError for another key or context, SealedDamagedError otherwise."""
    start = len(_SEAL_MAGIC) + _INNER
    if sealed[: len(_SEAL_MAGIC)] != _SEAL_MAGIC or len(sealed) < start + _NONCE + _TAG:
        raise SealedDamagedError
    try:
        inner = _decrypt(key, sealed[len(_SEAL_MAGIC) : start], b"inner" + context)
    except CryptoError:
        raise WrongPassphraseError from None
    try:
        return _decrypt(inner, sealed[start:], b"content" + context)
    except CryptoError:
        raise SealedDamagedError from None


def seal_with_passphrase(passphrase: str, plaintext: bytes, context: bytes, cost: Cost = DEFAULT_COST) -> bytes:
    """Seal under a passphrase; salt and cost stand in front."""
    return PassphraseSeal.make(passphrase, cost).seal(plaintext, context)


def open_with_passphrase(passphrase: str, sealed: bytes, context: bytes) -> bytes:
    """Give the plaintext.  Raises WrongPassphraseError or SealedDamagedError."""
    return PassphraseSeal.open(passphrase, sealed, context)[1]


class PassphraseSeal:
    """Reads and rewrites one file under one passphrase, paying its cost once: the derived key stays in memory.

    Salt and cost stay those of the file; every write has a fresh inner key all the same.
    """

    def __init__(self, head: bytes, key: bytes) -> None:
        """Use `make` or `open`."""
        self._head, self._key = head, key

    @classmethod
    def make(cls, passphrase: str, cost: Cost = DEFAULT_COST) -> "PassphraseSeal":
        """Begin with a new salt."""
        salt = nacl.utils.random(SALT_BYTES)
        head = _COST.pack(_PASS_MAGIC, cost.memory_kib, cost.passes, cost.lanes, salt)
        return cls(head, derive_key(passphrase, salt, cost))

    @classmethod
    def open(cls, passphrase: str, sealed: bytes, context: bytes) -> tuple["PassphraseSeal", bytes]:
        """Give the seal and the plaintext.  Raises WrongPassphraseError or SealedDamagedError."""
        if len(sealed) < _COST.size:
            raise SealedDamagedError
        head = sealed[: _COST.size]
        magic, memory, passes, lanes, salt = _COST.unpack(head)
        if magic != _PASS_MAGIC:
            raise SealedDamagedError
        ours = cls(head, derive_key(passphrase, salt, Cost(memory, passes, lanes)))
        return ours, open_sealed(ours._key, sealed[_COST.size :], head + context)

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Seal new content; `open_with_passphrase` opens it."""
        return self._head + seal(self._key, plaintext, self._head + context)


def read_file(path: Path) -> bytes:
    """Give a whole file.  Raises SealedDamagedError for one that is larger than ours are, or OSError."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise SealedDamagedError
    return data


def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put `data` in the place of the file, whole or not at all, durable when this returns.

    Afterwards the old content is overwritten with zeros through a descriptor that was opened before the change.  That
    is best effort: a crash in between, flash memory, a copying file system or a snapshot may keep old blocks; only
    encryption of the whole disk helps against these.  A hard link that somebody made to the old file keeps it whole.
    One writer at a time: the caller sees to it.  Raises OSError, or SealedTooLargeError for what `read_file` would
    refuse; then the file is as it was.
    """
    if len(data) > LARGEST_FILE:
        raise SealedTooLargeError
    new = path.with_name(path.name + ".new")
    _remove_leftover(new)
    old = _open_old(path)
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
        _sync_folder(path.parent)
        if old is not None:
            _overwrite(old)
    finally:
        if old is not None:
            os.close(old)


def _remove_leftover(new: Path) -> None:
    """What a crash left may be a whole keyring: as it would have been overwritten later, it is now."""
    left = _open_old(new)
    new.unlink(missing_ok=True)
    if left is not None:
        try:
            _overwrite(left)
        finally:
            os.close(left)


def _open_old(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    return None


def _overwrite(descriptor: int) -> None:
    found = os.fstat(descriptor)
    if found.st_nlink or not stat.S_ISREG(found.st_mode):
        return
    with contextlib.suppress(OSError):  # best effort, the new file is in place
        os.pwrite(descriptor, bytes(found.st_size), 0)
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _encrypt(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    # 24 random bytes never repeat in practice, also under the outer key, which seals many times.
    nonce = nacl.utils.random(_NONCE)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, context, nonce, key)


def _decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
    return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[_NONCE:], context, sealed[:_NONCE], key)
