"""Witnesses whom somebody trusts: people who looked at the keys of the day themselves, and signed what they saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dropbox.native import texts
from dropbox.native.errors import BadFile, BadHost, BadWitnesses
from dropbox.native.files import read_small
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.cosignature import COSIGNATURE_LIMIT, Quorum
from dropbox.protocol.errors import BadSignature, OutsideDates, ProtocolError


@dataclass(frozen=True)
class Witnesses:
    """How many of which witnesses are required, and the folder with what they signed (docs/protocol.md, 16.2)."""

    quorum: Quorum
    folder: Path

    @classmethod
    def of(cls, names: Sequence[str], needed: int, folder: Path) -> Witnesses:
        """From what was given to the command: keys in hexadecimal digits.  Raises BadWitnesses."""
        try:
            return cls(Quorum(frozenset(map(bytes.fromhex, names)), needed), folder)
        except (ValueError, ProtocolError):
            raise BadWitnesses(texts.BAD_WITNESSES) from None

    def require(self, bulletin: Bulletin) -> None:
        """Refuse keys that too few of the witnesses saw.  Raises BadHost."""
        try:
            self.quorum.require(bulletin, self._signed())
        except BadSignature:
            raise BadHost(texts.NOT_WITNESSED, needed=self.quorum.needed) from None
        except OutsideDates:
            raise BadHost(texts.WITNESSED_ANOTHER) from None

    def _signed(self) -> Iterator[bytes]:
        for path in sorted(self.folder.glob("*.json")):
            with suppress(BadFile):  # what cannot be read counts for nothing, like what is signed by others
                yield read_small(path, COSIGNATURE_LIMIT)
