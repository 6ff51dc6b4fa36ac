"""A posted message, from its first byte to an answer: sent, or refused with everything that was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from dropbox.gateway import drafts, texts
from dropbox.gateway.drafts import Draft, Fault
from dropbox.gateway.errors import FormDrips, FormError, FormTooLarge, FormTooSlow, TooManyFiles
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.sending import Sent, send
from dropbox.gateway.site import SITE, TRANSPORT
from dropbox.protocol.errors import ProtocolError, TooLong
from dropbox.reporter.errors import VisitError
from dropbox.web.languages import Language
from dropbox.web.sessions import check_same_site

UNPROCESSABLE = 422
UNAVAILABLE = 503

_FORM_FAULTS: dict[type[FormError], tuple[str, str, int]] = {
    TooManyFiles: ("files", texts.TOO_MANY_FILES, UNPROCESSABLE),
    FormTooLarge: ("files", texts.TOO_LARGE, 413),
    FormTooSlow: ("form", texts.TOO_SLOW, 408),
    FormDrips: ("form", texts.DRIPS, 408),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was sent: what to put right, and the status that the page is answered with."""

    faults: Sequence[Fault]
    status: int


async def receive(
    request: web.Request, language: Language, limits: Mapping[str, int], empty: str
) -> tuple[Draft, Sent | Refused]:
    """Read the form of `request` and send it on. `empty` is the sentence for a form with nothing in it."""
    check_same_site(request)
    site = request.app[SITE]
    form = FormReader(request, limits, site.settings.idle_seconds)
    broken: FormError | None = None
    try:
        await form.fields()
    except FormError as error:
        broken = error
    draft, found = drafts.from_values(form.values, site.random)
    if broken:
        refused = _form_refusal(broken, found)
    else:
        found += drafts.faults(draft, form.cut, has_files=form.has_files, empty=empty)
        refused = Refused(found, UNPROCESSABLE)
    if not refused.faults:
        outcome = await _send(request, form, draft, language)
        if isinstance(outcome, Sent):
            return draft, outcome
        refused = outcome
    await form.discard()
    return draft, refused


async def _send(request: web.Request, form: FormReader, draft: Draft, language: Language) -> Sent | Refused:
    try:
        return await send(request.app[SITE], request.app[TRANSPORT], form, draft, language)
    except FormError as error:
        return _form_refusal(error, [])
    except TooLong:
        return _form_refusal(FormTooLarge(), [])
    except (VisitError, ProtocolError) as error:
        return Refused([Fault("form", texts.sending_fault(error))], UNAVAILABLE)


def _form_refusal(error: FormError, others: Sequence[Fault]) -> Refused:
    field, sentence, status = _FORM_FAULTS.get(type(error), ("form", texts.MALFORMED, 400))
    return Refused([Fault(field, sentence), *others], status)
