"""The inbox's folder: two keyrings, the accounts, and the lock that lets one process work on it.

`courier.keyring` opens with the service's passphrase: with it the inbox collects and sends sealed cards while nobody is
signed in, and reads none.  `inbox.keyring` opens with an access key that each account holds: it reads, signs and opens
the store.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dropbox.courier.signing import CourierKey
from dropbox.ministry.errors import (
    AlreadyMadeError,
    AlreadyRunningError,
    KeyringDamagedError,
    NotMadeError,
    SettingsError,
)
from dropbox.protocol import documents
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import CertificateRequest, Role
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey
from dropbox.storage.accounts import Accounts
from dropbox.storage.errors import WrongPasswordError
from dropbox.storage.sealed_file import (
    DEFAULT_COST,
    KEY_BYTES,
    Cost,
    open_sealed,
    open_with_passphrase,
    read_file,
    replace_file,
    seal,
    seal_with_passphrase,
)

COURIER_FILE: Final = "courier.keyring"
INBOX_FILE: Final = "inbox.keyring"
ACCOUNTS_FILE: Final = "accounts.json"
ACCESS: Final = "inbox"  # the name of the inbox keyring's access key in an account

_LOCK_FILE: Final = "inbox.lock"
_COURIER_CONTEXT: Final = b"dropbox/v1/ministry/courier.keyring"
_INBOX_CONTEXT: Final = b"dropbox/v1/ministry/inbox.keyring"
_LIMIT: Final = 64 * 1024

Random = Callable[[int], bytes]


@dataclass(frozen=True)
class CourierKeys:
    """What the service may hold without anybody being there: no key that reads, signs an answer or opens the store.

    The two public keys let it tell whether the root certified what this folder holds.
    """

    courier: CourierKey
    box_public: bytes
    outcome_public: bytes


@dataclass(frozen=True)
class InboxKeys:
    """What signing in opens: the key that cards are sealed to, the key that signs answers, the store's key."""

    box: XWingSecretKey
    outcome: SigningKey
    store: bytes = field(repr=False)


class Folder:
    """The files of one inbox."""

    def __init__(self, path: Path, cost: Cost = DEFAULT_COST) -> None:
        """Keep where they stand, and what new passwords and passphrases shall cost."""
        self._path, self._cost = path, cost
        self.accounts = Accounts(path / ACCOUNTS_FILE, cost)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock while the body runs.  Raises AlreadyRunningError, SettingsError."""
        try:
            lock = os.open(self._path / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            raise SettingsError("folder is not a folder that this account may write in.") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise AlreadyRunningError from None
        try:
            yield
        finally:
            os.close(lock)

    @property
    def is_made(self) -> bool:
        """Whether the folder holds an inbox."""
        return (self._path / INBOX_FILE).exists()

    def make(self, passphrase: str, user: str, password: str, random: Random) -> CertificateRequest:
        """Make keys and the first account; give the public keys that the root holder has to certify.

        Raises AlreadyMadeError, and of `Accounts.create` what concerns name and password.  The inbox keyring is written
        last: what an interrupted attempt left before it is not an inbox, and is replaced.
        """
        if self.is_made:
            raise AlreadyMadeError
        courier = CourierKey(random(KEY_BYTES))
        box = XWingSecretKey.generate(random)
        inbox = InboxKeys(box, SigningKey.generate(Role.OUTCOME, random), random(KEY_BYTES))
        access = random(KEY_BYTES)
        (self._path / ACCOUNTS_FILE).unlink(missing_ok=True)
        self.accounts.create(user, password, {ACCESS: access})
        public = CourierKeys(courier, box.public, inbox.outcome.public)
        sealed = seal_with_passphrase(passphrase, _courier_bytes(public), _COURIER_CONTEXT, self._cost)
        replace_file(self._path / COURIER_FILE, sealed)
        replace_file(self._path / INBOX_FILE, seal(access, _inbox_bytes(inbox), _INBOX_CONTEXT))
        return CertificateRequest((
            (Role.MINISTRY_COURIER, courier.public),
            (Role.MINISTRY_CARD_BOX, public.box_public),
            (Role.OUTCOME, public.outcome_public),
        ))  # fmt: skip

    def open_courier(self, passphrase: str) -> CourierKeys:
        """Open the service's keyring.  Raises NotMadeError, WrongPassphraseError, SealedDamagedError.

        Hashes the passphrase: call it in a thread.
        """
        plain = open_with_passphrase(passphrase, self._read(COURIER_FILE), _COURIER_CONTEXT)
        value = _fields(plain, ("box", "courier", "outcome"))
        try:
            return CourierKeys(
                CourierKey(documents.from_hex(value["courier"], KEY_BYTES)),
                documents.from_base64(value["box"]),
                documents.from_base64(value["outcome"]),
            )
        except ProtocolError:
            raise KeyringDamagedError from None

    def open_inbox(self, user: str, password: str) -> InboxKeys:
        """Open the keyring that reads.  Raises WrongPasswordError, alike for a wrong name and a wrong password.

        Hashes the password: call it in a thread.
        """
        access = self.accounts.unlock(user, password).get(ACCESS)
        if access is None:
            raise WrongPasswordError
        value = _fields(open_sealed(access, self._read(INBOX_FILE), _INBOX_CONTEXT), ("box", "outcome", "store"))
        try:
            seeds = {name: documents.from_hex(value[name], KEY_BYTES) for name in ("box", "outcome", "store")}
        except ProtocolError:
            raise KeyringDamagedError from None
        return InboxKeys(XWingSecretKey(seeds["box"]), SigningKey(Role.OUTCOME, seeds["outcome"]), seeds["store"])

    def add_account(self, by: str, by_password: str, user: str, password: str) -> None:
        """Let an account give a new one what it opens itself.

        Raises WrongPasswordError, UserNameRefusedError, WeakPasswordError.
        """
        self.accounts.create(user, password, self.accounts.unlock(by, by_password))

    def _read(self, name: str) -> bytes:
        try:
            return read_file(self._path / name)
        except OSError:
            raise NotMadeError from None


def _courier_bytes(keys: CourierKeys) -> bytes:
    return json.dumps({
        "box": documents.to_base64(keys.box_public),
        "courier": keys.courier.seed.hex(),
        "outcome": documents.to_base64(keys.outcome_public),
        "version": 1,
    }).encode()  # fmt: skip


def _inbox_bytes(keys: InboxKeys) -> bytes:
    return json.dumps({
        "box": keys.box.seed.hex(),
        "outcome": keys.outcome.seed.hex(),
        "store": keys.store.hex(),
        "version": 1,
    }).encode()  # fmt: skip


def _fields(plain: bytes, names: tuple[str, ...]) -> dict[str, object]:
    try:
        value = json.loads(plain)
    except ValueError:
        raise KeyringDamagedError from None
    if len(plain) > _LIMIT or not isinstance(value, dict) or set(value) != {*names, "version"} or value["version"] != 1:
        raise KeyringDamagedError
    return value
