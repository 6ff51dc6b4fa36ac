"""An envelope as a file, to be sealed here and sent from elsewhere (docs/protocol.md, section 13.1).

It holds an envelope and the name of its upload, so that the same file handed in twice is one envelope, and an upload
that was interrupted goes on wherever the file is.  It says nothing of who made it, where or at what hour.
"""

from __future__ import annotations

from dataclasses import dataclass

from dropbox.protocol.errors import UnknownVersion, WrongSize
from dropbox.protocol.sizes import ENVELOPE_LADDER, PREFIX, UPLOAD_ID, Prefix

MAGIC = b"DBXSEA01"
BEFORE = len(MAGIC) + UPLOAD_ID  # bytes before the envelope
HEAD = BEFORE + PREFIX  # bytes that tell what a file is


@dataclass(frozen=True)
class SealedHead:
    """The beginning of a sealed file: under which name it is uploaded, and what the host reads of the envelope."""

    upload_id: bytes
    prefix: Prefix

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedHead:
        """Reads exactly 56 bytes.  Raises ``WrongSize``, ``UnknownVersion``, ``Malformed``."""
        if len(data) != HEAD:
            raise WrongSize("the head of a sealed file has 56 bytes")
        if not data.startswith(MAGIC):
            raise UnknownVersion("not a sealed file of this version")
        return cls(data[len(MAGIC) : BEFORE], Prefix.from_bytes(data[BEFORE:]))


def before_envelope(upload_id: bytes) -> bytes:
    """What stands before the envelope.  ``upload_id`` is 16 random bytes, new for every file.  Raises ``WrongSize``."""
    if len(upload_id) != UPLOAD_ID:
        raise WrongSize("an upload is named by 16 bytes")
    return MAGIC + upload_id


def size_of_envelope(file_size: int) -> int:
    """The size of the envelope in a file of so many bytes.  Raises ``WrongSize`` unless it is on the ladder."""
    size = file_size - BEFORE
    if size not in ENVELOPE_LADDER:
        raise WrongSize("a sealed file that is cut, or has bytes too many")
    return size
