"""What a browser keeps on disk, searched as a finder of the device would: also what it packs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MOZ_LZ4: Final = b"mozLz40\0"
_SHORTEST: Final = 4  # bytes that a block of LZ4 repeats at least


def _length(packed: bytes, at: int, first: int) -> tuple[int, int]:
    """Read a length of LZ4: four bits, and more bytes while they are full."""
    length, more = first, first == 15
    while more:
        length, more, at = length + packed[at], packed[at] == 255, at + 1
    return length, at


def unpacked(packed: bytes) -> bytes:
    """Unpack one LZ4 block, as Firefox writes its session (the format's own description, "LZ4 Block Format")."""
    whole, at = bytearray(), 0
    while at < len(packed):
        token, at = packed[at], at + 1
        plain, at = _length(packed, at, token >> 4)
        whole += packed[at : at + plain]
        at += plain
        if at >= len(packed):
            break
        back = int.from_bytes(packed[at : at + 2], "little")
        repeated, at = _length(packed, at + 2, token & 15)
        for _ in range(repeated + _SHORTEST):
            whole.append(whole[-back])
    return bytes(whole)


def _contents(folder: Path) -> Iterator[bytes]:
    for file in folder.rglob("*"):
        try:
            if file.is_file() and not file.is_symlink():
                data = file.read_bytes()
                yield data
                if data.startswith(_MOZ_LZ4):
                    yield unpacked(data[len(_MOZ_LZ4) + 4 :])
        except FileNotFoundError:
            continue  # a running browser tidies up


def found_in(folder: Path, *texts: str) -> set[str]:
    """Return which of these texts stand in any file or name below the folder, in one or two bytes for a character."""
    names = "\n".join(str(path) for path in folder.rglob("*"))
    found = {text for text in texts if text in names}
    for data in _contents(folder):
        found |= {text for text in texts if text.encode() in data or text.encode("utf-16-le") in data}
    return found
