"""The keys of one day as a file: what is needed to seal without a line.  The same bytes for everyone.

`DBXKEY01 || root public key (32) || bulletin`.  Nothing in it is believed: the key is compared with the leaflet, the
bulletin verified by the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dropbox.native import texts
from dropbox.native.errors import BadFile
from dropbox.protocol.bulletin import BULLETIN_LIMIT
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.sizes import ED25519_PUBLIC

MAGIC: Final = b"DBXKEY01"
_ROOT: Final = slice(len(MAGIC), len(MAGIC) + ED25519_PUBLIC)
MOST: Final = _ROOT.stop + BULLETIN_LIMIT


@dataclass(frozen=True)
class KeyFile:
    """A root key and a bulletin, neither of them verified."""

    root: RootPublicKey
    bulletin: bytes

    def to_bytes(self) -> bytes:
        """The bytes of the file."""
        return MAGIC + self.root.raw + self.bulletin

    @classmethod
    def from_bytes(cls, data: bytes) -> KeyFile:
        """Read a file.  Raises BadFile."""
        if not data.startswith(MAGIC) or not _ROOT.stop < len(data) <= MOST:
            raise BadFile(texts.NO_KEY_FILE)
        try:
            return cls(RootPublicKey(data[_ROOT]), data[_ROOT.stop :])
        except ProtocolError:
            raise BadFile(texts.NO_KEY_FILE) from None
