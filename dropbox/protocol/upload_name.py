"""Names of uploads that hold for one content only (docs/protocol.md, section 13.2).

Whoever copies a sealed file knows under which name it is handed in.  With these names that is worth nothing: the host
completes an upload of such a name only with the content that the name was made of.  The salt, told to the host when all
is there and not kept, sees to it that nothing leads from a name that was kept to an envelope.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dropbox.protocol.errors import WrongSize
from dropbox.protocol.labels import UPLOAD_CONTENT, UPLOAD_NAME
from dropbox.protocol.primitives import sha256
from dropbox.protocol.sizes import SHA256, UPLOAD_CHUNK, UPLOAD_SALT

NAME = SHA256  # bytes; the name of any other upload has UPLOAD_ID of them
NOTHING = bytes(SHA256)  # the hash of no chunk


def grown(content: bytes, chunk: bytes) -> bytes:
    """The hash of a content, 32 bytes, with one more chunk at its end."""
    return sha256(UPLOAD_CONTENT, content, sha256(chunk))


class ContentHash:
    """Hashes a content that comes in pieces of any size, in constant memory."""

    def __init__(self) -> None:
        self._whole, self._chunk, self._room = NOTHING, hashlib.sha256(), UPLOAD_CHUNK
        self.chunks = 0  # that are whole

    @property
    def room(self) -> int:
        """How many bytes there are to the end of this chunk."""
        return self._room

    def add(self, data: bytes | memoryview) -> None:
        """More of it."""
        view = memoryview(data)
        while view:
            piece, view = view[: self._room], view[self._room :]
            self._chunk.update(piece)
            self._room -= len(piece)
            if not self._room:
                self._whole, self._chunk, self._room = self.hash, hashlib.sha256(), UPLOAD_CHUNK
                self.chunks += 1

    @property
    def hash(self) -> bytes:
        """The hash of what was added so far, 32 bytes; the last chunk may be shorter than the others."""
        if self._room == UPLOAD_CHUNK:
            return self._whole
        return sha256(UPLOAD_CONTENT, self._whole, self._chunk.copy().digest())


@dataclass(frozen=True)
class UploadName:
    """A name and the salt that opens it."""

    salt: bytes
    name: bytes

    def __post_init__(self) -> None:
        if len(self.salt) != UPLOAD_SALT or len(self.name) != NAME:
            raise WrongSize("a name of an upload has 32 bytes, and a salt of 16")

    @classmethod
    def of(cls, salt: bytes, content: bytes) -> UploadName:
        """The name of a content, by its hash.  ``salt`` is 16 random bytes, new for every name.  Raises WrongSize."""
        return cls(salt, sha256(UPLOAD_NAME, salt, content))

    def fits(self, content: bytes) -> bool:
        """Whether it was made of this content."""
        return UploadName.of(self.salt, content) == self
