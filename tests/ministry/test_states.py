import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.ministry.errors import MoveRefusedError
from dropbox.ministry.states import FOLLOWS, MEASURES_TAKEN, NO_MEASURE, State, move
from dropbox.protocol.card import MEASURES, OUTCOME_STATES, OUTCOME_TEXT, Outcome


def test_every_state_has_its_row_and_travels_under_its_own_name() -> None:
    assert set(FOLLOWS) == set(State)
    assert {state.value for state in State} - {"new"} == set(OUTCOME_STATES)
    assert all(State.NEW not in follows for follows in FOLLOWS.values())
    assert {"", NO_MEASURE, *MEASURES_TAKEN} == set(MEASURES)


def test_every_state_can_be_closed_and_a_closed_card_taken_up_again() -> None:
    assert all(State.CLOSED in FOLLOWS[state] for state in State if state is not State.CLOSED)
    assert FOLLOWS[State.CLOSED] == (State.INVESTIGATING,)


@pytest.mark.parametrize(
    ("state", "measure", "text"),
    [
        (State.MEASURE, "conversation", "too early: nobody received it"),
        (State.NEW, "", "back to new"),
        (State.CLOSED, "", ""),
        (State.CLOSED, "", "  \n"),
        (State.RECEIVED, "", "x" * (OUTCOME_TEXT + 1)),
        (State.RECEIVED, "", "é" * (OUTCOME_TEXT // 2 + 1)),
    ],
)
def test_what_may_not_follow_new_is_refused(state: State, measure: str, text: str) -> None:
    with pytest.raises(MoveRefusedError):
        move((State.NEW,), state, measure, text)


@pytest.mark.parametrize("measure", ["", "none", "thanks"])
def test_a_measure_needs_its_kind(measure: str) -> None:
    with pytest.raises(MoveRefusedError):
        move((State.NEW, State.RECEIVED), State.MEASURE, measure, "words")


def test_closing_says_none_only_when_no_measure_was_reported() -> None:
    assert move((State.NEW,), State.CLOSED, "dismissal", "nothing to it").measure == NO_MEASURE
    assert move((State.NEW, State.RECEIVED, State.MEASURE), State.CLOSED, "", "done").measure == ""


@given(st.data())
def test_whatever_the_table_allows_is_an_outcome_that_the_protocol_takes(data: st.DataObject) -> None:
    states = [State.NEW]
    for sequence in range(data.draw(st.integers(1, 8))):
        state = data.draw(st.sampled_from(FOLLOWS[states[-1]]))
        made = move(
            tuple(states), state, data.draw(st.sampled_from(MEASURES_TAKEN)), data.draw(st.text("aé", min_size=1))
        )
        outcome = Outcome(bytes(8), sequence, made.state.value, made.measure, made.text)
        assert outcome.state == state
        states.append(state)
