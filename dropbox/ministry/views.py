"""What the pages see: values without keys, sealed bytes or rows."""

from dataclasses import dataclass
from enum import StrEnum

from dropbox.ministry.cards import Reason
from dropbox.ministry.states import State
from dropbox.protocol.card import Referral


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    user: str


@dataclass(frozen=True)
class CardRowView:
    """A card in the list."""

    reference: str  # 16 hexadecimal digits
    code: str
    category: str
    seriousness: int
    answer_by: str
    state: State
    received_day: int
    unsent: bool  # whether an answer waits for the next batch


@dataclass(frozen=True)
class CardList:
    """All cards; `damaged` counts the rows that could not be read, which never hides the others."""

    rows: tuple[CardRowView, ...]
    damaged: int


@dataclass(frozen=True)
class AnswerView:
    """One answer.  `sent_day` is None while it waits for the next batch."""

    sequence: int
    state: State
    measure: str
    text: str
    day: int
    user: str
    sent_day: int | None


@dataclass(frozen=True)
class CardView:
    """One card with all that happened to it.  `document` is what the bureau signed, byte for byte."""

    referral: Referral
    code: str
    received_day: int
    checked_day: int
    document: bytes
    answers: tuple[AnswerView, ...]

    @property
    def states(self) -> tuple[State, ...]:
        """Every state so far, from new on."""
        return (State.NEW, *(answer.state for answer in self.answers))

    @property
    def state(self) -> State:
        """Where the card stands."""
        return self.states[-1]


@dataclass(frozen=True)
class FailureView:
    """Something that came in and is not shown as a card."""

    name: str  # 32 hexadecimal digits
    day: int
    reason: Reason


class Trouble(StrEnum):
    """What stands in the way, for the person at the inbox to pass on."""

    UNREACHABLE = "unreachable"  # intake cannot be reached
    TOR_DOWN = "tor-down"  # and the other reasons of `dropbox.torlink.errors.Fault` why it cannot be reached
    NOT_TOR = "not-tor"
    NO_KEY = "no-key"
    WRONG_KEY = "wrong-key"
    NOT_FOUND = "not-found"
    NOT_YET = "not-yet"
    HOST_DOWN = "host-down"
    NOT_SERVING = "not-serving"
    EXPIRED = "expired"
    FAILED = "failed"
    REFUSED = "refused"  # intake refuses us: our courier key, or the clock
    FULL = "full"  # intake keeps no more batches until the bureau has collected
    BAD_ANSWER = "bad_answer"  # intake's answer has another form than the protocol gives
    KEYS = "keys"  # the keys folder cannot be read or holds a forgery
    NOT_OURS = "not_ours"  # the root certified other keys for this ministry than the folder holds
    NO_BUREAU = "no_bureau"  # no key of the bureau is certified today
    NO_DUMMIES = "no_dummies"  # nobody signed in for so long that no batch can be filled
    MANY_WAITING = "many_waiting"  # so many sealed cards wait that no more are collected
    DATABASE = "database"  # the inbox's own database failed
    OURS = "ours"  # a fault of this program


@dataclass(frozen=True)
class SyncState:
    """How it stands with collecting and sending."""

    last_contact: int | None  # Unix seconds of the last complete exchange
    next_due: int  # Unix seconds
    sealed: int  # cards that wait to be opened
    unsent: int  # answers that wait for a batch
    troubles: tuple[Trouble, ...]
