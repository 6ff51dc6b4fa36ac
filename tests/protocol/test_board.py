from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import board, board_head, sizes
from dropbox.protocol.board import BoardIndex, assemble, padded_count
from dropbox.protocol.board_head import RECORD_COUNTS, BoardHead, SignedBoard, verify_board
from dropbox.protocol.errors import Malformed, OutsideDates, ProtocolError, TooLong, WrongInstance, WrongSize
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import SigningKey
from dropbox.protocol.thread import WINDOW
from tests.simulators.basics import FIRST_DAY, Seeded

RANDOM = Seeded("board")
KEY = SigningKey.generate(Role.BOARD, RANDOM)
INSTANCE = b"i" * 16
START = FIRST_DAY * sizes.DAY
HEAD = BoardHead(INSTANCE, b"r" * 16, b"s" * 16, FIRST_DAY, START + 60, START + 3 * sizes.DAY, b"h" * 32, 64)


def issue(live: list[tuple[bytes, int, bytes]], head: BoardHead = HEAD) -> bytes:
    unsigned = assemble(head, live, RANDOM)
    return board_head.append_signature(unsigned, KEY.sign(unsigned))


def index(data: bytes) -> BoardIndex:
    return BoardIndex(verify_board(data, (KEY.public,), INSTANCE))


def record(tag_key: bytes, number: int) -> tuple[bytes, int, bytes]:
    return tag_key, number, Seeded((tag_key, number))(sizes.RECORD_INNER)


EMPTY = issue([])
threads = st.lists(
    st.tuples(st.binary(min_size=32, max_size=32), st.sets(st.integers(0, 200), max_size=12)),
    max_size=5, unique_by=lambda entry: entry[0],
)  # fmt: skip


@given(threads, st.binary(min_size=16, max_size=16))
def test_every_thread_finds_its_records_and_nobody_elses(chosen: list[tuple[bytes, set[int]]], salt: bytes) -> None:
    live = [record(tag_key, number) for tag_key, numbers in chosen for number in numbers]
    found = index(issue(live, replace(HEAD, salt=salt)))
    for tag_key, numbers in chosen:
        assert list(found.walk(tag_key)) == [(number, record(tag_key, number)[2]) for number in sorted(numbers)]
    assert not list(found.walk(b"a stranger's key.".ljust(32)))


@given(st.integers(0, 63), st.integers(0, 900), st.integers(1, WINDOW))
def test_a_walk_looks_a_window_beyond_the_last_record_wherever_it_starts(start: int, number: int, step: int) -> None:
    tag_key = b"k" * 32
    found = index(issue([record(tag_key, start + number), record(tag_key, start + number + step)]))
    numbers = [place for place, _ in found.walk(tag_key, start)]
    if number < WINDOW:
        assert numbers == [start + number, start + number + step]
    assert numbers == sorted(numbers)


@given(st.integers(0, 12))
def test_the_same_state_issued_twice_shares_nothing(count: int) -> None:
    live = [record(b"k" * 32, number) for number in range(count)]
    boards = [issue(live, replace(HEAD, salt=RANDOM(16)))[board_head.HEAD :] for _ in range(2)]
    first, second = ({data[at : at + 8] for at in range(len(data) - 7)} for data in boards)
    assert not first & second


@given(st.integers(0, 9_000), st.sampled_from((0, *RECORD_COUNTS)))
def test_a_board_has_a_power_of_two_of_records_and_does_not_shrink(live: int, floor: int) -> None:
    if live > sizes.BOARD_MAX_RECORDS:
        with pytest.raises(TooLong):
            padded_count(live, floor)
        return
    count = padded_count(live, floor)
    assert count in RECORD_COUNTS
    assert count >= max(live, floor)
    assert count in (64, floor) or count // 2 < live


@pytest.mark.parametrize("count", RECORD_COUNTS)
def test_a_real_board_of_every_size_measures_it(count: int) -> None:
    data = issue([record(b"k" * 32, 1)], replace(HEAD, records=count))
    assert len(data) == board_head.HEAD + count * sizes.RECORD + board_head.TRAILER
    assert len(data) <= board_head.BOARD_MAX
    assert [number for number, _ in index(data).walk(b"k" * 32)] == [1]


def test_records_stand_in_the_order_of_their_tags_and_covers_among_them() -> None:
    data = issue([record(bytes([number]) * 32, number) for number in range(20)])
    tags = [data[at : at + 16] for at in range(board_head.HEAD, len(data) - board_head.TRAILER, sizes.RECORD)]
    assert tags == sorted(set(tags))
    assert len(tags) == 64


def test_records_out_of_order_or_twice_are_refused_even_when_signed() -> None:
    body = EMPTY[board_head.HEAD : -board_head.TRAILER]
    first, second = body[: sizes.RECORD], body[sizes.RECORD : 2 * sizes.RECORD]
    for altered in (second + first, first + first, first + first[:16] + second[16:]):
        unsigned = EMPTY[: board_head.HEAD] + altered + body[2 * sizes.RECORD :]
        with pytest.raises(Malformed):
            index(board_head.append_signature(unsigned, KEY.sign(unsigned)))


def test_a_record_given_twice_or_of_another_length_is_not_issued() -> None:
    one = record(b"k" * 32, 1)
    for live in ([one, one], [(b"k" * 32, 1, one[2][:-1])], [record(b"k" * 32, number) for number in range(65)]):
        with pytest.raises(Malformed):
            assemble(HEAD, live, RANDOM)


@given(st.integers(0, 8 * len(EMPTY) - 1))
def test_a_board_with_any_bit_changed_is_refused(bit: int) -> None:
    altered = bytearray(EMPTY)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        verify_board(bytes(altered), (KEY.public,), INSTANCE)


@given(st.one_of(st.binary(max_size=300), st.integers(0, len(EMPTY) - 1).map(lambda length: EMPTY[:length])))
def test_any_bytes_and_any_cut_are_refused_with_our_own_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        verify_board(data, (KEY.public,), INSTANCE)


def test_a_board_of_another_instance_is_refused() -> None:
    with pytest.raises(WrongInstance):
        verify_board(EMPTY, (KEY.public,), b"j" * 16)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"records": 0}, WrongSize), ({"records": 65}, WrongSize), ({"records": 16_384}, WrongSize),
        ({"next_due": START - 1}, Malformed), ({"valid_until": START + 59}, Malformed),
        ({"valid_until": 2**53}, Malformed),
    ],
)  # fmt: skip
def test_a_head_whose_fields_do_not_fit_is_not_made(fields: dict[str, int], error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        replace(HEAD, **fields)  # type: ignore[arg-type]  # all of them are numbers


@given(st.integers(START - 2 * sizes.DAY, START + 5 * sizes.DAY), st.integers(5, sizes.DAY))
def test_a_board_is_believed_until_its_end_and_late_after_a_period(now: int, period: int) -> None:
    if START - 12 * 3600 <= now <= HEAD.valid_until:
        board_head.require_valid(HEAD, now)
    else:
        with pytest.raises(OutsideDates):
            board_head.require_valid(HEAD, now)
    assert HEAD.late(now, period) == (now > HEAD.next_due + period + 60)


def test_a_cover_that_meets_a_tag_counts_as_none() -> None:
    tag = board.record_tag(b"k" * 32, INSTANCE, HEAD.salt, 0)
    records = sorted([tag + RANDOM(sizes.RECORD - 16)] + [RANDOM(sizes.RECORD) for _ in range(63)])
    signed = SignedBoard(HEAD, memoryview(b"".join(records)), b"")
    assert BoardIndex(signed).inner(b"k" * 32, 0) is None
