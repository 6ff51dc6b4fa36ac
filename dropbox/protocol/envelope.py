"""Sealing a message to the bureau (docs/protocol.md, section 8): prefix, four slots, payload, one size of the ladder.

Every envelope has fresh keys, and a first message looks like a later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropbox.protocol import labels, padding, primitives, sizes
from dropbox.protocol.errors import TooLong
from dropbox.protocol.payload import FrameWriter, Head, Message
from dropbox.protocol.sizes import Prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from dropbox.protocol.bulletin import Bulletin
    from dropbox.protocol.thread import ReporterKeys

    Random = Callable[[int], bytes]


def slot_info(instance: bytes, prefix: bytes, bulletin_hash: bytes, slot: int) -> bytes:
    """The HPKE info of a slot: a slot moved, or lifted into another envelope, does not open."""
    return labels.SLOT + instance + prefix + bulletin_hash + slot.to_bytes(2, "big")


def payload_context(header: bytes, bulletin_hash: bytes) -> bytes:
    """The context of the payload: it opens behind its own prefix and slots only."""
    return labels.PAYLOAD + primitives.sha256(header, bulletin_hash)


def seal_slots(
    bulletin: Bulletin, prefix: bytes, file_key: bytes, left_out: Collection[bytes], throw_away: bytes, random: Random
) -> bytes:
    """Four slots in the order of the bulletin.

    An unused slot, or that of a recipient left out, is a real seal of random bytes to ``throw_away``, a key whose
    secret nobody has: random bytes in its place would be told from an ML-KEM ciphertext.
    """
    slots = []
    for number in range(sizes.SLOTS):
        info = slot_info(bulletin.instance, prefix, bulletin.hash, number)
        recipient = bulletin.recipients[number] if number < len(bulletin.recipients) else None
        if recipient is None or recipient.identity in left_out:
            slots.append(primitives.hpke_seal(throw_away, info, random(sizes.SYMMETRIC_KEY)))
        else:
            slots.append(primitives.hpke_seal(recipient.prekey, info, file_key))
    return b"".join(slots)


class EnvelopeWriter:
    """Seals one message while its parts come in.  Each method gives the bytes of the envelope that are ready."""

    def __init__(self, bulletin: Bulletin, auth: bytes, random: Random, left_out: Collection[bytes] = ()) -> None:
        prefix = Prefix(bulletin.day, bulletin.revision, random(sizes.ENVELOPE_ID)).to_bytes()
        file_key = random(sizes.SYMMETRIC_KEY)
        throw_away = primitives.throw_away_xwing_public()
        slots = seal_slots(bulletin, prefix, file_key, frozenset(left_out), throw_away, random)
        self._header = prefix + slots
        self._frames = FrameWriter(auth, primitives.sha256(self._header))
        self._stream = primitives.PayloadEncryptor(file_key, payload_context(self._header, bulletin.hash))
        self._plaintext = 0
        self.size = 0  # of the whole envelope, once it is finished

    def _seal(self, frame: bytes) -> bytes:
        self._plaintext += len(frame)
        if self._plaintext > sizes.payload_plaintext(sizes.ENVELOPE_MAX) - sizes.KIB:
            raise TooLong("a report holds 1 GiB at most")
        return self._stream.update(frame)

    def begin(self, head: Head, message: Message) -> bytes:
        """Prefix, slots, and the beginning of the payload."""
        return self._header + self._seal(self._frames.begin(head, message))

    def begin_file(self, name: str) -> bytes:
        """Starts a file.  Raises ``TooLong`` beyond 20 files."""
        return self._seal(self._frames.begin_file(name))

    def file_data(self, data: bytes | bytearray | memoryview) -> bytes:
        """A piece of the file, of any length.  Raises ``TooLong`` beyond 1 GiB in all."""
        return b"".join([self._seal(frame) for frame in self._frames.file_data(data)])

    def end_file(self) -> bytes:
        """Ends the file."""
        return self._seal(self._frames.end_file())

    def finish(self) -> Iterator[bytes]:
        """The end, the padding up to the ladder, and the last chunk.  Sets ``size``."""
        yield self._seal(self._frames.end())
        self.size = sizes.envelope_size(self._plaintext)
        for piece in padding.zeros(sizes.payload_plaintext(self.size) - self._plaintext):
            yield self._stream.update(piece)
        yield self._stream.finalize()


def first_head(keys: ReporterKeys, bulletin: Bulletin, message_id: bytes, left_out: Collection[bytes] = ()) -> Head:
    """The head of a message that brings the keys of its thread, for every recipient that is not left out."""
    replies = tuple(
        keys.reply_keys(recipient.identity) for recipient in bulletin.recipients if recipient.identity not in left_out
    )
    return Head(keys.thread_id, message_id, keys.auth, replies)


def later_head(keys: ReporterKeys, message_id: bytes) -> Head:
    """The head of a message in a thread that the bureau has acknowledged: no key travels again."""
    return Head(keys.thread_id, message_id, b"")
