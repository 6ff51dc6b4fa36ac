"""What a reporter has written and chosen so far, and how large it will be."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dropbox.protocol import sizes
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.envelope import first_head, later_head
from dropbox.protocol.payload import FILE_PIECE, FrameWriter, Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter.exchange import known_to_all

FRAME_HEAD = 5  # bytes before each piece of a file


@dataclass(frozen=True)
class Attachment:
    """A file that was chosen: where it is, under which name it goes, its size when it was chosen."""

    path: Path = field(repr=False)
    name: str = field(repr=False)
    size: int


@dataclass
class Draft:
    """Kept in memory until it was sent or given up.

    `message_id` is new for every draft, so that the same draft sent twice is one message; `known_to` names the
    recipients that had the keys of this thread when the answers were read.
    """

    receipt: Receipt = field(repr=False)
    message_id: bytes
    language: str
    text: str = field(default="", repr=False)
    category: str = field(default="", repr=False)
    ongoing: str = ""
    keep_from: str = field(default="", repr=False)
    answers: tuple[tuple[bytes, str], ...] = field(default=(), repr=False)
    files: list[Attachment] = field(default_factory=list, repr=False)
    known_to: frozenset[bytes] = frozenset()
    first: bool = True

    @property
    def empty(self) -> bool:
        """Whether there is nothing to send."""
        return not (self.text or self.answers or self.files)

    def message(self) -> Message:
        """What will be sealed."""
        return Message(self.text, self.category, self.ongoing, self.keep_from, self.language, self.answers)

    def envelope_size(self, bulletin: Bulletin) -> int:
        """The size of the sealed packet in bytes, before it is sealed.  Raises TooLong."""
        keys = ReporterKeys.derive(self.receipt, bulletin.instance)
        frames = FrameWriter(keys.auth, bytes(sizes.SHA256))
        known = known_to_all(bulletin, self.known_to)
        head = later_head(keys, self.message_id) if known else first_head(keys, bulletin, self.message_id)
        count = len(frames.begin(head, self.message()))
        for file in self.files:
            count += len(frames.begin_file(file.name)) + len(frames.end_file())
            count += file.size + FRAME_HEAD * -(-file.size // FILE_PIECE)
        return sizes.envelope_size(count + len(frames.end()))
