"""Times come from the clock, the period and chance, and from nothing that anybody did."""

import os

from hypothesis import given
from hypothesis import strategies as st

from dropbox.torlink.timetable import LONGEST_WAIT, MOST_JITTER, jitter, next_time, wait_after

NOW = st.integers(0, 1 << 40)
PERIOD = st.integers(1, 31 * 86_400)
CHANCE = st.binary(min_size=8, max_size=8)


@given(NOW, PERIOD, CHANCE)
def test_the_next_time_is_in_the_next_period_and_near_its_beginning(now: int, period: int, chance: bytes) -> None:
    begins = (now // period + 1) * period
    assert begins <= next_time(now, period, lambda _: chance) <= begins + jitter(period)
    assert next_time(now, period, lambda _: chance) // period == now // period + 1


@given(st.integers(0, 1 << 30), PERIOD, CHANCE, st.data())
def test_when_in_a_period_it_is_asked_changes_nothing(
    number: int, period: int, chance: bytes, data: st.DataObject
) -> None:
    first, second = (number * period + data.draw(st.integers(0, period - 1)) for _ in range(2))
    assert next_time(first, period, lambda _: chance) == next_time(second, period, lambda _: chance)


@given(NOW, PERIOD, st.lists(CHANCE, min_size=2, max_size=20))
def test_a_host_sees_one_time_in_every_period(now: int, period: int, chances: list[bytes]) -> None:
    times = []
    for chance in chances:
        now = next_time(now, period, lambda _, one=chance: one)  # type: ignore[misc]  # default binds it
        times.append(now // period)
    assert times == list(range(times[0], times[0] + len(chances)))


@given(PERIOD)
def test_jitter_is_bounded(period: int) -> None:
    assert 0 <= jitter(period) <= min(MOST_JITTER, period // 8)


def test_chance_reaches_every_second_and_no_other() -> None:
    found = {next_time(0, 80, os.urandom) for _ in range(5000)}
    assert found == set(range(80, 91))


@given(st.integers(1, 1000), CHANCE)
def test_waits_grow_and_are_bounded(failures: int, chance: bytes) -> None:
    wait = wait_after(failures, lambda _: chance)
    assert 30 <= wait <= LONGEST_WAIT
    assert wait <= 2 * wait_after(failures + 1, lambda _: bytes(8))
    assert wait_after(failures, lambda _: bytes(8)) <= wait_after(failures + 1, lambda _: bytes(8))


def test_waits_double_from_a_minute_to_an_hour() -> None:
    assert [wait_after(failures, lambda _: bytes(8)) for failures in range(1, 9)] == [
        60, 120, 240, 480, 960, 1920, 3600, 3600,
    ]  # fmt: skip
