"""Seals a draft and its files while they come in, and sends them on to intake."""

from dataclasses import dataclass

from dropbox.gateway.drafts import Draft
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.site import Site
from dropbox.reporter.errors import TransportFailed, VisitError
from dropbox.reporter.exchange import Outgoing, Sending, fetch_bulletin, known_to_all
from dropbox.reporter.transport import Transport
from dropbox.web.languages import Language


@dataclass(frozen=True, slots=True)
class Sent:
    """What is on its way: how many files, and the size that the host sees, in bytes."""

    files: int
    size: int


async def send(site: Site, transport: Transport, form: FormReader, draft: Draft, language: Language) -> Sent:
    """Send `draft` with the files that are still to be read from `form`.

    Raises `FormError`, `VisitError` or `ProtocolError`; then nothing of it stays on the host, except after
    `TransportFailed`: there it is swept within a day, or turns out to have been the whole.
    """
    bulletin = await fetch_bulletin(transport, site.settings.root_key, site.clock())
    outgoing = Outgoing(draft.receipt, draft.message_id, known=known_to_all(bulletin, draft.known_to))
    sending = Sending(transport, bulletin, outgoing, site.random)
    try:
        await sending.begin(draft.message(language))
        files = await _send_files(sending, form)
        return Sent(files, await sending.finish())
    except TransportFailed:
        raise
    except BaseException as error:
        try:
            await sending.cancel()
        except TransportFailed as unknown:
            if isinstance(error, VisitError):
                raise unknown from error
        except VisitError:
            pass  # the host sweeps it
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
