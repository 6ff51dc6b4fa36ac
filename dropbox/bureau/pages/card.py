"""The referral card: filled in, held against the gates, previewed as the ministry will see it, released.

form --check--> form with what the gates object to, or preview --release--> case
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from aiohttp import web

from dropbox.bureau.errors import CardRefusedError
from dropbox.bureau.pages import card_words, words
from dropbox.bureau.pages.marking import Piece, mark_runs
from dropbox.bureau.pages.paths import Page
from dropbox.bureau.pages.site import View
from dropbox.bureau.views import CardCheck, CardDraft, CaseView, Consent
from dropbox.web.form_reading import Form
from dropbox.web.forms import NO_PROBLEMS, Choice, Problem, Problems

_TEXTS: Final = (
    "region", "staff", "function", "category", "period", "summary", "evidence", "ongoing", "retaliation", "ask",
    "not_do", "answer_by",
)  # fmt: skip
_SERIOUSNESS: Final = range(1, 4)
_ONCE_BYTES: Final = 16
_UNCHOSEN: Final = 0


@dataclass(frozen=True, slots=True)
class Batches:
    """When cards leave: so many together, every so many seconds."""

    cards: int
    period: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the gates object to: sentences by field, and (name of a field, its text with the words marked)."""

    problems: Problems = NO_PROBLEMS
    marked: tuple[tuple[str, tuple[Piece, ...]], ...] = ()


NO_REFUSAL: Final = Refusal()
BATCHES: Final = web.AppKey("batches", Batches)


async def show(view: View) -> web.StreamResponse:
    """Show a form that holds what may be told without asking: the category and whether it goes on."""
    case = await view.desk.case(view.names["case"])
    category = case.facts.category if case.facts.category in words.CATEGORIES else ""
    ongoing = case.facts.ongoing or "unsure"
    draft = _draft(Form({"category": category, "ongoing": ongoing, "retaliation": "unsure"}))
    return _form(view, case, draft, Consent(given=False, words=""), NO_REFUSAL)


async def submit(view: View, form: Form) -> web.StreamResponse:
    """Take one step: check (which leads to the preview), change, or release."""
    case = await view.desk.case(view.names["case"])
    draft, consent = _draft(form), Consent(form.ticked("consent"), form.text("words"))
    if form.raw("step") == "change":
        return _form(view, case, draft, consent, NO_REFUSAL)
    found = await view.desk.check_card(case.row.identity, draft, consent)
    if not found.passed:
        return _objections(view, case, draft, consent, found)
    if form.raw("step") != "release":
        return _preview(view, case, draft, consent)
    return await _release(view, case, draft, consent, form.raw("once"))


async def _release(view: View, case: CaseView, draft: CardDraft, consent: Consent, once: str) -> web.StreamResponse:
    if once:
        try:
            await view.person.forms.do(once, partial(view.desk.release_card, case.row.identity, draft, consent))
        except CardRefusedError:
            found = await view.desk.check_card(case.row.identity, draft, consent)
            return _objections(view, case, draft, consent, found)
    raise view.done("card" if once else "", Page.CASE)


def _draft(form: Form) -> CardDraft:
    chosen = form.raw("seriousness")
    seriousness = int(chosen) if chosen in map(str, _SERIOUSNESS) else _UNCHOSEN
    return CardDraft(**{name: form.text(name) for name in _TEXTS}, seriousness=seriousness)


def _objections(view: View, case: CaseView, draft: CardDraft, consent: Consent, found: CardCheck) -> web.Response:
    """Show the form with one sentence per field: the first thing that a gate objects to in it."""
    sentences: dict[str, str] = {}
    for finding in found.findings:
        said = view.say(card_words.OBJECTIONS.get(finding.code, card_words.OTHER_OBJECTION))
        name = view.say(card_words.FIELDS.get(finding.field or "consent", finding.field))
        sentences.setdefault(finding.field or "consent", f"{name}: {said}")
    problems = Problems(tuple(Problem(field, sentence) for field, sentence in sentences.items()))
    marked = [
        (view.say(card_words.FIELDS[finding.field]), mark_runs(getattr(draft, finding.field), finding.words))
        for finding in found.findings
        if finding.words and finding.field in card_words.FIELDS
    ]
    return _form(view, case, draft, consent, Refusal(problems, tuple(marked)))


def _choices(view: View, said: dict[str, str]) -> list[Choice]:
    return [Choice(value, view.say(text)) for value, text in said.items()]


def _form(view: View, case: CaseView, draft: CardDraft, consent: Consent, refusal: Refusal) -> web.Response:
    empty = {"": words.CHOOSE}
    return view.draw(
        "card.html",
        Page.CARD if view.request.method == "GET" else None,
        status=422 if refusal.problems else 200,
        case=case,
        draft=draft,
        consent=consent,
        problems=refusal.problems,
        marked=refusal.marked,
        regions=_choices(view, {**empty, **card_words.REGIONS}),
        staff=_choices(view, dict(card_words.STAFF)),
        functions=_choices(view, dict(card_words.FUNCTIONS)),
        categories=_choices(view, {**words.CATEGORIES, **empty}),
        yes_no=_choices(view, dict(words.YES_NO_UNSURE)),
        levels=_choices(view, dict(card_words.SERIOUSNESS)),
    )


def _preview(view: View, case: CaseView, draft: CardDraft, consent: Consent) -> web.Response:
    return view.draw(
        "card_preview.html",
        None,
        case=case,
        draft=draft,
        consent=consent,
        fields=asdict(draft),
        shown=card_rows(view, draft),
        batches=view.request.app[BATCHES],
        once=view.site.random(_ONCE_BYTES).hex(),
    )


def card_rows(view: View, draft: CardDraft) -> list[tuple[str, str]]:
    """Return the card as rows of a name and a text, in the order in which the ministry reads them."""
    named: dict[str, Mapping[str, str]] = {
        "region": card_words.REGIONS,
        "staff": card_words.STAFF,
        "function": card_words.FUNCTIONS,
        "category": words.CATEGORIES,
        "ongoing": words.YES_NO_UNSURE,
        "retaliation": words.YES_NO_UNSURE,
        "seriousness": card_words.SERIOUSNESS,
    }
    rows = []
    for field, name in card_words.FIELDS.items():
        if field != "consent":
            value = str(getattr(draft, field))
            said = named.get(field, {}).get(value)
            rows.append((view.say(name), view.say(said) if said else value))
    return rows
