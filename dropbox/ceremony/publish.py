"""The folder that a deployment publishes and pins: root key, fingerprint, certificates.  Never a secret.

root.pub                     64 hexadecimal digits
fingerprint.txt              the root's fingerprint as twelve words and as digits
<role>-<8 digits>.json       one root-signed certificate each, named by its role and its key
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropbox.ceremony.errors import AlreadyThere, Unreadable
from dropbox.protocol import primitives
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Certificate, RootPublicKey, verify_certificate
from dropbox.protocol.receipt import fingerprint_words

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "root.pub"
FINGERPRINT = "fingerprint.txt"


def words(root: RootPublicKey) -> str:
    """The fingerprint as people compare it: twelve words of the English list."""
    return " ".join(fingerprint_words(root.fingerprint))


def publish_root(folder: Path, root: RootPublicKey) -> None:
    """Starts the folder.  Raises ``AlreadyThere`` when it already pins a root, even the same one."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / ROOT).exists():
        raise AlreadyThere(f"{folder / ROOT} exists: this folder already belongs to an instance.")
    (folder / ROOT).write_text(root.raw.hex() + "\n")
    (folder / FINGERPRINT).write_text(f"{words(root)}\n{root.fingerprint.hex()}\n")


def read_root(folder: Path) -> RootPublicKey:
    """The root that the folder pins.  Raises ``Unreadable``."""
    try:
        return RootPublicKey.from_hex((folder / ROOT).read_text().strip())
    except (OSError, UnicodeDecodeError, ProtocolError) as error:
        raise Unreadable(
            f"{folder / ROOT} is missing or is not a root key; make one with `dropbox-keys root`."
        ) from error


def publish_certificate(folder: Path, data: bytes, root: RootPublicKey) -> str:
    """Adds a certificate once it verifies; gives its file name."""
    certificate = verify_certificate(data, root)
    name = f"{certificate.role}-{primitives.sha256(certificate.key)[:4].hex()}.json"
    (folder / name).write_bytes(data)
    return name


def read_certificates(folder: Path, root: RootPublicKey) -> tuple[Certificate, ...]:
    """All certificates of the folder, verified.  Raises ``Unreadable`` when one is not."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(verify_certificate(path.read_bytes(), root))
        except (OSError, ProtocolError) as error:
            raise Unreadable(f"{path} is not a certificate by this root; take it out of the folder.") from error
    return tuple(found)
