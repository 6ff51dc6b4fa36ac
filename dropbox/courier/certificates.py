"""The root-signed certificates in the keys folder: read, verified against the pinned root, nothing else."""

import json
from dataclasses import dataclass
from pathlib import Path

from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import CERTIFICATE_LIMIT, Certificate, RootPublicKey, verify_certificate


@dataclass(frozen=True)
class Found:
    """One verified certificate, and the bytes of its document."""

    certificate: Certificate
    document: bytes


def read_folder(folder: Path, root: RootPublicKey, refuse: type[Exception]) -> tuple[Found, ...]:
    """Read the certificates in a folder's `*.json` files, in the order of their names; other files may stand there.

    Raises `refuse` with a sentence for a certificate that the pinned root did not sign, and for what is unreadable.
    """
    if not folder.is_dir():
        raise refuse("keys_dir is not a folder that can be read.")
    found = []
    for path in sorted(folder.glob("*.json")):
        data = _read(path, refuse)
        if not _is_certificate(data):
            continue
        try:
            found.append(Found(verify_certificate(data, root), data))
        except ProtocolError:
            raise refuse(f"{path.name} in keys_dir is not a certificate by the pinned root key.") from None
    return tuple(found)


def _read(path: Path, refuse: type[Exception]) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(CERTIFICATE_LIMIT + 1)
    except OSError:
        raise refuse(f"{path.name} in keys_dir cannot be read.") from None


def _is_certificate(data: bytes) -> bool:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("type") == "certificate"
