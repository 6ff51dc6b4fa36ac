"""Seals a draft and its files while they come in, and sends them on to intake."""

from contextlib import suppress
from dataclasses import dataclass

from dropbox.gateway.drafts import Draft
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.site import Site
from dropbox.protocol.errors import ProtocolError
from dropbox.reporter.errors import TransportFailed, VisitError
from dropbox.reporter.exchange import Outgoing, Sending, fetch_bulletin
from dropbox.reporter.transport import Transport
from dropbox.web.languages import Language


@dataclass(frozen=True, slots=True)
class Sent:
    """What is on its way: how many files, and the size that the host sees, in bytes."""

    files: int
    size: int


async def send(site: Site, transport: Transport, form: FormReader, draft: Draft, language: Language) -> Sent:
    """Send `draft` with the files that are still to be read from `form`.

    Raises `FormError`, `VisitError` or `ProtocolError`; then nothing of it stays on the host, except when the line to
    intake broke: there it is swept within a day, or turns out to have been the whole.
    """
    bulletin = await fetch_bulletin(transport, site.settings.root_key, site.clock())
    outgoing = Outgoing(draft.receipt, draft.message_id, known=draft.known)
    sending = Sending(transport, bulletin, outgoing, site.random)
    try:
        await sending.begin(draft.message(language))
        files = await _send_files(sending, form)
        return Sent(files, await sending.finish())
    except TransportFailed:
        raise
    except BaseException:
        with suppress(VisitError, ProtocolError):
            await sending.cancel()
        raise


async def _send_files(sending: Sending, form: FormReader) -> int:
    files = 0
    async for file in form.files():
        await sending.begin_file(file.name)
        async for piece in file.pieces:
            await sending.file_data(piece)
        await sending.end_file()
        files += 1
    return files
