"""Reading the bureau's answers with twelve words, and answering."""

from collections.abc import Sequence

from dropbox.gateway import drafts, publications, texts
from dropbox.gateway.conversation import Conversation, conversation
from dropbox.gateway.drafts import Draft, Fault
from dropbox.gateway.errors import Failed, FormError
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.paths import Page
from dropbox.gateway.receiving import UNAVAILABLE, UNPROCESSABLE, Refused, receive
from dropbox.gateway.report_pages import SCRIPTS, problems, sent_page
from dropbox.gateway.site import Site, Visit, personal, same
from dropbox.gateway.wire import Answer
from dropbox.protocol.errors import BadReceipt, ProtocolError
from dropbox.protocol.payload import MAX_FILES, TEXT_LIMIT
from dropbox.protocol.receipt import Receipt, parse_receipt
from dropbox.protocol.sizes import MESSAGE_ID
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import VisitError
from dropbox.reporter.exchange import Dialogue, fetch_boards, read_dialogue
from dropbox.reporter.transport import Transport
from dropbox.web.failures import UNREADABLE
from dropbox.web.languages import Language
from dropbox.web.padding import KIB
from dropbox.web.same_site import check_same_site

ANSWERS_SIZE = 64 * KIB  # nothing yet, one answer and seven of the longest are as long on the line


def show_read(visit: Visit) -> Answer:
    """The field for the twelve words."""
    site, language = visit.site, visit.language

    def draw() -> str:
        return _words_form(site, language, Page.READ, "", ())

    return same(visit.request, site.prepared.same((language.code, Page.READ), draw), allowed=SCRIPTS)


def read(visit: Visit) -> Answer:
    """Show what the boards hold for the words that were typed."""
    check_same_site(visit.request.headers)
    site, language = visit.site, visit.language
    form = FormReader(visit.request, drafts.READ_FIELDS, site.settings.idle_seconds)
    try:
        form.fields()
        receipt = parse_receipt(form.values.get("receipt", ""))
    except FormError:
        return _refused(visit, form, Fault("receipt", texts.MALFORMED_WORDS), 400)
    except BadReceipt as error:
        return _refused(visit, form, Fault("receipt", *texts.receipt_fault(error)), UNPROCESSABLE)
    try:
        dialogue = _fetch_dialogue(site, visit.transport, receipt)
    except (VisitError, ProtocolError) as error:
        return _refused(visit, form, Fault("receipt", texts.reading_fault(error)), UNAVAILABLE)
    draft = Draft(receipt, site.random(MESSAGE_ID), known_to=dialogue.known_to)
    html = _answers(site, language, draft, conversation(site, language, dialogue), ())
    return personal(html, least=ANSWERS_SIZE)


def send_answer(visit: Visit) -> Answer:
    """Seal and send a later message."""
    draft, outcome = receive(visit, drafts.ANSWER_FIELDS, texts.EMPTY_ANSWER)
    if isinstance(outcome, Refused):
        # The words came in a hidden field: new ones in their place would file the answer under words that nobody has.
        if any(fault.field == "words" for fault in outcome.faults):
            raise Failed(UNREADABLE)
        return personal(_answers(visit.site, visit.language, draft, None, outcome.faults), outcome.status)
    return personal(sent_page(visit, draft, outcome, first=False))


def _fetch_dialogue(site: Site, transport: Transport, receipt: Receipt) -> Dialogue:
    """Fetch what every reading visit fetches, always all of it and in this order, whatever the receipt."""
    now = site.clock()
    bulletin = site.bulletins.current(transport)
    boards = run(fetch_boards(transport, bulletin, now))
    publications.current(transport, bulletin, now)
    return read_dialogue(receipt, bulletin, boards, now)


def _refused(visit: Visit, form: FormReader, fault: Fault, status: int) -> Answer:
    form.discard()
    return personal(_words_form(visit.site, visit.language, None, form.values.get("receipt", ""), (fault,)), status)


def _words_form(site: Site, language: Language, page: Page | None, typed: str, faults: Sequence[Fault]) -> str:
    return site.draw("read.html", language, page, typed=typed, problems=problems(site, language, faults))


def _answers(site: Site, language: Language, draft: Draft, talk: Conversation | None, faults: Sequence[Fault]) -> str:
    """Draw the dialogue with the answer form; without `talk` the form alone, given back after a refusal."""
    return site.draw(
        "answers.html", language, None, draft=draft, talk=talk, problems=problems(site, language, faults),
        words=" ".join(draft.receipt.words()), text_limit=TEXT_LIMIT, max_files=MAX_FILES,
        chosen=drafts.answer_fields(draft),
    )  # fmt: skip
