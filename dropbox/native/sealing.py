"""A draft on its way: sealed while its files are read, sent or written, in constant memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO, Final

from dropbox.native import texts
from dropbox.native.draft import Attachment, Draft
from dropbox.native.errors import BadFile
from dropbox.native.files import opened, pieces
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.envelope import EnvelopeWriter, first_head
from dropbox.protocol.errors import DoesNotOpen, ProtocolError
from dropbox.protocol.sealed_file import BEFORE, HEAD, SealedHead, before_envelope, size_of_envelope
from dropbox.protocol.sizes import UPLOAD_SALT
from dropbox.protocol.thread import ReporterKeys
from dropbox.protocol.upload_name import ContentHash, UploadName
from dropbox.reporter.errors import OutcomeUnknown, TransportFailed, VisitError
from dropbox.reporter.exchange import Outgoing, Sending, known_to_all
from dropbox.reporter.handing_in import HandedIn, HandingIn
from dropbox.reporter.transport import Transport

Random = Callable[[int], bytes]
TAKING_BACK_SECONDS: Final = 60


async def send(transport: Transport, bulletin: Bulletin, draft: Draft, random: Random) -> int:
    """Seal and send; gives the size of the envelope.

    Raises VisitError, ProtocolError, BadFile; then nothing was handed in, and nothing stays on the host but what it
    sweeps within a day, except that after OutcomeUnknown it may hold all of it.
    """
    outgoing = Outgoing(draft.receipt, draft.message_id, known=known_to_all(bulletin, draft.known_to))
    sending = Sending(transport, bulletin, outgoing, random)
    try:
        await sending.begin(draft.message())
        for file in draft.files:
            await sending.begin_file(file.name)
            for piece in _contents(file):
                await sending.file_data(piece)
            await sending.end_file()
        return await sending.finish()
    except TransportFailed:
        raise
    except BaseException as error:
        try:
            async with asyncio.timeout(TAKING_BACK_SECONDS):
                await sending.cancel()
        except OutcomeUnknown as unknown:  # also for who stopped it: that came too late, perhaps
            raise unknown from error
        except (VisitError, TimeoutError):  # the host sweeps it, unless it was whole
            if sending.ending and not isinstance(error, VisitError):
                raise OutcomeUnknown("the host may hold all of it") from error
        raise


async def send_sealed(transport: Transport, file: BinaryIO, instead: UploadName | None = None) -> HandedIn:
    """Hand in a sealed file, going on where the host is; under another name than its own, if one is given.

    Raises VisitError, BadFile.  What was sent stays, so that the next run goes on from there.
    """
    handing = HandingIn(transport, instead)
    try:
        for piece in pieces(file):
            await handing.add(piece)
        return await handing.finish()
    except ProtocolError:  # since it was looked at
        raise BadFile(texts.SEALED_DAMAGED) from None
    finally:
        handing.drop()


def look_into(file: BinaryIO) -> tuple[int, bytes]:
    """The day of a sealed file that is whole and the hash of its content.  Raises ProtocolError for others, BadFile."""
    content = ContentHash()
    head = SealedHead.from_bytes(file.read(HEAD))
    file.seek(BEFORE)
    for piece in pieces(file):
        content.add(piece)
    size_of_envelope(file.tell())
    if not head.name.fits(content.hash):
        raise DoesNotOpen("a sealed file that was altered")
    return head.prefix.day, content.hash


def seal(file: BinaryIO, bulletin: Bulletin, draft: Draft, random: Random) -> int:
    """Write a sealed file; gives the size of its envelope.  Without a line nobody knows who has the thread's keys, so
    they travel in it.  Raises ProtocolError, BadFile.
    """
    content = ContentHash()
    file.write(bytes(BEFORE))
    size = 0
    for piece in _envelope(bulletin, draft, random):
        content.add(piece)
        size += file.write(piece)
    file.seek(0)  # the name of a content is known at its end
    file.write(before_envelope(UploadName.of(random(UPLOAD_SALT), content.hash)))
    return size


def _envelope(bulletin: Bulletin, draft: Draft, random: Random) -> Iterator[bytes]:
    keys = ReporterKeys.derive(draft.receipt, bulletin.instance)
    writer = EnvelopeWriter(bulletin, keys.auth, random)
    yield writer.begin(first_head(keys, bulletin, draft.message_id), draft.message())
    for attachment in draft.files:
        yield writer.begin_file(attachment.name)
        for piece in _contents(attachment):
            yield writer.file_data(piece)
        yield writer.end_file()
    yield from writer.finish()


def _contents(file: Attachment) -> Iterator[bytes]:
    with suppress(BadFile), opened(file.path) as (readable, _):
        yield from pieces(readable)
        return
    raise BadFile(texts.FILE_OF_DRAFT)
