"""Seals a draft and its files while they come in, and sends them on to intake."""

from dataclasses import dataclass

from dropbox.gateway.drafts import Draft
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.site import Site
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import TransportFailed, VisitError
from dropbox.reporter.exchange import Outgoing, Sending, known_to_all
from dropbox.reporter.transport import Transport
from dropbox.web.languages import Language


@dataclass(frozen=True, slots=True)
class Sent:
    """What is on its way: how many files, and the size that the host sees, in bytes."""

    files: int
    size: int


def send(site: Site, transport: Transport, form: FormReader, draft: Draft, language: Language) -> Sent:
    """Send `draft` with the files that are still to be read from `form`.

    Raises `FormError`, `VisitError` or `ProtocolError`; then nothing of it stays on the host, except after
    `TransportFailed`: there it is swept within a day, or, after `OutcomeUnknown`, may have been the whole.
    """
    bulletin = site.bulletins.current(transport)
    outgoing = Outgoing(draft.receipt, draft.message_id, known=known_to_all(bulletin, draft.known_to))
    sending = Sending(transport, bulletin, outgoing, site.random)
    try:
        run(sending.begin(draft.message(language)))
        files = _send_files(sending, form)
        return Sent(files, run(sending.finish()))
    except TransportFailed:
        raise
    except BaseException as error:
        try:
            run(sending.cancel())
        except TransportFailed as unknown:
            if isinstance(error, VisitError):
                raise unknown from error
        except VisitError:
            pass  # the host sweeps it
        raise


def _send_files(sending: Sending, form: FormReader) -> int:
    files = 0
    for file in form.files():
        run(sending.begin_file(file.name))
        for piece in file.pieces:
            run(sending.file_data(piece))
        run(sending.end_file())
        files += 1
    return files
