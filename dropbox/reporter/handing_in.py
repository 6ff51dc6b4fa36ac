"""A sealed file on its way to the host, unopened: from the native client, or through the gateway's form."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropbox.protocol.errors import DoesNotOpen, TooLong
from dropbox.protocol.sealed_file import BEFORE, HEAD, MAGIC, SealedHead, size_of_envelope
from dropbox.protocol.sizes import ACCEPTED_DAYS, ENVELOPE_MAX, UPLOAD_CHUNK
from dropbox.protocol.upload_name import ContentHash, UploadName
from dropbox.reporter import session
from dropbox.reporter.errors import HostRefused, UploadLost, UploadTaken
from dropbox.reporter.uploading import Uploading

if TYPE_CHECKING:
    from dropbox.reporter.transport import Transport


class DayRefused(enum.Enum):
    """Why a host does not take a file for its day, as far as anybody can know who cannot open it."""

    OLD = enum.auto()  # its keys may be gone
    AHEAD = enum.auto()  # a clock is wrong
    ELSEWHERE = enum.auto()  # a day that is taken, and keys that this host does not hold

    @classmethod
    def of(cls, day: int, today: int) -> DayRefused:
        """After ``WrongDay``, of a file of ``day``."""
        if day < today - ACCEPTED_DAYS:
            return cls.OLD
        return cls.AHEAD if day > today else cls.ELSEWHERE


@dataclass(frozen=True)
class HandedIn:
    """A sealed file whose envelope the host holds: its size in bytes, and whether all of it was there already."""

    size: int
    before: bool


class HandingIn:
    """Takes a sealed file from its first byte to its last and sends what the host does not have yet.

    It asks first: the same file may have been handed in before, in part or whole.  What the host has counts when its
    hash is that of this file: whoever has a copy can put other bytes under its name, and cannot finish them.
    """

    def __init__(self, transport: Transport, instead: UploadName | None = None) -> None:
        """``instead`` of the file's own name another one of the same content, which no stranger knows."""
        self._transport, self._instead = transport, instead
        self._start = bytearray()
        self.head: SealedHead | None = None  # once it has been read
        self._content = ContentHash()
        self._uploading: Uploading | None = None
        self._there, self._their_hash = 0, b""  # chunks that the host has and that did not go by yet, and their hash
        self._done = False  # it has all of them
        self._count = 0  # bytes of the file so far

    @property
    def ours(self) -> bool:
        """Whether it begins as a sealed file does, whatever is wrong with the rest of it."""
        return self._start.startswith(MAGIC)

    async def add(self, data: bytes | bytearray | memoryview) -> None:
        """The next bytes of the file.

        Raises ``VisitError``, or ``ProtocolError`` when this is no sealed file; then ``cancel``, or ``drop``.
        """
        self._count += len(data)
        if self._count > BEFORE + ENVELOPE_MAX:
            raise TooLong("a sealed file has 1 GiB at most")
        if self.head is None:
            room = HEAD - len(self._start)
            self._start += data[:room]
            data = data[room:]
            if len(self._start) < HEAD:
                return
            self.head = SealedHead.from_bytes(bytes(self._start))
            await self._ask(self._instead or self.head.name)
            await self._take(bytes(self._start[BEFORE:]))
        await self._take(bytes(data))

    async def finish(self) -> HandedIn:
        """The file is over, and the host holds its envelope.

        Raises ``VisitError``, or ``ProtocolError`` for a file that is cut or was altered; then ``cancel``, or ``drop``.
        """
        if self.head is None:
            SealedHead.from_bytes(bytes(self._start))
        size = size_of_envelope(self._count)
        if self.head is None or self._uploading is None:
            raise HostRefused("nothing was begun")
        if not self.head.name.fits(self._content.hash):
            raise DoesNotOpen("a sealed file that was altered")
        if not self._done:
            if self._there:
                self._compare(-(-size // UPLOAD_CHUNK))
            await self._uploading.finish(size)
        return HandedIn(size, self._done)

    async def cancel(self) -> None:
        """Takes back what will not be finished; what was handed in before stays.  Raises ``VisitError``."""
        if self._uploading is not None and not self._done:
            await self._uploading.cancel()

    def drop(self) -> None:
        """Leaves it: what has come stays for a day, so that the same file goes on from there."""
        if self._uploading is not None:
            self._uploading.drop()

    async def _ask(self, name: UploadName) -> None:
        answer = await self._transport.send(session.asking(name))
        try:
            body = session.body_of(answer)
        except UploadLost:  # the host has nothing of it
            pass
        else:
            self._there, self._done = session.progress_of(body)
            self._their_hash = session.content_of(body)
        if not 0 <= self._there <= ENVELOPE_MAX // UPLOAD_CHUNK:
            raise HostRefused("the host has more chunks than an envelope")
        self._uploading = Uploading(self._transport, name, self._there)

    async def _take(self, data: bytes) -> None:
        assert self._uploading is not None
        while data:
            piece, data = data[: self._content.room], data[self._content.room :]
            self._content.add(piece)
            if self._done:
                continue
            if not self._there:
                await self._uploading.add(piece)
            elif self._content.chunks == self._there:
                self._compare(self._there)

    def _compare(self, chunks: int) -> None:
        """What the host has is what has gone by here, so many chunks of it.  Raises ``UploadTaken``."""
        if chunks != self._there or self._content.hash != self._their_hash:
            raise UploadTaken("other bytes stand under the name of this file")
        self._there = 0
