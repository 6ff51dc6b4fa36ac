"""The root key: made once, kept offline in a file under a passphrase, used to certify and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropbox.ceremony.errors import AlreadyThere, Unreadable
from dropbox.protocol.secret_keys import RootSecretKey
from dropbox.storage import sealed_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dropbox.protocol.keys import CertificateRequest

_CONTEXT = b"dropbox/ceremony/root/1"


def make_root(path: Path, passphrase: str, random: Callable[[int], bytes]) -> RootSecretKey:
    """A new root in a new file of mode 0600.  Raises ``AlreadyThere``."""
    if path.exists():
        raise AlreadyThere(f"{path} exists: a root key is never overwritten.")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = RootSecretKey.generate(random)
    sealed_file.replace_file(path, sealed_file.seal_with_passphrase(passphrase, root.seed, _CONTEXT))
    return root


def open_root(path: Path, passphrase: str) -> RootSecretKey:
    """The root from its file.  Raises ``Unreadable``, or ``WrongPassphrase`` from the sealed file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path} cannot be read; bring the medium with the root key.") from error
    return RootSecretKey(sealed_file.open_with_passphrase(passphrase, data, _CONTEXT))


def certify(root: RootSecretKey, request: CertificateRequest, today: int, days: int) -> list[bytes]:
    """One certificate for each key asked for, valid from yesterday (clocks differ) for so many days."""
    return [root.certify(role, key, today - 1, today + days) for role, key in request.keys]
