"""The root-signed certificates in the keys folder, as the desk needs them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropbox.bureau.errors import NotCertifiedError, SettingsError
from dropbox.courier.certificates import read_folder
from dropbox.protocol import documents
from dropbox.protocol.keys import Certificate, CertificateRequest, Role, RootPublicKey

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
    """Read the keys folder.  Raises SettingsError, see `dropbox.courier.certificates.read_folder`."""
    found = read_folder(folder, root, SettingsError)
    return Certificates(tuple((one.certificate, json.loads(one.document)) for one in found))
