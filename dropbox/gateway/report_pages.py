"""The report form, what it gives back when something is wrong, and the receipt."""

from collections.abc import Sequence
from dataclasses import dataclass

from dropbox.gateway import drafts, texts
from dropbox.gateway.drafts import Draft, Fault
from dropbox.gateway.errors import Failed, FormError
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.paths import Page
from dropbox.gateway.prepared import place
from dropbox.gateway.qr import png_address
from dropbox.gateway.receiving import Refused, receive
from dropbox.gateway.sending import Sent
from dropbox.gateway.site import Site, Visit, personal
from dropbox.gateway.wire import Answer
from dropbox.protocol.bulletin import FALLBACK
from dropbox.protocol.errors import BadReceipt, ProtocolError
from dropbox.protocol.payload import MAX_FILES, TEXT_LIMIT
from dropbox.protocol.receipt import WORDS, Receipt, parse_receipt
from dropbox.protocol.sizes import GIB, KIB, MIB
from dropbox.reporter.errors import VisitError
from dropbox.web.failures import UNREADABLE
from dropbox.web.forms import Choice, Problem, Problems
from dropbox.web.languages import LANGUAGES, Language
from dropbox.web.policy import Allowed
from dropbox.web.same_site import check_same_site

SCRIPTS = Allowed(scripts=True)  # where the browser seals, if it can
_WORDS = tuple(f"word{number}" for number in range(1, WORDS + 1))
_WORD_PLACES = tuple(map(place, _WORDS))


def show_report(visit: Visit) -> Answer:
    """The empty form with twelve new words; says beforehand when it could not be sent now."""
    site = visit.site
    weaker, faults = False, []
    try:
        bulletin = site.bulletins.current(visit.transport)
        weaker = bulletin.kind == FALLBACK
    except (VisitError, ProtocolError):
        faults.append(Fault("form", texts.CANNOT_SEND_NOW))
    draft = drafts.fresh(site.random)
    if faults:
        return personal(_form(site, visit.language, Page.REPORT, draft, faults), allowed=SCRIPTS)
    return personal(_empty_form(site, visit.language, draft, weaker=weaker), allowed=SCRIPTS)


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


def prepare(site: Site) -> None:
    """Draw beforehand what almost everybody sees: the empty form, and the page after a text without files."""
    draft = drafts.fresh(site.random)
    for language in LANGUAGES:
        for choice in (False, True):
            _empty_form(site, language, draft, weaker=choice)
            _sent(site, language, draft.receipt, _Contents(0, written=True, chosen=False, first=choice), "")


@dataclass(frozen=True, slots=True)
class _Contents:
    """What was sent, as the page after it tells."""

    files: int
    written: bool
    chosen: bool
    first: bool


def sent_page(visit: Visit, draft: Draft, sent: Sent, *, first: bool) -> str:
    """Return the page after sending: what was sent, the words once more, what happens next."""
    contents = _Contents(sent.files, bool(draft.text), bool(draft.answers), first)
    return _sent(visit.site, visit.language, draft.receipt, contents, size_words(sent.size))


def _sent(site: Site, language: Language, receipt: Receipt, contents: _Contents, size: str) -> str:
    def draw() -> str:
        return site.draw(
            "sent.html", language, None, words=_WORD_PLACES, digits=place("digits"), size=place("size"),
            files=contents.files, first=contents.first, written=contents.written, chosen=contents.chosen,
        )  # fmt: skip

    return site.prepared.fill((language.code, contents), draw, _shown(receipt) | {"size": size})


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


def _shown(receipt: Receipt) -> dict[str, str]:
    words = receipt.words()
    return dict(zip(_WORDS, words, strict=True)) | {"digits": receipt.digits()}


def _empty_form(site: Site, language: Language, draft: Draft, *, weaker: bool) -> str:
    def draw() -> str:
        return _form(
            site, language, Page.REPORT, draft, (), weaker=weaker, words=_WORD_PLACES, digits=place("digits"),
            message=place("message"),
        )  # fmt: skip

    values = _shown(draft.receipt) | {"message": draft.message_id.hex()}
    return site.prepared.fill((language.code, "form", weaker), draw, values)


def _form(
    site: Site, language: Language, page: Page | None, draft: Draft, faults: Sequence[Fault], **instead: object
) -> str:
    """Draw the form; `instead` of what a draft says, other values may be given by their names in the template."""
    values = {
        "weaker": False,
        "words": draft.receipt.words(),
        "digits": draft.receipt.digits(),
        "message": draft.message_id.hex(),
    }
    return site.draw(
        "report.html", language, page, draft=draft, problems=problems(site, language, faults),
        text_limit=TEXT_LIMIT, max_files=MAX_FILES,
        categories=choices(site, language, texts.CATEGORIES), ongoing=choices(site, language, texts.ONGOING),
        again=page is None, **values | instead,
    )  # fmt: skip
