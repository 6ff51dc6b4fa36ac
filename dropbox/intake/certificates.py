"""The couriers' public keys: root-signed certificates from a folder."""

import json
from pathlib import Path
from typing import Final

from dropbox.intake.errors import SettingsError
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import CERTIFICATE_LIMIT, Certificate, Role, RootPublicKey, verify_certificate

COURIERS: Final = (Role.DESK_COURIER, Role.MINISTRY_COURIER)


def load_certificates(folder: Path, root: RootPublicKey) -> tuple[Certificate, ...]:
    """Give the couriers' certificates in a folder's `*.json` files; files of other kinds stand there too.

    Raises SettingsError for a certificate that the pinned root did not sign, and for an unreadable folder.
    """
    if not folder.is_dir():
        message = "keys_dir is not a folder that can be read."
        raise SettingsError(message)
    found = []
    for path in sorted(folder.glob("*.json")):
        data = _read(path)
        if _is_certificate(data):
            found.append(_verified(data, path.name, root))
    return tuple(certificate for certificate in found if certificate.role in COURIERS)


def keys_on(certificates: tuple[Certificate, ...], role: Role, day: int) -> tuple[bytes, ...]:
    """Give the keys certified for this role on this day; none is an empty tuple, so that every request is refused."""
    return tuple(one.key for one in certificates if one.role is role and one.covers(day))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(CERTIFICATE_LIMIT + 1)
    except OSError:
        message = f"{path.name} in keys_dir cannot be read."
        raise SettingsError(message) from None


def _is_certificate(data: bytes) -> bool:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("type") == "certificate"


def _verified(data: bytes, name: str, root: RootPublicKey) -> Certificate:
    try:
        return verify_certificate(data, root)
    except ProtocolError:
        message = f"{name} in keys_dir is not a certificate by the pinned root key."
        raise SettingsError(message) from None
