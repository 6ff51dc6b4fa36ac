"""A dialogue as the reading page shows it: oldest first, in days, with what is known about the boards."""

from dataclasses import dataclass

from dropbox.gateway import texts
from dropbox.gateway.drafts import ANSWERS, answer_value
from dropbox.gateway.site import Site
from dropbox.protocol.reply import Acknowledgement, Notice, Question, Reply, Status
from dropbox.reporter.exchange import Dialogue
from dropbox.web.catalogues import mark
from dropbox.web.forms import Choice
from dropbox.web.languages import Language

_TITLES: dict[type, str] = {
    Reply: mark("Message from the bureau"),
    Status: mark("Where your report stands"),
    Question: mark("Question from the bureau"),
    Notice: mark("Notice from the bureau"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the bureau said: the day, what kind of thing, a fixed sentence, its own words."""

    day: int
    title: str
    sentence: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with fixed answers, as a field of the answer form."""

    field: str
    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything on the page. `issued_day` is the oldest board's and `next_due` the earliest, so that nothing is
    promised that one recipient does not keep.
    """

    entries: tuple[Entry, ...]
    asked: tuple[Asked, ...]
    messages: int
    files: int
    seen_day: int
    issued_day: int
    next_due: int
    late: bool
    unread: int
    empty: bool


def conversation(site: Site, language: Language, dialogue: Dialogue) -> Conversation:
    """Return `dialogue` in words; several recipients of one bureau are shown as one voice."""
    boxes = dialogue.mailboxes
    notes = sorted((note for box in boxes for note in box.notes), key=lambda note: (note.day, note.number))
    seen = [box.acknowledgement for box in boxes if box.acknowledgement is not None]
    questions = [note.note for note in notes if isinstance(note.note, Question)][-len(ANSWERS) :]
    return Conversation(
        entries=tuple(
            _entry(site, language, note.day, note.note) for note in notes if not isinstance(note.note, Acknowledgement)
        ),
        asked=tuple(_asked(field, question) for field, question in zip(ANSWERS, questions, strict=False)),
        messages=max((item.messages for item in seen), default=0),
        files=max((item.files for item in seen), default=0),
        seen_day=max((item.day for item in seen), default=0),
        issued_day=min(box.issued_day for box in boxes),
        next_due=min(box.next_due for box in boxes),
        late=any(box.late for box in boxes),
        unread=sum(box.unread for box in boxes),
        empty=dialogue.empty,
    )


def _entry(site: Site, language: Language, day: int, note: Reply | Status | Question | Notice) -> Entry:
    sentence = site.templates.text(language, texts.STATUSES[note.status]) if isinstance(note, Status) else ""
    return Entry(day, site.templates.text(language, _TITLES[type(note)]), sentence, note.text)


def _asked(field: str, question: Question) -> Asked:
    options = tuple(Choice(answer_value(question.identity, answer), answer) for answer in question.answers)
    return Asked(field, question.text, options)
