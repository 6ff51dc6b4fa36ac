"""What the desk shows: frozen values that hold no key.  Days are UTC day numbers, times are Unix seconds.

Texts in here were written by strangers: pages escape them, nothing logs them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Flag(enum.StrEnum):
    """Why a report stands alone and cannot be answered."""

    UNKNOWN_THREAD = "unknown-thread"  # a later message of a dialogue that this desk does not have
    BAD_MAC = "bad-mac"  # names a dialogue without proof of belonging to it
    OTHER_KEYS = "other-keys"  # names a known dialogue, with other keys
    NO_KEYS = "no-keys"  # brought keys for other recipients, not for this one


class EntryKind(enum.StrEnum):
    """What stands in a dialogue."""

    MESSAGE = "message"  # from the reporter; everything else is the bureau's
    REPLY = "reply"
    STATUS = "status"
    QUESTION = "question"
    NOTICE = "notice"
    ACKNOWLEDGEMENT = "acknowledgement"  # the last one on the board; shown, not written by anybody


class CaseStatus(enum.StrEnum):
    """Stages of a case (ISO 37002); the same words as `protocol.reply.CaseStatus`."""

    RECEIVED = "received"
    ASSESSING = "assessing"
    ADDRESSING = "addressing"
    CLOSED = "closed"


@dataclass(frozen=True)
class Deadlines:
    """The legal clocks of a case, in days.  None where a clock has not started or has been met."""

    received_day: int
    acknowledge_due: int  # receipt + 7 days
    acknowledged_day: int | None  # first acknowledgement that was published
    feedback_due: int  # 3 calendar months after the acknowledgement, or after its due day
    feedback_day: int | None  # first note that the case is being addressed or closed, with its reasons
    next_due: int | None  # the earliest one that has not been met; None when both are, or nobody can be told
    next_name: str  # "acknowledge", "feedback" or "" -- which one that is


@dataclass(frozen=True)
class CaseRow:
    """One line of the inbox."""

    identity: str  # 32 hexadecimal digits; stands in paths
    category: str  # as the reporter chose it: may be any short text
    status: CaseStatus
    language: str
    received_day: int
    last_day: int  # of the last message of the reporter
    messages: int
    files: int
    unread: int  # messages nobody has opened on the screen
    flag: Flag | None
    can_reply: bool
    deadlines: Deadlines


@dataclass(frozen=True)
class FileView:
    """A file of a message: cleaned name, size in bytes."""

    identity: str
    name: str
    size: int


@dataclass(frozen=True)
class AnswerView:
    """The answer that a reporter chose to one of the desk's questions."""

    question: str  # its text, or "" when the question is not known here
    answer: str


@dataclass(frozen=True)
class EntryView:
    """One entry of a dialogue, oldest first."""

    identity: str
    kind: EntryKind
    day: int  # received, or written
    text: str
    published_day: int | None = None  # for the bureau's: the day of the first board that carried it; None: waits
    on_board: bool = False  # whether the board still carries it
    files: tuple[FileView, ...] = ()
    category: str = ""
    ongoing: str = ""  # "yes", "no", "unsure" or ""
    keep_from: str = ""
    answers: tuple[AnswerView, ...] = ()
    choices: tuple[str, ...] = ()  # of a question
    status: CaseStatus | None = None  # of a status note
    unread: bool = False
    messages: int = 0  # of an acknowledgement: how many messages
    message_files: int = 0  # and files it says were opened


@dataclass(frozen=True)
class CaseFacts:
    """What the first message said about itself, and every later word on whom it must not reach."""

    category: str
    ongoing: str
    keep_from: tuple[str, ...]
    language: str


@dataclass(frozen=True)
class OutcomeView:
    """An answer of the ministry to a card."""

    sequence: int
    state: str  # protocol.card.OUTCOME_STATES
    measure: str  # protocol.card.MEASURES
    text: str
    day: int  # opened here


@dataclass(frozen=True)
class CardDraft:
    """The fields of a referral card as the handler fills them in; limits stand in `protocol.card.CARD_FIELDS`."""

    region: str
    staff: str
    function: str
    category: str
    period: str
    summary: str
    evidence: str
    seriousness: int  # 1 to 3
    ongoing: str  # yes, no, unsure
    retaliation: str  # yes, no, unsure
    ask: str
    not_do: str
    answer_by: str


@dataclass(frozen=True)
class Consent:
    """The reporter's yes to this card, recorded by the handler: the box ticked, and the reporter's own words."""

    given: bool
    words: str


@dataclass(frozen=True)
class Finding:
    """One thing that a gate objects to.  `code` is one of `gates.Code`; `words` are what it is about."""

    code: str
    field: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardCheck:
    """The answer of the gates: released only without findings."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether every gate lets the card through."""
        return not self.findings


@dataclass(frozen=True)
class CardView:
    """A card that was released for a case."""

    reference: str  # 16 hexadecimal digits
    draft: CardDraft
    released_day: int
    sent_day: int | None  # of the batch that carried it; None: waits for the next one
    outcomes: tuple[OutcomeView, ...] = ()


@dataclass(frozen=True)
class CaseView:
    """One case on one screen."""

    row: CaseRow
    facts: CaseFacts
    entries: tuple[EntryView, ...]
    cards: tuple[CardView, ...]


@dataclass(frozen=True)
class NoteDraft:
    """What a handler writes.  `status` belongs to a status note, `choices` (2 to 6) to a question."""

    kind: EntryKind  # REPLY, STATUS, QUESTION or NOTICE
    text: str
    status: CaseStatus | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotePreview:
    """How much of the board a note takes.  `room` is what is left in bytes, negative when it is too long."""

    draft: NoteDraft
    records: int  # 1 to 8; 0 when it is too long
    room: int

    @property
    def fits(self) -> bool:
        """Whether it can be sent."""
        return self.records > 0


@dataclass(frozen=True)
class FailureView:
    """An envelope that could not be opened.  The others are not affected."""

    identity: str
    reason: str  # one of `opening.Reason`
    size: int  # bytes
    envelope_day: int  # of the bulletin it was sealed to
    first_day: int  # tried first
    tries: int


@dataclass(frozen=True)
class OutcomeFailureView:
    """An answer of the ministry that is not shown at a card.  It is kept, and tried again."""

    identity: str
    reason: str  # one of `outcomes.Reason`
    day: int  # on which it came


@dataclass(frozen=True)
class SyncState:
    """How the desk stands towards the host."""

    last_fetch: int | None  # Unix seconds of the last fetch that completed
    next_board_due: int | None
    last_board_day: int | None
    # "", or "unreachable", "refused", "peer", "bad-answer", "not-certified", "storage", "clock", "backup", "fault", or
    # a reason of `dropbox.torlink.errors.Fault`.
    problem: str
    waiting: int  # sealed envelopes here, unopened because nobody is signed in
    bulletin_days: int  # so many days ahead have a bulletin with a key of its own
    # Of these codes: "one-recipient", "no-backup", "few-bulletins", "boards-unread", "board-missing", "board-forged",
    # "board-rolled-back", "board-full", "no-dummies", "outcomes-unreadable", "clock-back".
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Handler:
    """Somebody who is signed in.  `ticket` is what `Desk.sign_out` wants."""

    user: str
    ticket: str = field(repr=False)
