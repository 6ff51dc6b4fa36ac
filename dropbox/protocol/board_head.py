"""The head of a board and its signature: all that the host may understand of one (docs/protocol.md, section 9)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dropbox.protocol import labels, primitives, sizes
from dropbox.protocol.errors import Malformed, OutsideDates, UnknownVersion, WrongInstance, WrongSize

MAGIC = b"DBXBRD01"
SALT = 16
_HEAD = struct.Struct(f">8s{sizes.INSTANCE}s{sizes.RECIPIENT_ID}s{SALT}sIQQ{sizes.SHA256}sH")
HEAD = _HEAD.size
_SIGNATURE = struct.Struct(f">BB{sizes.ED25519_SIGNATURE}s")  # how many, which algorithm, signature
_ED25519 = 1
TRAILER = _SIGNATURE.size

RECORD_COUNTS = tuple(sizes.BOARD_MIN_RECORDS << power for power in range(8))  # 64 to 8,192
BOARD_MAX = HEAD + sizes.BOARD_MAX_RECORDS * sizes.RECORD + TRAILER


@dataclass(frozen=True)
class BoardHead:
    """Who issued the board, on which day, when the next one is due and until when this one may be believed.

    ``next_due`` and ``valid_until`` are Unix seconds; ``issued_day`` is a UTC day; ``salt`` is new for every issuance.
    """

    instance: bytes
    recipient: bytes
    salt: bytes
    issued_day: int
    next_due: int
    valid_until: int
    bulletin_hash: bytes
    records: int

    def __post_init__(self) -> None:
        lengths = tuple(map(len, (self.instance, self.recipient, self.salt, self.bulletin_hash)))
        if lengths != (sizes.INSTANCE, sizes.RECIPIENT_ID, SALT, sizes.SHA256):
            raise WrongSize("a name, salt or hash of the wrong length in the head of a board")
        if self.records not in RECORD_COUNTS:
            raise WrongSize("a board has 64 to 8,192 records, a power of two of them")
        if not self.issued_day * sizes.DAY <= self.next_due <= self.valid_until <= sizes.MAX_TIME:
            raise Malformed("a board whose times are not in order")

    def to_bytes(self) -> bytes:
        """The head as it stands at the beginning of the board."""
        return _HEAD.pack(
            MAGIC, self.instance, self.recipient, self.salt, self.issued_day, self.next_due, self.valid_until,
            self.bulletin_hash, self.records,
        )  # fmt: skip

    def late(self, now: int, period: int) -> bool:
        """Whether the next board has been missing for more than one period and a minute of grace.

        A shut desk and a withholding host look alike: pages say both.
        """
        return now > self.next_due + period + 60


@dataclass(frozen=True)
class SignedBoard:
    """A board whose signature was verified: head and records as bytes."""

    head: BoardHead
    records: memoryview
    raw: bytes


def append_signature(unsigned: bytes, signature: bytes) -> bytes:
    """The board as published: head, records, number of signatures, and the signature."""
    return unsigned + _SIGNATURE.pack(1, _ED25519, signature)


def verify_board(data: bytes, publics: tuple[bytes, ...], instance: bytes) -> SignedBoard:
    """Checks length, version, instance and signature by one of the board keys.  The times are the reader's to check
    (``require_valid``): intake keeps a board that a reader may find late.

    Raises ``WrongSize``, ``UnknownVersion``, ``WrongInstance``, ``Malformed`` or ``BadSignature``.
    """
    if len(data) < HEAD + TRAILER:
        raise WrongSize("too short for a board")
    magic, *rest = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise UnknownVersion("a board of another version")
    head = BoardHead(*rest)
    if len(data) != HEAD + head.records * sizes.RECORD + TRAILER:
        raise WrongSize("a board whose length is not the one its head gives")
    if head.instance != instance:
        raise WrongInstance("a board of another instance")
    count, algorithm, signature = _SIGNATURE.unpack_from(data, len(data) - TRAILER)
    if (count, algorithm) != (1, _ED25519):
        raise UnknownVersion("a board with a kind of signature that is not in this version")
    primitives.verify_any_ed25519(publics, (signature,), labels.SIGN_BOARD, data[:-TRAILER])
    return SignedBoard(head, memoryview(data)[HEAD:-TRAILER], data)


def require_valid(head: BoardHead, now: int) -> None:
    """Raises ``OutsideDates`` for a board that is too old to believe, or issued more than 12 hours in the future."""
    if now > head.valid_until or now < head.issued_day * sizes.DAY - sizes.CLOCK_TOLERANCE:
        raise OutsideDates("the board is too old, or a clock is wrong")
