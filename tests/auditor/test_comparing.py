"""Two observations together show a host that serves two views; one host that serves all alike shows nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.auditor.comparing import Difference, compare
from dropbox.protocol.observation import Observation, Sighting

INSTANCE = bytes(16)
ANN, BEN = b"a" * 32, b"b" * 32
OLD, NEW, THIRD = b"1" * 32, b"2" * 32, b"3" * 32
Row = tuple[int, str, str, bytes]


def observation(auditor: bytes, *rows: Row) -> Observation:
    sightings = tuple(sorted({Sighting(*row) for row in rows}))
    return Observation(INSTANCE, auditor, max((row[0] for row in rows), default=0), sightings)


def codes(*observations: Observation) -> list[tuple[str, str]]:
    return [(one.code, one.name) for one in compare(observations)]


@pytest.mark.parametrize(("kind", "name"), [("bulletin", "20000/1"), ("publication", "7")])
def test_two_values_of_what_is_signed_are_two_views_whenever_they_were_seen(kind: str, name: str) -> None:
    ann, ben = observation(ANN, (20_000, kind, name, OLD)), observation(BEN, (20_009, kind, name, NEW))
    assert compare([ann, ben]) == (Difference(f"views-{kind}", name, frozenset({ANN, BEN})),)


@pytest.mark.parametrize(("kind", "name"), [("page", "/nl/melden"), ("file", "script")])
def test_two_values_on_one_day_are_two_views(kind: str, name: str) -> None:
    ann, ben = observation(ANN, (5, kind, name, OLD)), observation(BEN, (5, kind, name, NEW))
    assert codes(ann, ben) == [(f"views-{kind}", name)]


def test_a_new_release_is_no_second_view() -> None:
    page = ("page", "/nl/melden")
    ann = observation(ANN, (1, *page, OLD), (3, *page, OLD), (3, *page, NEW), (4, *page, NEW))
    ben = observation(BEN, (2, *page, OLD), (3, *page, NEW), (9, *page, NEW))
    assert codes(ann, ben) == []


def test_a_page_that_comes_back_after_another_is_a_second_view() -> None:
    ann = observation(ANN, (1, "page", "/", OLD), (3, "page", "/", OLD))
    assert codes(ann, observation(BEN, (2, "page", "/", NEW))) == [("views-page", "/")]


def test_a_board_that_is_older_than_one_of_an_earlier_day_was_kept_back() -> None:
    ann, ben = observation(ANN, (4, "board", "ab/4", OLD)), observation(BEN, (5, "board", "ab/3", NEW))
    assert compare([ann, ben]) == (Difference("back-board", "ab/3", frozenset({ANN, BEN})),)


def test_a_board_may_be_older_than_another_of_its_day() -> None:
    ann, ben = observation(ANN, (5, "board", "ab/5", OLD)), observation(BEN, (5, "board", "ab/4", NEW))
    assert codes(ann, ben) == []


def test_boards_of_one_day_may_belong_to_two_revisions_that_were_shown() -> None:
    ann = observation(ANN, (5, "bulletin", "5/0", OLD), (5, "board", "ab/5", OLD))
    ben = observation(BEN, (5, "bulletin", "5/1", NEW), (5, "board", "ab/5", NEW))
    assert codes(ann, ben) == []


def test_boards_of_one_day_that_belong_to_keys_which_nobody_was_shown_are_named() -> None:
    ann = observation(ANN, (5, "bulletin", "5/0", OLD), (5, "board", "ab/5", OLD))
    ben = observation(BEN, (6, "board", "ab/5", NEW))
    assert codes(ann, ben) == [("board-keys", "ab/5")]


def test_a_board_that_an_earlier_release_named_by_the_hour_is_passed_over() -> None:
    ann, ben = observation(ANN, (4, "board", "ab/900/x", OLD)), observation(BEN, (5, "board", "ab/800/y", NEW))
    assert codes(ann, ben) == []


def test_boards_of_two_recipients_have_nothing_to_do_with_one_another() -> None:
    ann, ben = observation(ANN, (4, "board", "ab/4", OLD)), observation(BEN, (5, "board", "cd/3", NEW))
    assert codes(ann, ben) == []


def test_a_lower_revision_or_sequence_after_a_higher_one_shows() -> None:
    ann = observation(ANN, (4, "bulletin", "5/3", OLD), (4, "publication", "12", OLD))
    ben = observation(BEN, (5, "bulletin", "5/2", NEW), (5, "publication", "11", NEW))
    assert codes(ann, ben) == [("back-bulletin", "5/2"), ("back-publication", "11")]


def test_one_observation_can_contradict_itself() -> None:
    assert codes(observation(ANN, (4, "bulletin", "5/3", OLD), (5, "bulletin", "5/3", NEW))) == [
        ("views-bulletin", "5/3")
    ]


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from([ANN, BEN])), max_size=30), st.integers(1, 40))
def test_whoever_visits_one_honest_host_whenever_finds_nothing(visits: list[tuple[int, bytes]], change: int) -> None:
    rows: dict[bytes, list[Row]] = {ANN: [], BEN: []}
    for day, who in visits:
        if day == change:  # during that day it is either; who was there saw both
            rows[who].append((day, "page", "/", OLD))
        rows[who].append((day, "page", "/", OLD if day < change else NEW))
        rows[who].append((day, "board", f"ab/{day}", bytes([day]) * 32))
        rows[who].append((day, "bulletin", f"{day}/1", bytes([day]) * 32))
        rows[who].append((day, "publication", str(day), bytes([day]) * 32))
    assert codes(observation(ANN, *rows[ANN]), observation(BEN, *rows[BEN])) == []


@given(st.permutations([ANN, BEN, b"c" * 32]))
def test_the_order_of_files_changes_nothing(order: list[bytes]) -> None:
    made = {
        ANN: observation(ANN, (1, "page", "/", OLD), (2, "board", "ab/2", OLD)),
        BEN: observation(BEN, (1, "page", "/", NEW), (3, "board", "ab/1", NEW)),
        b"c" * 32: observation(b"c" * 32, (1, "page", "/", THIRD)),
    }
    assert set(codes(*(made[who] for who in order))) == {("views-page", "/"), ("back-board", "ab/1")}
