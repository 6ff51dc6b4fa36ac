"""Accounts of people who sign in, each of which opens keyrings: `accounts.json`, mode 0600, replaced whole.

For every keyring an account holds the keyring's access key, sealed under a key that Argon2id makes from the password.
There is no password hash beside it: the right password is the one that opens.
"""

import fcntl
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import nacl.utils

from dropbox.storage.errors import (
    SealedDamagedError,
    UserNameRefusedError,
    WeakPasswordError,
    WrongPassphraseError,
    WrongPasswordError,
)
from dropbox.storage.sealed_file import (
    DEFAULT_COST,
    KEY_BYTES,
    SALT_BYTES,
    Cost,
    derive_key,
    open_sealed,
    read_file,
    replace_file,
    seal,
)

SHORTEST_PASSWORD: Final = 12  # characters
LONGEST_PASSWORD: Final = 1000  # characters; hashing more is a stranger's way to keep us busy

_USER: Final = re.compile(r"[\w][\w.@-]{0,63}")
_VERSION: Final = 1
_Account = dict[str, Any]


class Accounts:
    """The accounts of one file.  Every call reads the file again; a second process may write it in between.

    `create`, `unlock` and `change_password` hash a password: call them in a thread.
    """

    def __init__(self, path: Path, cost: Cost = DEFAULT_COST) -> None:
        """Keep where the file stands, and what new passwords shall cost.  The file need not exist yet."""
        self._path, self._cost = path, cost

    def users(self) -> tuple[str, ...]:
        """The names, sorted."""
        return tuple(sorted(self._read()))

    def create(self, user: str, password: str, access_keys: Mapping[str, bytes]) -> None:
        """Add an account that opens these keyrings (name to 32-byte access key).

        Raises UserNameRefusedError, WeakPasswordError.
        """
        user, password = _clean(user), _clean(password)
        if not _USER.fullmatch(user):
            raise UserNameRefusedError
        account = self._sealed(user, password, access_keys)
        with self._changing() as accounts:
            if user in accounts:
                raise UserNameRefusedError
            accounts[user] = account

    def unlock(self, user: str, password: str) -> dict[str, bytes]:
        """Give the access keys by keyring.  Raises WrongPasswordError.

        An unknown name costs as much time as a wrong password: how long it takes says nothing about who has an account.
        """
        user, password = _clean(user), _clean(password[: LONGEST_PASSWORD + 1])
        account = self._read().get(user)
        if account is None:
            derive_key(password, nacl.utils.random(SALT_BYTES), self._cost)
            raise WrongPasswordError
        return _open(user, password, account)

    def change_password(self, user: str, old: str, new: str) -> None:
        """Seal the same access keys under the new password.  Raises WrongPasswordError, WeakPasswordError."""
        _require_strong(_clean(new))
        access_keys = self.unlock(user, old)
        user = _clean(user)
        account = self._sealed(user, _clean(new), access_keys)
        with self._changing() as accounts:
            accounts[user] = account

    def remove(self, user: str) -> None:
        """Take an account away.  Raises WrongPasswordError when there is none."""
        with self._changing() as accounts:
            if accounts.pop(_clean(user), None) is None:
                raise WrongPasswordError

    def _sealed(self, user: str, password: str, access_keys: Mapping[str, bytes]) -> _Account:
        _require_strong(password)
        if any(len(key) != KEY_BYTES for key in access_keys.values()):
            message = "An access key has 32 bytes."
            raise ValueError(message)
        salt = nacl.utils.random(SALT_BYTES)
        key = derive_key(password, salt, self._cost)
        return {
            "salt": salt.hex(),
            "cost": [self._cost.memory_kib, self._cost.passes, self._cost.lanes],
            "keyrings": {name: seal(key, value, _context(user, name)).hex() for name, value in access_keys.items()},
        }

    def _read(self) -> dict[str, _Account]:
        try:
            value = json.loads(read_file(self._path))
        except FileNotFoundError:
            return {}
        except ValueError:
            raise SealedDamagedError from None
        accounts = value.get("accounts") if isinstance(value, dict) and value.get("version") == _VERSION else None
        if not isinstance(accounts, dict):
            raise SealedDamagedError
        return accounts

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Account]]:
        """Give the accounts to change; a lock beside the file keeps two processes from losing each other's change."""
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            accounts = self._read()
            yield accounts
            data = json.dumps({"accounts": accounts, "version": _VERSION}, sort_keys=True, indent=1).encode()
            replace_file(self._path, data)
        finally:
            os.close(lock)


def _open(user: str, password: str, account: _Account) -> dict[str, bytes]:
    try:
        salt, cost = bytes.fromhex(account["salt"]), Cost(*account["cost"])
        sealed = {name: bytes.fromhex(value) for name, value in account["keyrings"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SealedDamagedError from None
    key = derive_key(password, salt, cost)
    try:
        return {name: open_sealed(key, value, _context(user, name)) for name, value in sealed.items()}
    except WrongPassphraseError:
        raise WrongPasswordError from None


def _context(user: str, keyring: str) -> bytes:
    """What an access key is sealed for: it cannot be moved to another account or pass for another keyring's."""
    return json.dumps(["dropbox/v1/account", user, keyring]).encode()


def _clean(text: str) -> str:
    """One spelling of what looks the same: keyboards differ in how they write an accent."""
    return unicodedata.normalize("NFKC", text)


def _require_strong(password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPasswordError
