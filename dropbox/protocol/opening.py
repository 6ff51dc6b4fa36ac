"""Opening what was sealed to the bureau: envelopes, with a decapsulation key (``decapsulation`` makes the call)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropbox.protocol import envelope, primitives, sizes
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.errors import DoesNotOpen, WrongInstance, WrongSize
from dropbox.protocol.payload import End, FrameReader, Head, message_mac
from dropbox.protocol.sizes import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropbox.protocol.bulletin import Bulletin
    from dropbox.protocol.payload import Event
    from dropbox.protocol.secret_keys import XWingSecretKey


def slot_of(bulletin: Bulletin, recipient: bytes) -> int:
    """Which slot is this recipient's.  Raises ``WrongInstance`` when the bulletin does not name it."""
    for number, entry in enumerate(bulletin.recipients):
        if entry.identity == recipient:
            return number
    raise WrongInstance("the bulletin does not name this recipient")


class EnvelopeReader:
    """Opens one envelope piece by piece for one recipient.

    What the events say must be kept apart until ``close`` has returned: before it nothing is proven, neither that the
    end is there nor who wrote it.
    """

    def __init__(self, bulletin: Bulletin, recipient: bytes, secret: XWingSecretKey) -> None:
        self._bulletin, self._secret = bulletin, secret
        self._slot = slot_of(bulletin, recipient)
        self._header = b""
        self._header_hash = b""
        self._stream: primitives.PayloadDecryptor | None = None
        self._frames = FrameReader()
        self._head: Head | None = None
        self._end: End | None = None
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that these bytes complete.  Raises ``ProtocolError`` of some kind; then all of it is refused."""
        self._size += len(data)
        if self._stream is None:
            need = sizes.HEADER - len(self._header)
            self._header, data = self._header + data[:need], data[need:]
            if len(self._header) < sizes.HEADER:
                return
            self._stream = self._open_header()
        yield from self._events(self._stream.update(data))

    def _open_header(self) -> primitives.PayloadDecryptor:
        prefix = self._header[: sizes.PREFIX]
        parsed = Prefix.from_bytes(prefix)
        if (parsed.day, parsed.revision) != (self._bulletin.day, self._bulletin.revision):
            raise WrongInstance("an envelope of another bulletin")
        start = sizes.PREFIX + self._slot * sizes.SLOT
        info = envelope.slot_info(self._bulletin.instance, prefix, self._bulletin.hash, self._slot)
        file_key = hpke_open(self._secret, info, self._header[start : start + sizes.SLOT])
        self._header_hash = primitives.sha256(self._header)
        return primitives.PayloadDecryptor(file_key, envelope.payload_context(self._header, self._bulletin.hash))

    def _events(self, plaintext: bytes) -> Iterator[Event]:
        for event in self._frames.feed(plaintext):
            if isinstance(event, Head):
                self._head = event
            elif isinstance(event, End):
                self._end = event
            yield event

    def finish(self) -> Iterator[Event]:
        """The last events.  Raises when the envelope is cut, padded wrongly, or not of a size on the ladder."""
        if self._stream is None:
            raise DoesNotOpen("an envelope that ends before its payload begins")
        yield from self._events(self._stream.finalize())
        self._frames.close()
        if self._size not in sizes.ENVELOPE_LADDER:
            raise WrongSize("an envelope has a size that is not on the ladder")

    @property
    def header_hash(self) -> bytes:
        """SHA-256 of prefix and slots: names this envelope among all."""
        return self._header_hash

    @property
    def content_hash(self) -> bytes:
        """What the message says, as 32 bytes: the same for the same form sent twice.  Asked after ``finish``."""
        return self._ended().content_hash

    def authentic(self, auth: bytes) -> bool:
        """Whether the MAC is by the holder of this thread's key.  Asked after ``finish``."""
        end = self._ended()
        return primitives.equal(message_mac(auth, self._header_hash, end.frames_hash), end.mac)

    def _ended(self) -> End:
        if self._end is None:
            raise ValueError("asked before the end was read")
        return self._end
