"""What a handler writes to a reporter: typed, previewed as the reporter will read it, then sealed.

form --preview--> preview --send--> case
      <--change--
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from dropbox.bureau.errors import (
    EmptyNoteError,
)
from dropbox.bureau.pages import card_words, words
from dropbox.bureau.pages.paths import Page
from dropbox.bureau.pages.site import View
from dropbox.bureau.views import CaseStatus, CaseView, EntryKind, NoteDraft, NotePreview, OutcomeView
from dropbox.protocol.reply import MAX_ANSWERS
from dropbox.web.form_reading import Form
from dropbox.web.forms import NO_PROBLEMS, Choice, Problem, Problems
from dropbox.web.languages import LANGUAGES, Language
from dropbox.web.templating import long_day

CHOICE_FIELDS: Final = tuple(f"choice-{number}" for number in range(1, MAX_ANSWERS + 1))
ANSWER_BYTES: Final = 200
_ONCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the form as they came, right or wrong."""

    text: str = ""
    status: str = ""
    choices: tuple[str, ...] = ("",) * MAX_ANSWERS


async def show(view: View) -> web.StreamResponse:
    """Show an empty form, or a reply that begins with what the ministry answered (`?card=...&outcome=...`)."""
    case = await view.desk.case(view.names["case"])
    return _form(view, case, Typed(text=_from_outcome(view, case)), NO_PROBLEMS)


async def submit(view: View, form: Form) -> web.StreamResponse:
    """Take one step: preview, change or send."""
    case = await view.desk.case(view.names["case"])
    if not case.row.can_reply:
        raise view.done("", Page.CASE)
    typed = Typed(form.text("text"), form.raw("status"), tuple(form.text(name) for name in CHOICE_FIELDS))
    draft, problems = _draft(view, typed)
    step = form.raw("step")
    if draft is None or step == "change":
        return _form(view, case, typed, problems if step != "change" else NO_PROBLEMS, status=422 if problems else 200)
    try:
        preview = view.desk.preview(draft)
    except EmptyNoteError:
        return _form(view, case, typed, _problem(view, "text", words.EMPTY_TEXT), status=422)
    if not preview.fits:
        return _form(view, case, typed, _problem(view, "text", words.TOO_LONG, over=-preview.room), status=422)
    if step == "send":
        return await _send(view, case, preview, form.raw("once"))
    return _preview(view, case, preview)


async def _send(view: View, case: CaseView, preview: NotePreview, once: str) -> web.StreamResponse:
    if not once:
        raise view.done("", Page.CASE)
    try:
        await view.person.forms.do(once, partial(view.desk.send, case.row.identity, preview.draft))
    except tuple(words.SENDING_FAULTS) as error:
        problems = _problem(view, "text", words.SENDING_FAULTS[type(error)])
        return _form(view, case, _typed(preview.draft), problems, status=409)
    raise view.done("sent", Page.CASE)


def _kind(view: View) -> EntryKind:
    return words.SLUGS[view.names["kind"]]


def _problem(view: View, field: str, sentence: str, **values: object) -> Problems:
    return Problems((Problem(field, view.say(sentence, **values)),))


def _draft(view: View, typed: Typed) -> tuple[NoteDraft | None, Problems]:
    """Return the note that the fields make, or what to put right first."""
    kind = _kind(view)
    faults = []
    if not typed.text and kind is not EntryKind.STATUS:
        faults.append(Problem("text", view.say(words.EMPTY_TEXT)))
    if kind is EntryKind.STATUS and typed.status not in set(CaseStatus):
        faults.append(Problem("status", view.say(words.CHOOSE_STATUS)))
    if kind is EntryKind.STATUS and typed.status == CaseStatus.CLOSED and not typed.text.strip():
        faults.append(Problem("text", view.say(words.CLOSING_REASONS)))
    choices: tuple[str, ...] = ()
    if kind is EntryKind.QUESTION:
        choices = tuple(dict.fromkeys(choice for choice in typed.choices if choice))
        if len(choices) < 2:  # noqa: PLR2004 - one answer is no choice
            faults.append(Problem(CHOICE_FIELDS[0], view.say(words.TWO_ANSWERS)))
        for name, choice in zip(CHOICE_FIELDS, typed.choices, strict=True):
            if len(choice.encode()) > ANSWER_BYTES:
                faults.append(Problem(name, view.say(words.ANSWER_TOO_LONG)))
    if faults:
        return None, Problems(tuple(faults))
    status = CaseStatus(typed.status) if kind is EntryKind.STATUS else None
    return NoteDraft(kind, typed.text, status, choices), NO_PROBLEMS


def _typed(draft: NoteDraft) -> Typed:
    choices = (*draft.choices, *("",) * (MAX_ANSWERS - len(draft.choices)))
    return Typed(draft.text, str(draft.status or ""), choices)


def _form(view: View, case: CaseView, typed: Typed, problems: Problems, *, status: int = 200) -> web.Response:
    kind = _kind(view)
    return view.draw(
        "write.html",
        Page.WRITE if view.request.method == "GET" else None,
        status=status,
        case=case,
        kind=kind,
        typed=typed,
        problems=problems,
        statuses=[Choice(str(item), view.say(said)) for item, said in words.STATUSES.items()],
        choice_fields=CHOICE_FIELDS,
    )


def _preview(view: View, case: CaseView, preview: NotePreview) -> web.Response:
    """Show the note in the language of the reporter's pages, as those draw it."""
    draft = preview.draft
    language = reporter_language(case)
    site = view.site
    return view.draw(
        "preview.html",
        None,
        case=case,
        draft=draft,
        preview=preview,
        typed=_typed(draft),
        choice_fields=CHOICE_FIELDS,
        language=language,
        day=long_day(view.desk.today(), language),
        title=site.text(language, words.REPORTER_TITLES[draft.kind]),
        sentence=site.text(language, words.REPORTER_STATUSES[draft.status]) if draft.status else "",
        once=site.random(_ONCE_BYTES).hex(),
    )


def reporter_language(case: CaseView) -> Language:
    """Return the language in which the reporter used the pages, or the first one for one that is not known."""
    return next((language for language in LANGUAGES if language.code == case.facts.language), LANGUAGES[0])


def _from_outcome(view: View, case: CaseView) -> str:
    query = view.request.query
    found = [
        outcome
        for card in case.cards
        for outcome in card.outcomes
        if (card.reference, str(outcome.sequence)) == (query.get("card"), query.get("outcome"))
    ]
    return _passed_on(view, reporter_language(case), found[0]) if found else ""


def _passed_on(view: View, language: Language, outcome: OutcomeView) -> str:
    """Begin a reply with an outcome, in the reporter's language; the handler goes on from there."""
    lines = [view.site.text(language, card_words.TO_REPORTER_STATES.get(outcome.state, card_words.TO_REPORTER_OTHER))]
    if outcome.measure:
        measure = view.site.text(language, card_words.MEASURES.get(outcome.measure, outcome.measure))
        lines.append(view.site.text(language, card_words.TO_REPORTER_MEASURE, measure=measure))
    if outcome.text:
        lines.append(outcome.text)
    return "\n\n".join(lines)
