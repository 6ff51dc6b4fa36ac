"""What may follow what: the states of a referral as the ministry reports them.

A card is new until somebody answers it.  Who has received it may look into it; who has looked into it may say what was
done about it, and more than once; a closed card may be taken up again, because facts come late.  "Measure" needs a
class of measure, "closed" needs words: the bureau has to tell the reporter what was done and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dropbox.ministry.errors import MoveRefusedError
from dropbox.protocol import card


class State(StrEnum):
    """Where a card stands.  All but `NEW` travel to the bureau (`card.OUTCOME_STATES`)."""

    NEW = "new"
    RECEIVED = "received"
    INVESTIGATING = "investigating"
    MEASURE = "measure"
    CLOSED = "closed"


FOLLOWS: Final[Mapping[State, tuple[State, ...]]] = MappingProxyType({
    State.NEW: (State.RECEIVED, State.INVESTIGATING, State.CLOSED),
    State.RECEIVED: (State.INVESTIGATING, State.MEASURE, State.CLOSED),
    State.INVESTIGATING: (State.INVESTIGATING, State.MEASURE, State.CLOSED),
    State.MEASURE: (State.INVESTIGATING, State.MEASURE, State.CLOSED),
    State.CLOSED: (State.INVESTIGATING,),
})  # fmt: skip

NO_MEASURE: Final = "none"
MEASURES_TAKEN: Final = tuple(name for name in card.MEASURES if name not in {"", NO_MEASURE})
"""The classes that go with `MEASURE`; "none" is what closing without any says."""


@dataclass(frozen=True)
class Move:
    """An answer that may be given: made by `move` only."""

    state: State
    measure: str
    text: str


def move(so_far: tuple[State, ...], state: State, measure: str, text: str) -> Move:
    """Give the answer that follows the states so far (the first is `NEW`).  Raises MoveRefusedError.

    `measure` counts with `MEASURE` only.  Closing says "none" when no measure was reported before.
    """
    if state not in FOLLOWS[so_far[-1]] or len(text.encode()) > card.OUTCOME_TEXT:
        raise MoveRefusedError
    if state is State.MEASURE and measure not in MEASURES_TAKEN:
        raise MoveRefusedError
    if state is State.CLOSED and not text.strip():
        raise MoveRefusedError
    if state is State.MEASURE:
        return Move(state, measure, text)
    closes_without = state is State.CLOSED and State.MEASURE not in so_far
    return Move(state, NO_MEASURE if closes_without else "", text)
