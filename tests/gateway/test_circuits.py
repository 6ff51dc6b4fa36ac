from hypothesis import given
from hypothesis import strategies as st

from dropbox.gateway.circuits import Circuits


def test_a_circuit_that_opens_everything_gets_its_share_and_others_theirs() -> None:
    circuits = Circuits(at_once=4, per_minute=100)
    assert [circuits.admit(7, 0.0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert circuits.admit(8, 0.0)
    circuits.ended(7)
    assert circuits.admit(7, 0.0)
    assert not circuits.admit(7, 0.0)


def test_a_circuit_that_comes_and_goes_is_slowed_down_and_forgiven() -> None:
    circuits = Circuits(at_once=4, per_minute=6)
    for _ in range(6):
        assert circuits.admit(7, 100.0)
        circuits.ended(7)
    assert not circuits.admit(7, 100.0)
    assert not circuits.admit(7, 109.9)
    assert circuits.admit(7, 110.0)


def test_a_circuit_is_forgotten_a_minute_after_its_last_connection() -> None:
    circuits = Circuits(at_once=4, per_minute=6)
    circuits.admit(1, 0.0)
    circuits.admit(2, 0.0)
    circuits.ended(1)
    circuits.admit(3, 61.0)
    assert len(circuits) == 2  # 1 is forgotten; 2 is still open
    circuits.ended(2)
    circuits.ended(3)
    circuits.admit(4, 200.0)
    assert len(circuits) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.floats(0, 30)), max_size=200))
def test_whatever_comes_no_circuit_has_more_open_than_it_may(steps: list[tuple[int, bool, float]]) -> None:
    circuits, open_ones, now = Circuits(at_once=2, per_minute=10), [0, 0, 0, 0], 0.0
    for circuit, opens, seconds in steps:
        now += seconds
        if opens:
            open_ones[circuit] += circuits.admit(circuit, now)
        elif open_ones[circuit]:
            circuits.ended(circuit)
            open_ones[circuit] -= 1
        assert max(open_ones) <= 2
