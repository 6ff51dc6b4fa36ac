"""The root-signed certificates in the keys folder, as the desk needs them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropbox.bureau.errors import NotCertifiedError, SettingsError
from dropbox.protocol import documents
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import CERTIFICATE_LIMIT, Certificate, CertificateRequest, Role, RootPublicKey
from dropbox.protocol.keys import verify_certificate as verify

IN_BULLETINS: Final = (Role.BULLETIN, Role.BOARD, Role.PUBLICATION)
"""What a reporter's client has to verify."""


@dataclass(frozen=True)
class Certificates:
    """Verified certificates, each with its document as it stands in bulletins."""

    found: tuple[tuple[Certificate, documents.Json], ...]

    def keys(self, role: Role, day: int) -> tuple[bytes, ...]:
        """The keys certified for a role on a day; none is an empty tuple."""
        return tuple(one.key for one, _ in self.found if one.role is role and one.covers(day))

    def of(self, wanted: Iterable[tuple[Role, bytes]], day: int) -> tuple[tuple[Certificate, documents.Json], ...]:
        """The certificates of these very keys on a day."""
        pairs = set(wanted)
        return tuple((one, body) for one, body in self.found if (one.role, one.key) in pairs and one.covers(day))

    def require(self, request: CertificateRequest, day: int) -> None:
        """Raise NotCertifiedError unless every key of the desk is certified on this day."""
        for role, key in request.keys:
            if key not in self.keys(role, day):
                raise NotCertifiedError(f"keys_dir has no certificate that is valid today for the desk's {role} key.")


def load(folder: Path, root: RootPublicKey) -> Certificates:
    """Read a folder's `*.json` files; files of other kinds stand there too.

    Raises SettingsError for a certificate that the pinned root did not sign, and for an unreadable folder.
    """
    if not folder.is_dir():
        raise SettingsError("keys_dir is not a folder that can be read.")
    found = []
    for path in sorted(folder.glob("*.json")):
        data = _read(path)
        if _is_certificate(data):
            try:
                found.append((verify(data, root), json.loads(data)))
            except ProtocolError:
                raise SettingsError(f"{path.name} in keys_dir is not a certificate by the pinned root key.") from None
    return Certificates(tuple(found))


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
