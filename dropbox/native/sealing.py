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
from dropbox.protocol.sealed_file import before_envelope
from dropbox.protocol.sizes import UPLOAD_ID
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter.errors import TransportFailed, VisitError
from dropbox.reporter.exchange import Outgoing, Sending, known_to_all
from dropbox.reporter.handing_in import HandingIn
from dropbox.reporter.transport import Transport

Random = Callable[[int], bytes]
TAKING_BACK_SECONDS: Final = 60


async def send(transport: Transport, bulletin: Bulletin, draft: Draft, random: Random) -> int:
    """Seal and send; gives the size of the envelope.

    Raises VisitError, ProtocolError, BadFile; then nothing stays on the host but what it sweeps within a day, except
    that after TransportFailed it may hold all of it.
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
        except TransportFailed as unknown:
            if isinstance(error, VisitError):
                raise unknown from error
        except (VisitError, TimeoutError):
            pass  # the host sweeps it
        raise


async def send_sealed(transport: Transport, file: BinaryIO) -> int:
    """Hand in a sealed file, going on where the host is; gives the size of the envelope.

    Raises VisitError, ProtocolError, BadFile.  What was sent stays, so that the next run goes on from there.
    """
    handing = HandingIn(transport)
    for piece in pieces(file):
        await handing.add(piece)
    return await handing.finish()


def seal(file: BinaryIO, bulletin: Bulletin, draft: Draft, random: Random) -> int:
    """Write a sealed file; gives the size of its envelope.  Without a line nobody knows who has the thread's keys, so
    they travel in it.  Raises ProtocolError, BadFile.
    """
    keys = ReporterKeys.derive(draft.receipt, bulletin.instance)
    writer = EnvelopeWriter(bulletin, keys.auth, random)
    file.write(before_envelope(random(UPLOAD_ID)))
    file.write(writer.begin(first_head(keys, bulletin, draft.message_id), draft.message()))
    for attachment in draft.files:
        file.write(writer.begin_file(attachment.name))
        file.writelines(writer.file_data(piece) for piece in _contents(attachment))
        file.write(writer.end_file())
    file.writelines(writer.finish())
    return writer.size


def _contents(file: Attachment) -> Iterator[bytes]:
    with suppress(BadFile), opened(file.path) as (readable, _):
        yield from pieces(readable)
        return
    raise BadFile(texts.FILE_OF_DRAFT)
