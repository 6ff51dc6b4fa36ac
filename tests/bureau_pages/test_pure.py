"""The parts without a page: marking, the timeline, counting wrong sign-ins, addresses."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dropbox.bureau import clocks, gates
from dropbox.bureau.pages import timeline
from dropbox.bureau.pages.marking import mark_runs
from dropbox.bureau.pages.paths import Page, path
from dropbox.bureau.views import CardDraft, Consent
from dropbox.web.attempts import ATTEMPTS, WINDOW_SECONDS, Attempts
from dropbox.web.languages import LANGUAGES
from tests.bureau_pages.browser import Seconds

DAYS = st.integers(min_value=10_000, max_value=40_000)


def card(summary: str) -> CardDraft:
    return CardDraft("africa", "", "", "fraud", "", summary, "", 1, "no", "no", "Look.", "", "")


@given(st.text(), st.text())
def test_marking_loses_and_adds_nothing(text: str, written: str) -> None:
    found = gates.check(card(text), [written, text], Consent(given=True, words="yes")).findings
    runs = tuple(run for finding in found if finding.field == "summary" for run in finding.words)
    pieces = mark_runs(text, runs)
    assert "".join(piece.text for piece in pieces) == text
    assert all(one.marked != two.marked for one, two in itertools.pairwise(pieces))


def test_marks_run_from_the_first_shared_word_to_the_last() -> None:
    text = "In short: «They SHOUT, at the local staff», every week."
    runs = ("they shout at the local", "shout at the local staff")
    assert [(piece.text, piece.marked) for piece in mark_runs(text, runs)] == [
        ("In short: «", False),
        ("They SHOUT, at the local staff", True),
        ("», every week.", False),
    ]


@given(DAYS, st.integers(min_value=-5, max_value=400), st.none() | st.integers(0, 30), st.none() | st.integers(0, 200))
def test_timeline_keeps_order_and_bounds(
    received: int, age: int, acknowledged: int | None, feedback: int | None
) -> None:
    clock = clocks.deadlines(
        received,
        None if acknowledged is None else received + acknowledged,
        None if feedback is None else received + feedback,
        running=True,
    )
    line = timeline.draw(clock, received + age)
    places = [mark.place for mark in line.marks]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in (*places, line.here))
    late = {mark.name for mark in line.marks if mark.overdue(received + age)}
    assert ("acknowledge" in late) == (acknowledged is None and age > clocks.ACKNOWLEDGE_DAYS)


def test_urgency_by_days() -> None:
    assert [timeline.urgency(due, 100) for due in (None, 99, 100, 103, 104)] == [
        "met",
        "overdue",
        "soon",
        "soon",
        "calm",
    ]


def test_wrong_sign_ins_are_forgiven_one_by_one_as_time_passes() -> None:
    seconds = Seconds()
    attempts = Attempts(seconds)
    for _ in range(ATTEMPTS):
        assert attempts.wait_seconds() == 0
        attempts.failed()
        seconds.now += 1
    assert attempts.wait_seconds() == WINDOW_SECONDS - ATTEMPTS
    seconds.now += attempts.wait_seconds()
    assert attempts.wait_seconds() == 0
    attempts.failed()
    assert attempts.wait_seconds() == 1


def test_every_page_has_an_address_of_its_own_in_every_language() -> None:
    names = {"case": "c", "kind": "k", "file": "f"}
    addresses = [path(page, language, **names) for page in Page for language in LANGUAGES]
    assert len(set(addresses)) == len(addresses)
