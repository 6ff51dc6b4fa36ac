"""A sealed file on its way to the host, unopened: from the native client, or through the gateway's form."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dropbox.protocol.errors import TooLong
from dropbox.protocol.sealed_file import BEFORE, HEAD, SealedHead, size_of_envelope
from dropbox.protocol.sizes import ENVELOPE_MAX, UPLOAD_CHUNK
from dropbox.reporter import session
from dropbox.reporter.errors import HostRefused, UploadLost
from dropbox.reporter.uploading import Uploading

if TYPE_CHECKING:
    from dropbox.reporter.transport import Transport


class HandingIn:
    """Takes a sealed file from its first byte to its last and sends what the host does not have yet.

    It asks first: the same file may have been handed in before, in part or whole.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head = bytearray()
        self._uploading: Uploading | None = None
        self._skip = 0  # bytes of the envelope that the host has
        self._done = False  # it has all of them
        self._count = 0  # bytes of the file so far

    async def add(self, data: bytes | bytearray | memoryview) -> None:
        """The next bytes of the file.

        Raises ``VisitError``, or ``ProtocolError`` when this is no sealed file; then ``cancel``.
        """
        self._count += len(data)
        if self._count > BEFORE + ENVELOPE_MAX:
            raise TooLong("a sealed file has 1 GiB at most")
        if len(self._head) < HEAD:
            room = HEAD - len(self._head)
            self._head += data[:room]
            data = data[room:]
            if len(self._head) < HEAD:
                return
            await self._ask(SealedHead.from_bytes(bytes(self._head)))
            await self._send(bytes(self._head[BEFORE:]))
        await self._send(bytes(data))

    async def finish(self) -> int:
        """The file is over.  Gives the size of the envelope, which the host holds now.

        Raises ``VisitError``, or ``ProtocolError`` for a file that is cut; then ``cancel``.
        """
        size = size_of_envelope(self._count)
        if self._uploading is None:
            raise HostRefused("nothing was begun")
        if not self._done:
            if self._skip:
                raise UploadLost("the host has more of this upload than the file has")
            await self._uploading.finish(size)
        return size

    async def cancel(self) -> None:
        """Takes back what will not be finished; what was handed in before stays.  Raises ``VisitError``."""
        if self._uploading is not None and not self._done:
            await self._uploading.cancel()

    async def _ask(self, head: SealedHead) -> None:
        chunks = 0
        answer = await self._transport.send(session.asking(head.upload_id))
        with contextlib.suppress(UploadLost):  # the host has nothing of it
            chunks, self._done = session.progress_of(session.body_of(answer))
        if not 0 <= chunks <= ENVELOPE_MAX // UPLOAD_CHUNK:
            raise HostRefused("the host has more chunks than an envelope")
        self._skip = chunks * UPLOAD_CHUNK
        self._uploading = Uploading(self._transport, head.upload_id, chunks)

    async def _send(self, data: bytes) -> None:
        if self._done or self._uploading is None:
            return
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        if skipped < len(data):
            await self._uploading.add(data[skipped:])
