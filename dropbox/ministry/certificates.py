"""The keys that the root certified: the bureau's, to verify and to seal to, and the ministry's own."""

from pathlib import Path
from typing import Final

from dropbox.courier.certificates import read_folder
from dropbox.ministry.errors import SettingsError
from dropbox.protocol import keys
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Certificate, Role, RootPublicKey

ROLES: Final = (Role.CARD, Role.BUREAU_CARD_BOX, Role.MINISTRY_COURIER, Role.MINISTRY_CARD_BOX, Role.OUTCOME)
"""The roles that the inbox has to do with; certificates for others stand in the folder too and are passed over."""


def load_certificates(folder: Path, root: RootPublicKey) -> tuple[Certificate, ...]:
    """Give the certificates of `ROLES` in the keys folder.

    Raises SettingsError, see `dropbox.courier.certificates.read_folder`.
    """
    found = (one.certificate for one in read_folder(folder, root, SettingsError))
    return tuple(certificate for certificate in found if certificate.role in ROLES)


def keys_on(certificates: tuple[Certificate, ...], role: Role, day: int) -> tuple[bytes, ...]:
    """Give the keys certified for this role on this day; none is an empty tuple."""
    try:
        return keys.certified(certificates, role, day)
    except ProtocolError:
        return ()
