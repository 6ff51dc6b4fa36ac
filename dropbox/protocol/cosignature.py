"""Witnesses: others who saw the same bulletin, so that a client can require k of n (docs/protocol.md, section 16.2).

A witness visits the host as a reporter does, verifies the bulletin, and signs what it saw.  A client that asks for
k of n never seals to keys that were made for it alone, unless k witnesses lie or were shown the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dropbox.protocol import documents, keys, labels, sizes
from dropbox.protocol.errors import BadSignature, Malformed, OutsideDates, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dropbox.protocol.bulletin import Bulletin

COSIGNATURE_LIMIT: Final = 4 * sizes.KIB
MAX_WITNESSES: Final = 16
MAX_REVISION: Final = (1 << 16) - 1
_FIELDS: Final = ("day", "hash", "instance", "revision", "seen_day", "version", "witness")


@dataclass(frozen=True)
class Cosignature:
    """``witness`` saw, on ``seen_day``, the bulletin of ``day`` and ``revision`` with this hash.

    A bulletin counts from half a day before its day to half a day after, so it is seen a day off at most: nobody
    vouches ahead of time for a bulletin that may still be replaced.
    """

    witness: bytes
    instance: bytes
    day: int
    revision: int
    hash: bytes
    seen_day: int

    def __post_init__(self) -> None:
        lengths = (len(self.witness), len(self.instance), len(self.hash))
        if lengths != (sizes.ED25519_PUBLIC, sizes.INSTANCE, sizes.SHA256):
            raise Malformed("a key, an instance or a hash of the wrong length")
        documents.integer(self.day, 0, keys.MAX_DAY)
        documents.integer(self.revision, 0, MAX_REVISION)
        documents.integer(self.seen_day, 0, keys.MAX_DAY)
        if abs(self.seen_day - self.day) > 1:
            raise Malformed("a bulletin is cosigned while it counts")

    @classmethod
    def of(cls, bulletin: Bulletin, witness: bytes, today: int) -> Cosignature:
        """What a witness says of a bulletin that it has verified as current today."""
        return cls(witness, bulletin.instance, bulletin.day, bulletin.revision, bulletin.hash, today)

    def to_body(self) -> documents.Json:
        """What the witness signs."""
        return {
            "day": self.day,
            "hash": self.hash.hex(),
            "instance": self.instance.hex(),
            "revision": self.revision,
            "seen_day": self.seen_day,
            "version": 1,
            "witness": self.witness.hex(),
        }


def sign_cosignature(cosignature: Cosignature, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed bytes.  ``sign`` is the witness's, over bytes with their label."""
    return documents.sign_document(
        "cosignature", cosignature.to_body(), lambda body: sign(labels.SIGN_COSIGNATURE + body)
    )


def verify_cosignature(data: bytes) -> Cosignature:
    """A cosignature by the witness that it names.  Raises ``Malformed``, ``NotCanonical``, ``TooLong``,
    ``BadSignature``.
    """
    document = documents.read_document(data, "cosignature", limit=COSIGNATURE_LIMIT)
    body = documents.fields(document.body, _FIELDS)
    documents.integer(body["version"], 1, 1)
    witness = documents.from_hex(body["witness"], sizes.ED25519_PUBLIC)
    document.verify((witness,), labels.SIGN_COSIGNATURE)
    return Cosignature(
        witness=witness,
        instance=documents.from_hex(body["instance"], sizes.INSTANCE),
        day=documents.integer(body["day"], 0, keys.MAX_DAY),
        revision=documents.integer(body["revision"], 0, MAX_REVISION),
        hash=documents.from_hex(body["hash"], sizes.SHA256),
        seen_day=documents.integer(body["seen_day"], 0, keys.MAX_DAY),
    )


@dataclass(frozen=True)
class Quorum:
    """How many (``needed``) of which ``witnesses`` a client requires."""

    witnesses: frozenset[bytes]
    needed: int

    def __post_init__(self) -> None:
        if any(len(one) != sizes.ED25519_PUBLIC for one in self.witnesses):
            raise Malformed("a witness is named by its key of 32 bytes")
        if not 1 <= self.needed <= len(self.witnesses) <= MAX_WITNESSES:
            raise Malformed("at least one witness is required, and no more than are named; sixteen at most")

    def require(self, bulletin: Bulletin, cosignatures: Iterable[bytes]) -> None:
        """Raises ``BadSignature`` unless so many of the witnesses saw this very bulletin, ``OutsideDates`` when as many
        saw one of a higher revision for its day: it was replaced.

        Documents that are none, or by others, or of another day count for nothing: whoever brings them can add any.
        """
        seen: dict[tuple[int, bytes], set[bytes]] = {}
        for data in cosignatures:
            try:
                one = verify_cosignature(data)
            except ProtocolError:
                continue
            if one.witness in self.witnesses and (one.instance, one.day) == (bulletin.instance, bulletin.day):
                seen.setdefault((one.revision, one.hash), set()).add(one.witness)
        counts = [place for place, witnesses in seen.items() if len(witnesses) >= self.needed]
        if any(revision > bulletin.revision for revision, _ in counts):
            raise OutsideDates("the witnesses saw a bulletin that replaces this one")
        if (bulletin.revision, bulletin.hash) not in counts:
            raise BadSignature("fewer witnesses saw this bulletin than are required")
