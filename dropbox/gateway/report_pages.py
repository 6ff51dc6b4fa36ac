"""The report form, what it gives back when something is wrong, and the receipt."""

from collections.abc import Sequence

from dropbox.gateway import drafts, texts
from dropbox.gateway.drafts import Draft, Fault
from dropbox.gateway.errors import Failed, FormError
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.paths import Page
from dropbox.gateway.qr import png_address
from dropbox.gateway.receiving import Refused, receive
from dropbox.gateway.sending import Sent
from dropbox.gateway.site import Site, Visit, personal
from dropbox.gateway.wire import Answer
from dropbox.protocol.bulletin import FALLBACK
from dropbox.protocol.errors import BadReceipt, ProtocolError
from dropbox.protocol.payload import MAX_FILES, TEXT_LIMIT
from dropbox.protocol.receipt import parse_receipt
from dropbox.protocol.sizes import GIB, KIB, MIB
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import VisitError
from dropbox.reporter.exchange import fetch_bulletin
from dropbox.web.failures import UNREADABLE
from dropbox.web.forms import Choice, Problem, Problems
from dropbox.web.languages import Language
from dropbox.web.same_site import check_same_site


def show_report(visit: Visit) -> Answer:
    """The empty form with twelve new words; says beforehand when it could not be sent now."""
    site = visit.site
    weaker, faults = False, []
    try:
        bulletin = run(fetch_bulletin(visit.transport, site.settings.root_key, site.clock()))
        weaker = bulletin.kind == FALLBACK
    except (VisitError, ProtocolError):
        faults.append(Fault("form", texts.CANNOT_SEND_NOW))
    return personal(_form(site, visit.language, Page.REPORT, drafts.fresh(site.random), faults, weaker=weaker))


def send_report(visit: Visit) -> Answer:
    """Seal and send; answer with the receipt, or with the form and what to put right."""
    draft, outcome = receive(visit, drafts.REPORT_FIELDS, texts.EMPTY_REPORT)
    if isinstance(outcome, Refused):
        return personal(_form(visit.site, visit.language, None, draft, outcome.faults), outcome.status)
    return personal(sent_page(visit, draft, outcome, first=not draft.own_receipt))


def show_qr(visit: Visit) -> Answer:
    """The twelve words as a QR code; asked for by a form, since an address must never carry a secret."""
    check_same_site(visit.request.headers)
    form = FormReader(visit.request, drafts.READ_FIELDS, visit.site.settings.idle_seconds)
    try:
        form.fields()
        receipt = parse_receipt(form.values.get("receipt", ""))
    except (FormError, BadReceipt) as error:
        raise Failed(UNREADABLE) from error
    html = visit.site.draw(
        "qr.html", visit.language, None, image=png_address(receipt.digits().replace(" ", "")), words=receipt.words(),
        digits=receipt.digits(),
    )  # fmt: skip
    return personal(html)


def sent_page(visit: Visit, draft: Draft, sent: Sent, *, first: bool) -> str:
    """Return the page after sending: what was sent, the words once more, what happens next."""
    return visit.site.draw(
        "sent.html", visit.language, None, words=draft.receipt.words(), digits=draft.receipt.digits(), files=sent.files,
        size=size_words(sent.size), first=first, written=bool(draft.text), chosen=bool(draft.answers),
    )  # fmt: skip


def problems(site: Site, language: Language, faults: Sequence[Fault]) -> Problems:
    """Return the faults as sentences in the page's language."""
    return Problems(
        tuple(Problem(fault.field, site.templates.text(language, fault.sentence, **fault.values)) for fault in faults)
    )


def choices(site: Site, language: Language, table: Sequence[tuple[str, str]]) -> tuple[Choice, ...]:
    """Return a table of texts as the options of a form."""
    return tuple(Choice(value, site.templates.text(language, words)) for value, words in table)


def size_words(size: int) -> str:
    """Write a size of the ladder as people say it."""
    units = ((GIB, "GB"), (MIB, "MB"), (KIB, "KB"))
    unit, name = next((unit, name) for unit, name in units if size >= unit)
    return f"{size // unit} {name}"


def _form(
    site: Site, language: Language, page: Page | None, draft: Draft, faults: Sequence[Fault], *, weaker: bool = False
) -> str:
    return site.draw(
        "report.html", language, page, draft=draft, problems=problems(site, language, faults), weaker=weaker,
        words=draft.receipt.words(), digits=draft.receipt.digits(), text_limit=TEXT_LIMIT, max_files=MAX_FILES,
        categories=choices(site, language, texts.CATEGORIES), ongoing=choices(site, language, texts.ONGOING),
        again=page is None,
    )  # fmt: skip
