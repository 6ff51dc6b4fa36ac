"""What stands on the leaflet: the onion address, and the fingerprint of the root key in twelve words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dropbox.native import texts
from dropbox.native.errors import BadLeaflet
from dropbox.protocol.receipt import WORDS, fingerprint_words
from dropbox.torlink.addresses import OnionAddress
from dropbox.torlink.errors import AddressError

if TYPE_CHECKING:
    from dropbox.protocol.keys import RootPublicKey

FILE_MOST: Final = 4096  # bytes of a leaflet as a file
_WORD: Final = re.compile("[a-z]+")
_FIELDS: Final = ("address", "fingerprint")


@dataclass(frozen=True)
class Fingerprint:
    """Twelve words, as somebody read them from paper."""

    words: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Read what was typed, whatever stands between the words.  Raises BadLeaflet."""
        words = tuple(_WORD.findall(text.casefold()))
        if len(words) != WORDS:
            raise BadLeaflet(texts.FINGERPRINT_COUNT, found=len(words))
        return cls(words)

    def require(self, root: RootPublicKey) -> None:
        """Refuse another key.  Raises BadLeaflet, which says where the words differ and never what they should be:
        whoever is lied to would correct the paper.
        """
        expected = fingerprint_words(root.fingerprint)
        if self.words != expected:
            place = next(place for place in range(WORDS) if self.words[place] != expected[place])
            raise BadLeaflet(texts.OTHER_FINGERPRINT, position=place + 1)


def parse_address(text: str) -> OnionAddress:
    """Read an address as it is typed or copied, with or without `http://` and a path.  Raises BadLeaflet."""
    name = text.strip().lower().removeprefix("http://").partition("/")[0]
    try:
        return OnionAddress(name)
    except AddressError:
        raise BadLeaflet(texts.BAD_ADDRESS) from None


def parse_file(text: str) -> tuple[OnionAddress | None, Fingerprint | None]:
    """Read a leaflet as a file: lines `address: ...` and `fingerprint: ...`, either of which may be missing.

    Raises BadLeaflet.
    """
    found = dict[str, str]()
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if line.startswith("#"):
            continue
        if not colon or name not in _FIELDS or name in found:
            raise BadLeaflet(texts.BAD_LEAFLET_FILE)
        found[name] = value
    address, fingerprint = found.get("address"), found.get("fingerprint")
    return parse_address(address) if address else None, Fingerprint.parse(fingerprint) if fingerprint else None
