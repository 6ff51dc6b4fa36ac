"""The keys that the root certified: the bureau's, to verify and to seal to, and the ministry's own."""

import json
from pathlib import Path
from typing import Final

from dropbox.ministry.errors import SettingsError
from dropbox.protocol import keys
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import CERTIFICATE_LIMIT, Certificate, Role, RootPublicKey, verify_certificate

ROLES: Final = (Role.CARD, Role.BUREAU_CARD_BOX, Role.MINISTRY_COURIER, Role.MINISTRY_CARD_BOX, Role.OUTCOME)
"""The roles that the inbox has to do with; certificates for others stand in the folder too and are passed over."""


def load_certificates(folder: Path, root: RootPublicKey) -> tuple[Certificate, ...]:
    """Give the certificates of `ROLES` in a folder's `*.json` files; files of other kinds may stand there too.

    Raises SettingsError for a certificate that the pinned root did not sign, and for an unreadable folder.
    """
    if not folder.is_dir():
        raise SettingsError("keys_dir is not a folder that can be read.")
    found = []
    for path in sorted(folder.glob("*.json")):
        data = _read(path)
        if _is_certificate(data):
            found.append(_verified(data, path.name, root))
    return tuple(certificate for certificate in found if certificate.role in ROLES)


def keys_on(certificates: tuple[Certificate, ...], role: Role, day: int) -> tuple[bytes, ...]:
    """Give the keys certified for this role on this day; none is an empty tuple."""
    try:
        return keys.certified(certificates, role, day)
    except ProtocolError:
        return ()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(CERTIFICATE_LIMIT + 1)
    except OSError:
        raise SettingsError(f"{path.name} in keys_dir cannot be read.") from None


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
        raise SettingsError(f"{name} in keys_dir is not a certificate by the pinned root key.") from None
