"""What a reporter typed, as it came from a form: checked into a message, or given back with what to put right."""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dropbox.gateway import texts
from dropbox.protocol.documents import written_size
from dropbox.protocol.errors import BadReceipt
from dropbox.protocol.payload import FIELD_LIMIT, MAX_ANSWERS, TEXT_LIMIT, Message, clean_text
from dropbox.protocol.receipt import Receipt, parse_receipt
from dropbox.protocol.reply import ANSWER_LIMIT, QUESTION_ID
from dropbox.protocol.sizes import KIB, MESSAGE_ID, MIB, RECIPIENT_ID, SLOTS
from dropbox.web.languages import Language

Random = Callable[[int], bytes]

KEPT_TEXT = 6 * MIB  # given back whole when it is too long to send; more than anybody types
KEPT_FIELD = 64 * KIB
SMALL_FIELD = 4 * KIB

ANSWERS = tuple(f"answer-{number}" for number in range(1, MAX_ANSWERS + 1))
_COMMON = {"receipt": SMALL_FIELD, "message": SMALL_FIELD, "text": KEPT_TEXT}
REPORT_FIELDS: Mapping[str, int] = {
    **_COMMON,
    "own_receipt": SMALL_FIELD,
    "category": SMALL_FIELD,
    "ongoing": SMALL_FIELD,
    "keep_from": KEPT_FIELD,
}
ANSWER_FIELDS: Mapping[str, int] = {**_COMMON, "known": SMALL_FIELD, **dict.fromkeys(ANSWERS, SMALL_FIELD)}
READ_FIELDS: Mapping[str, int] = {"receipt": SMALL_FIELD}

_LOWER_CASE = re.compile("[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Fault:
    """A field to put right: a marked sentence and the values that it shows."""

    field: str
    sentence: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """The fields of one form.

    `receipt` is the one that will be used, `message_id` names the form, so that the same form sent twice is one
    message. `known_to` names the recipients that had this thread's keys when the answers were read. `answers` are
    (question, answer).
    """

    receipt: Receipt
    message_id: bytes
    text: str = ""
    category: str = ""
    ongoing: str = ""
    keep_from: str = ""
    own_receipt: str = ""
    known_to: frozenset[bytes] = frozenset()
    answers: tuple[tuple[bytes, str], ...] = ()

    @property
    def text_left(self) -> int:
        """How many bytes may still be written; negative when there are too many."""
        return TEXT_LIMIT - written_size(self.text)

    @property
    def known_value(self) -> str:
        """What the form carries of `known_to`."""
        return " ".join(sorted(recipient.hex() for recipient in self.known_to))

    @property
    def empty(self) -> bool:
        """Whether nothing was written or answered."""
        return not self.text and not self.answers

    def message(self, language: Language) -> Message:
        """Return what will be sealed; only for a draft in which `faults` found nothing."""
        return Message(self.text, self.category, self.ongoing, self.keep_from, language.code, self.answers)


def fresh(random: Random) -> Draft:
    """Return the draft of a new form: twelve new words and a new message id."""
    return Draft(Receipt.generate(random), random(MESSAGE_ID))


def from_values(values: Mapping[str, str], random: Random) -> tuple[Draft, list[Fault]]:
    """Return what a form holds so far, and what is wrong with its words.

    Words that came damaged, or did not come, are replaced by new ones, and the page says so: better than a report
    nobody can come back to. A damaged message id is replaced in silence: it costs a notice that a report came twice.
    """
    faults = []
    new = fresh(random)
    receipt, message_id = new.receipt, new.message_id
    own = values.get("own_receipt", "").strip()
    damaged = False
    try:
        receipt = parse_receipt(values.get("receipt", ""))
    except BadReceipt:
        damaged = True
    with contextlib.suppress(ValueError):
        message_id = _hexadecimal(values.get("message", ""), MESSAGE_ID)
    if own:
        try:
            receipt, damaged = parse_receipt(own), False
        except BadReceipt as error:
            faults.append(Fault("own_receipt", *texts.receipt_fault(error)))
    if damaged:
        faults.insert(0, Fault("words", texts.NEW_WORDS))
    draft = Draft(
        receipt,
        message_id,
        text=clean_text(values.get("text", "")),
        category=values.get("category", ""),
        ongoing=values.get("ongoing", ""),
        keep_from=clean_text(values.get("keep_from", "")),
        own_receipt=own,
        known_to=_recipients(values.get("known", "")),
        answers=_answers(values),
    )
    return draft, faults


def faults(draft: Draft, cut: set[str], *, has_files: bool, empty: str) -> list[Fault]:
    """Return what must be put right before `draft` can be sealed; `empty` is the sentence when there is nothing."""
    found = []
    if draft.category not in dict(texts.CATEGORIES):
        found.append(Fault("category", texts.UNKNOWN_CHOICE))
    if "text" in cut:
        found.append(Fault("text", texts.TEXT_CUT))
    elif draft.text_left < 0:
        found.append(Fault("text", texts.TEXT_TOO_LONG, {"over": -draft.text_left, "limit": TEXT_LIMIT}))
    elif "\ufffd" in draft.text:
        found.append(Fault("text", texts.UNREADABLE_TEXT))
    elif draft.empty and not has_files:
        found.append(Fault("text", empty))
    if draft.ongoing not in {"", *dict(texts.ONGOING)}:
        found.append(Fault("ongoing", texts.UNKNOWN_CHOICE))
    over = written_size(draft.keep_from) - FIELD_LIMIT
    if over > 0:
        found.append(Fault("keep_from", texts.FIELD_TOO_LONG, {"over": over}))
    return found


def answer_value(question: bytes, answer: str) -> str:
    """Return what the form sends for a chosen answer."""
    return f"{question.hex()} {answer}"


def answer_fields(draft: Draft) -> tuple[tuple[str, str], ...]:
    """Return the chosen answers as names and values of hidden fields, for a form that is given back."""
    values = (answer_value(question, answer) for question, answer in draft.answers)
    return tuple(zip(ANSWERS, values, strict=False))


def _answers(values: Mapping[str, str]) -> tuple[tuple[bytes, str], ...]:
    """Return the chosen answers. What our page cannot have sent is left out: the desk shows what it gets."""
    found = {}
    for name in ANSWERS:
        question, _, answer = values.get(name, "").partition(" ")
        try:
            identity = _hexadecimal(question, QUESTION_ID)
        except ValueError:
            continue
        if written_size(chosen := clean_text(answer)) <= ANSWER_LIMIT:
            found[identity] = chosen
    return tuple(found.items())


def _recipients(value: str) -> frozenset[bytes]:
    """Return the recipients that a form names; none at all when one is damaged: then the keys go once more."""
    try:
        return frozenset(_hexadecimal(digits, RECIPIENT_ID) for digits in value.split(" ", SLOTS)[:SLOTS])
    except ValueError:
        return frozenset()


def _hexadecimal(digits: str, size: int) -> bytes:
    """Return the bytes, spelled as our pages spell them; `bytes.fromhex` alone takes capitals and blanks too."""
    if len(digits) != 2 * size or not _LOWER_CASE.fullmatch(digits):
        message = "a value in another form"
        raise ValueError(message)
    return bytes.fromhex(digits)
