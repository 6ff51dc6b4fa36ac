"""A posted message, from its first byte to an answer: sent, or refused with everything that was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dropbox.gateway import drafts, texts
from dropbox.gateway.drafts import Draft, Fault
from dropbox.gateway.errors import FormDrips, FormError, FormTooLarge, FormTooSlow, TooManyFiles
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.sending import Sent, send
from dropbox.gateway.site import Visit
from dropbox.protocol.errors import ProtocolError, TooLong
from dropbox.reporter.errors import VisitError
from dropbox.web.same_site import check_same_site

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


def receive(visit: Visit, limits: Mapping[str, int], empty: str) -> tuple[Draft, Sent | Refused]:
    """Read the form of a visit and send it on. `empty` is the sentence for a form with nothing in it."""
    check_same_site(visit.request.headers)
    form = FormReader(visit.request, limits, visit.site.settings.idle_seconds)
    broken: FormError | None = None
    try:
        form.fields()
    except FormError as error:
        broken = error
    draft, found = drafts.from_values(form.values, visit.site.random)
    if broken:
        refused = form_refusal(broken, found)
    else:
        found += drafts.faults(draft, form.cut, has_files=form.has_files, empty=empty)
        refused = Refused(found, UNPROCESSABLE)
    if not refused.faults:
        outcome = _send(visit, form, draft)
        if isinstance(outcome, Sent):
            return draft, outcome
        refused = outcome
    form.discard()
    return draft, refused


def _send(visit: Visit, form: FormReader, draft: Draft) -> Sent | Refused:
    try:
        return send(visit.site, visit.transport, form, draft, visit.language)
    except FormError as error:
        return form_refusal(error, [])
    except TooLong:
        return form_refusal(FormTooLarge(), [])
    except (VisitError, ProtocolError) as error:
        return Refused([Fault("form", texts.sending_fault(error))], UNAVAILABLE)


def form_refusal(error: FormError, others: Sequence[Fault]) -> Refused:
    """What a form that could not be read is answered with, beside other faults."""
    field, sentence, status = _FORM_FAULTS.get(type(error), ("form", texts.MALFORMED, 400))
    return Refused([Fault(field, sentence), *others], status)
