"""An envelope as a file, to be sealed here and sent from elsewhere (docs/protocol.md, section 13.1).

It holds an envelope and the name of its upload, so that the same file handed in twice is one envelope, and an upload
that was interrupted goes on wherever the file is.  The name holds for this envelope only: with a copy of it nobody
can have another one taken for it.  It says nothing of who made it, where or at what hour.
"""

from __future__ import annotations

from dataclasses import dataclass

from dropbox.protocol.errors import UnknownVersion, WrongSize
from dropbox.protocol.sizes import ENVELOPE_LADDER, PREFIX, UPLOAD_SALT, Prefix
from dropbox.protocol.upload_name import NAME, UploadName

MAGIC = b"DBXSEA01"
BEFORE = len(MAGIC) + UPLOAD_SALT + NAME  # bytes before the envelope
HEAD = BEFORE + PREFIX  # bytes that tell what a file is


@dataclass(frozen=True)
class SealedHead:
    """The beginning of a sealed file: under which name it is uploaded, and what the host reads of the envelope."""

    name: UploadName
    prefix: Prefix

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedHead:
        """Reads exactly 88 bytes.  Raises ``UnknownVersion``, ``WrongSize``, ``Malformed``."""
        if not data.startswith(MAGIC):
            raise UnknownVersion("not a sealed file of this version")
        if len(data) != HEAD:
            raise WrongSize("the head of a sealed file has 88 bytes")
        salt, name = data[len(MAGIC) : BEFORE - NAME], data[BEFORE - NAME : BEFORE]
        return cls(UploadName(salt, name), Prefix.from_bytes(data[BEFORE:]))


def before_envelope(name: UploadName) -> bytes:
    """What stands before the envelope."""
    return MAGIC + name.salt + name.name


def size_of_envelope(file_size: int) -> int:
    """The size of the envelope in a file of so many bytes.  Raises ``WrongSize`` unless it is on the ladder."""
    size = file_size - BEFORE
    if size not in ENVELOPE_LADDER:
        raise WrongSize("a sealed file that is cut, or has bytes too many")
    return size
