"""HPKE's receiving side, apart from envelopes: the ministry opens cards with it and never loads what opens reports.

The libraries raise different exceptions for a malformed point, a wrong tag and a wrong length.  They all end here as
``DoesNotOpen``, so that one poisoned envelope or card is a refused one and never a stopped desk or inbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm

from dropbox.protocol import primitives, sizes
from dropbox.protocol.errors import DoesNotOpen

if TYPE_CHECKING:
    from dropbox.protocol.secret_keys import XWingSecretKey


def hpke_open(secret: XWingSecretKey, info: bytes, sealed: bytes) -> bytes:
    """The inverse of ``primitives.hpke_seal``.  Raises ``DoesNotOpen``, whatever the library raised."""
    if len(sealed) < sizes.XWING_CIPHERTEXT + sizes.AEAD_TAG:
        raise DoesNotOpen("too short for a sealed message")
    try:
        return primitives.SUITE.decrypt(sealed, secret.load(), info)
    except (InvalidTag, ValueError, UnsupportedAlgorithm) as error:
        raise DoesNotOpen("sealed to another key, or altered") from error
