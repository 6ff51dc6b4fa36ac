"""Padding: zeros inside what is sealed, checked to be zeros when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropbox.protocol.errors import Malformed, TooLong

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = bytes(64 * 1024)
_VIEW = memoryview(_BLOCK)


def zeros(count: int) -> Iterator[memoryview]:
    """``count`` zero bytes in pieces of at most 64 KiB, so that 64 MiB of padding costs no memory."""
    while count > 0:
        piece = _VIEW[: min(count, len(_BLOCK))]
        yield piece
        count -= len(piece)


def require_zeros(data: bytes | bytearray) -> None:
    """Raises ``Malformed`` unless every byte is zero: padding is no place to hide a second text in."""
    if data.count(0) != len(data):
        raise Malformed("padding that is not zeros")


def pad(data: bytes, size: int) -> bytes:
    """``data``, then one byte 0x80, then zeros, ``size`` bytes in all.  Raises ``TooLong``."""
    if len(data) >= size:
        raise TooLong("more than fits")
    return data + b"\x80" + bytes(size - len(data) - 1)


def unpad(data: bytes) -> bytes:
    """The inverse of ``pad``.  Raises ``Malformed``."""
    end = data.rstrip(b"\0")
    if not end.endswith(b"\x80"):
        raise Malformed("padding without its first byte")
    return end[:-1]
