"""Issuing a board and finding records on it (docs/protocol.md, section 9).

Every issuance writes all live records anew under a fresh salt.  No two issuances share a record, so nobody sees which
reply is new, old, or whose; and everybody downloads all of it, so nobody says which one is theirs.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dropbox.protocol import board_head, labels, primitives, sizes
from dropbox.protocol.errors import DoesNotOpen, Malformed, TooLong
from dropbox.protocol.thread import WINDOW

STEP = 64  # numbers by which a reader looks further at a time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dropbox.protocol.board_head import BoardHead, SignedBoard


def record_tag(tag_key: bytes, instance: bytes, salt: bytes, number: int) -> bytes:
    """Where record ``number`` of a thread stands on the board with this salt."""
    return primitives.hmac_sha256(tag_key, labels.RECORD_TAG, instance, salt, number.to_bytes(8, "big"))[
        : sizes.RECORD_TAG
    ]


def _outer_key(tag_key: bytes, instance: bytes, salt: bytes, number: int) -> bytes:
    return primitives.hmac_sha256(tag_key, labels.RECORD_OUTER, instance, salt, number.to_bytes(8, "big"))


def padded_count(live: int, floor: int) -> int:
    """How many records a board with so many live ones has: 64 times a power of two, not fewer than ``floor``.

    ``floor`` is the highest count of the last 180 days, so that a board that shrinks tells nothing.
    Raises ``TooLong`` beyond 8,192.
    """
    for count in board_head.RECORD_COUNTS:
        if count >= max(live, floor):
            return count
    raise TooLong("more live records than a board holds")


def assemble(head: BoardHead, live: Iterable[tuple[bytes, int, bytes]], random: Callable[[int], bytes]) -> bytes:
    """Head and records, to be signed.  ``live`` gives (tag key, number, inner record) of each live record.

    Tag keys and inner records are all that is needed: a publisher that can read nothing issues boards.
    """
    records = [
        record_tag(tag_key, head.instance, head.salt, number)
        + primitives.seal_once(_outer_key(tag_key, head.instance, head.salt, number), inner)
        for tag_key, number, inner in live
    ]
    if any(len(record) != sizes.RECORD for record in records) or len(records) > head.records:
        raise Malformed("an inner record of the wrong length, or more records than the head says")
    records += [random(sizes.RECORD) for _ in range(head.records - len(records))]
    records.sort()
    if len({record[: sizes.RECORD_TAG] for record in records}) != len(records):
        raise Malformed("two records with one tag: one of them was given twice")
    return head.to_bytes() + b"".join(records)


class BoardIndex:
    """A verified board, ready to be looked up by tag.  Raises ``Malformed`` unless the records are in order."""

    def __init__(self, board: SignedBoard) -> None:
        self.head = board.head
        self._records = board.records
        tags = [bytes(board.records[at : at + sizes.RECORD_TAG]) for at in range(0, len(board.records), sizes.RECORD)]
        if any(left >= right for left, right in itertools.pairwise(tags)):
            raise Malformed("the records of a board are not in order of their tags")
        self._place = {tag: place for place, tag in enumerate(tags)}

    def inner(self, tag_key: bytes, number: int) -> bytes | None:
        """The inner record of this number, or None where the board has none.

        A tag that is there with a record that does not open counts as none: the tag came from the bureau's own signed
        board, so this is a cover that met the tag by chance, once in 2^128.
        """
        place = self._place.get(record_tag(tag_key, self.head.instance, self.head.salt, number))
        if place is None:
            return None
        start = place * sizes.RECORD + sizes.RECORD_TAG
        sealed = bytes(self._records[start : start + sizes.RECORD - sizes.RECORD_TAG])
        try:
            return primitives.open_once(_outer_key(tag_key, self.head.instance, self.head.salt, number), sealed)
        except DoesNotOpen:
            return None

    def walk(self, tag_key: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """All live (number, inner record) of a thread from ``start`` on: looks at least ``WINDOW`` numbers beyond the
        last one found.

        The work of finding is deriving and looking up tags.  It goes in steps of ``STEP`` numbers, so that it is the
        same for none and for some dozens of records, and it does not depend on how many the board holds for others.
        """
        number, end = start, start + STEP + WINDOW
        while number < end:
            if (inner := self.inner(tag_key, number)) is not None:
                yield number, inner
                while end < number + 1 + WINDOW:
                    end += STEP
            number += 1
