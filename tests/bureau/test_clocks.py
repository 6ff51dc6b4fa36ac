from datetime import date

import pytest

from dropbox.bureau import clocks


def day(text: str) -> int:
    return clocks.day_of(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-15", "2026-04-15"),
        ("2026-11-30", "2027-02-28"),
        ("2027-11-30", "2028-02-29"),
        ("2026-12-31", "2027-03-31"),
        ("2026-10-01", "2027-01-01"),
        ("2026-08-31", "2026-11-30"),
    ],
)
def test_three_months_end_on_the_same_day_or_the_last_of_the_month(start: str, end: str) -> None:
    assert clocks.months_later(day(start), 3) == day(end)


def test_days_and_dates_are_inverse() -> None:
    assert all(clocks.day_of(clocks.date_of(one)) == one for one in range(20_000, 21_500))


def test_acknowledgement_is_due_first() -> None:
    found = clocks.deadlines(day("2026-03-01"), None, None, running=True)
    assert (found.next_name, found.next_due) == ("acknowledge", day("2026-03-08"))
    assert found.feedback_due == day("2026-06-08")


def test_feedback_runs_from_the_acknowledgement_that_was_sent() -> None:
    found = clocks.deadlines(day("2026-03-01"), day("2026-03-02"), None, running=True)
    assert (found.next_name, found.next_due) == ("feedback", day("2026-06-02"))


def test_late_acknowledgement_wins_no_time() -> None:
    found = clocks.deadlines(day("2026-03-01"), day("2026-04-20"), None, running=True)
    assert found.feedback_due == day("2026-06-08")


def test_nothing_is_due_once_both_were_met_or_there_is_nobody_to_tell() -> None:
    met = clocks.deadlines(day("2026-03-01"), day("2026-03-02"), day("2026-03-20"), running=True)
    assert (met.next_due, met.next_name) == (None, "")
    assert clocks.deadlines(day("2026-03-01"), None, None, running=False).next_due is None
