"""Names of files as a colleague may see them (docs/protocol.md, section 8.3)."""

from __future__ import annotations

import re
import unicodedata

from dropbox.protocol.errors import Malformed

FILE_NAME_LIMIT = 255  # bytes of UTF-8
RAW_NAME_LIMIT = 4096  # characters of a name that are looked at, from its end: no path is longer (PATH_MAX)


def clean_file_name(name: str) -> str:
    """A file's name as a colleague may see it: no folders, no control or direction marks, at most 255 bytes.

    A right-to-left override makes ``gpj.exe`` look like a picture; a NUL ends a name early in other programs.
    Cleaning a clean name changes nothing.
    """
    name = name[-RAW_NAME_LIMIT:].replace("\\", "/").rsplit("/", 1)[-1]
    # The marks go before the letters are composed: one that stood between a letter and its accent kept them apart.
    name = unicodedata.normalize("NFC", "".join(char for char in name if unicodedata.category(char)[0] != "C"))
    name = " ".join(name.split()).strip(". ")
    stem, dot, ending = name.rpartition(".")
    ending = dot + ending if stem and len(ending.encode()) <= 16 else ""  # noqa: PLR2004 -- longer is no ending
    room = FILE_NAME_LIMIT - len(ending.encode())
    stem = name[: len(name) - len(ending)].encode()[:room].decode(errors="ignore")  # "ignore": a letter that was cut
    return (stem + ending).strip(". ") or "file"


# What no name holds, in any version of Unicode: separators of folders, control characters, marks of direction.
_NEVER_IN_A_NAME = re.compile("[/\\\\\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def read_file_name(name: str) -> str:
    """A name that a writer cleaned, cleaned again.  Raises ``Malformed`` where the writer left out what every version
    of Unicode asks for.

    Only that is refused: the newest letters are letters to one side and unassigned to the other, and a report must
    not be lost for the name of a picture.
    """
    if not name or name != name.strip(". ") or _NEVER_IN_A_NAME.search(name):
        raise Malformed("a file name that was not cleaned")
    return clean_file_name(name)
