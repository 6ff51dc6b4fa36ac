import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import sizes
from dropbox.protocol.errors import Malformed, TooLong
from dropbox.protocol.payload import MAX_ANSWERS, Message
from dropbox.protocol.reply import (
    MAX_PARTS,
    NOTE_LIMIT,
    PART_DATA,
    Acknowledgement,
    Note,
    Notice,
    Question,
    ReceivedNote,
    Reply,
    encode_note,
    join_notes,
    records_needed,
)
from tests.protocol.strategies import days, notes

LONG = Reply("A long answer. " * 200)  # four records


@given(st.lists(st.tuples(notes, days, st.integers(0, 9)), max_size=5), st.integers(0, 1000))
def test_notes_are_read_as_they_were_written(written: list[tuple[Note, int, int]], number: int) -> None:
    bodies: list[tuple[int, bytes]] = []
    expected = []
    for note, day, gap in written:
        number += gap
        expected.append(ReceivedNote(number, day, note))
        parts = encode_note(note, day)
        assert len(parts) == records_needed(note) <= MAX_PARTS
        assert all(len(body) == sizes.RECORD_BODY for body in parts)
        bodies += enumerate(parts, number)
        number += len(parts)
    assert join_notes(bodies) == (expected, 0)


@given(st.lists(notes, min_size=1, max_size=4), st.data())
def test_a_lost_record_costs_its_own_note_only_and_is_counted_once(written: list[Note], data: st.DataObject) -> None:
    numbered: list[tuple[int, bytes]] = []
    starts = []
    for note in written:
        starts.append(len(numbered))
        numbered += enumerate(encode_note(note, 7), len(numbered))
    lost = data.draw(st.sets(st.integers(0, len(numbered) - 1)))
    whole, broken = [], 0
    for note, start in zip(written, starts, strict=True):
        places = set(range(start, start + records_needed(note)))
        if not places & lost:
            whole.append(ReceivedNote(start, 7, note))
        elif places - lost:
            broken += 1
    assert join_notes(item for item in numbered if item[0] not in lost) == (whole, broken)


@given(st.lists(st.binary(min_size=944, max_size=944) | st.binary(max_size=20), max_size=6))
def test_any_bodies_are_notes_or_counted(bodies: list[bytes]) -> None:
    found, unread = join_notes(enumerate(bodies))
    assert not found
    assert unread <= len(bodies)
    assert bool(unread) == bool(bodies)


def body(kind: int, part: int, parts: int, text: bytes, *, length: int | None = None, fill: bytes = b"\0") -> bytes:
    head = struct.pack(">BBBHI", kind, part, parts, len(text) if length is None else length, 7)
    return (head + text).ljust(sizes.RECORD_BODY, fill)


GOOD = b'{"text":"x"}'


@pytest.mark.parametrize(
    "faulty",
    [
        body(0, 0, 1, GOOD), body(6, 0, 1, GOOD), body(2, 0, 0, GOOD), body(2, 1, 1, GOOD), body(2, 0, 9, GOOD),
        body(2, 0, 1, GOOD, fill=b"\x01"), body(2, 0, 1, GOOD, length=5), body(2, 0, 1, GOOD, length=936),
        body(2, 0, 2, GOOD), body(2, 0, 1, b""), body(2, 0, 1, b'{"text": "x"}'),
        body(2, 0, 1, b'{"text":"x","more":1}'), body(3, 0, 1, b'{"status":"lost","text":""}'),
        body(1, 0, 1, b'{"day":-1,"files":0,"messages":0}'),
        body(1, 0, 1, b'{"day":4294967296,"files":0,"messages":0}'),
        body(4, 0, 1, b'{"answers":[],"id":"0000000000000000","text":""}'),
        body(4, 0, 1, b'{"answers":["' + b"x" * 201 + b'"],"id":"0000000000000000","text":""}'),
    ],
)  # fmt: skip
def test_a_note_of_another_form_is_counted_and_the_good_one_beside_it_read(faulty: bytes) -> None:
    assert join_notes([(0, faulty)]) == ([], 1)
    found, unread = join_notes([(0, body(2, 0, 1, GOOD)), (1, faulty), (2, body(2, 0, 1, GOOD))])
    assert [note.number for note in found] == [0, 2]
    assert unread == 1


@pytest.mark.parametrize("change", ["kind", "parts", "day"])
def test_parts_of_two_notes_are_not_put_together(change: str) -> None:
    first, second, *rest = encode_note(LONG, 7)
    other = {
        "kind": encode_note(Notice(LONG.text), 7)[1],
        "parts": encode_note(Reply(LONG.text + "x" * 1000), 7)[1],
        "day": encode_note(LONG, 8)[1],
    }[change]
    assert join_notes(enumerate([first, other, *rest])) == ([], 1)
    assert join_notes(enumerate([first, second, *rest]))[1] == 0


def test_parts_in_any_order_are_put_together_by_their_numbers() -> None:
    numbered = list(enumerate(encode_note(LONG, 7), 5))
    assert join_notes(reversed(numbered)) == ([ReceivedNote(5, 7, LONG)], 0)


def test_the_longest_reply_has_eight_records_and_one_byte_more_is_too_long() -> None:
    longest = "x" * (NOTE_LIMIT - len('{"text":""}'))
    assert records_needed(Reply(longest)) == MAX_PARTS
    assert NOTE_LIMIT == MAX_PARTS * PART_DATA
    with pytest.raises(TooLong):
        encode_note(Reply(longest + "x"), 0)


def test_a_note_that_could_not_be_read_is_not_made() -> None:
    for identity, answers in ((b"short", ("a",)), (bytes(8), ()), (bytes(8), ("a",) * 7)):
        with pytest.raises(Malformed):
            Question(identity, "?", answers)
    with pytest.raises(TooLong):
        Question(bytes(8), "?", ("x" * 201,))
    for fields in ((-1, 0, 0), (0, -1, 0), (0, 0, 2**32)):
        with pytest.raises(Malformed):
            Acknowledgement(*fields)


def test_every_answer_that_can_be_offered_can_be_given() -> None:
    for answer in ("x" * 200, '"' * 100, "\u20ac" * 66):
        question = Question(bytes(8), "?", (answer,))
        assert Message("", answers=((question.identity, answer),) * MAX_ANSWERS).answers
