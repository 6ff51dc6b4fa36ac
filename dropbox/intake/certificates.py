"""The couriers' public keys: root-signed certificates from a folder."""

from pathlib import Path
from typing import Final

from dropbox.courier.certificates import read_folder
from dropbox.intake.errors import SettingsError
from dropbox.protocol.keys import Certificate, Role, RootPublicKey

COURIERS: Final = (Role.DESK_COURIER, Role.MINISTRY_COURIER)


def load_certificates(folder: Path, root: RootPublicKey) -> tuple[Certificate, ...]:
    """Give the couriers' certificates in the keys folder.

    Raises SettingsError, see `dropbox.courier.certificates.read_folder`.
    """
    found = (one.certificate for one in read_folder(folder, root, SettingsError))
    return tuple(certificate for certificate in found if certificate.role in COURIERS)


def keys_on(certificates: tuple[Certificate, ...], role: Role, day: int) -> tuple[bytes, ...]:
    """Give the keys certified for this role on this day; none is an empty tuple, so that every request is refused."""
    return tuple(one.key for one in certificates if one.role is role and one.covers(day))
