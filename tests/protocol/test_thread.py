import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import sizes, thread
from dropbox.protocol.errors import DoesNotOpen, Malformed, WrongSize
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import MAX_GAP, WINDOW, Link, ReplyKeys, ReporterKeys, advance, may_expire
from tests.simulators.basics import Seeded

INSTANCE, RECIPIENT = b"i" * 16, b"r" * 16
RANDOM = Seeded("thread")
REPORTER = ReporterKeys.derive(Receipt(bytes(15)), INSTANCE)
REPLY = REPORTER.reply_keys(RECIPIENT)
BODY = bytes(range(236)) * 4


@given(st.binary(min_size=15, max_size=15), st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_a_receipt_gives_the_same_keys_every_time_and_others_elsewhere(
    entropy: bytes, instance: bytes, recipient: bytes
) -> None:
    keys = ReporterKeys.derive(Receipt(entropy), instance)
    assert keys == ReporterKeys.derive(Receipt(entropy), instance)
    reply = keys.reply_keys(recipient)
    other_instance = ReporterKeys.derive(Receipt(entropy), bytes(byte ^ 1 for byte in instance))
    other_recipient = keys.reply_keys(bytes(byte ^ 1 for byte in recipient))
    values = [keys.thread_id, keys.auth, keys.reply_secret(recipient), reply.chain, reply.tag_key, reply.public]
    values += [other_instance.thread_id, other_instance.auth, other_instance.reply_keys(recipient).chain]
    values += [other_recipient.chain, other_recipient.tag_key, other_recipient.public]
    assert len(set(values)) == len(values)


def test_keys_do_not_show_themselves() -> None:
    shown = repr(REPORTER) + repr(REPLY) + repr(Link(0, REPLY.chain))
    for secret in (REPORTER.auth, REPORTER.thread_id, REPLY.chain, REPLY.tag_key):
        assert repr(secret) not in shown
        assert secret.hex() not in shown


@given(st.integers(0, 300), st.binary(min_size=944, max_size=944))
def test_a_record_opens_under_its_number_and_chain_key_only(number: int, body: bytes) -> None:
    link = Link(number, advance(REPLY.chain, number))
    inner = thread.seal_record(REPLY, INSTANCE, link, body, RANDOM)
    assert len(inner) == sizes.RECORD_INNER
    assert thread.open_record(REPORTER, RECIPIENT, link, inner) == body
    for other in (Link(number + 1, link.chain), Link(number, advance(link.chain, 1))):
        with pytest.raises(DoesNotOpen):
            thread.open_record(REPORTER, RECIPIENT, other, inner)
    with pytest.raises(DoesNotOpen):
        thread.open_record(REPORTER, b"x" * 16, link, inner)
    stranger = ReporterKeys.derive(Receipt(b"x" * 15), INSTANCE)
    with pytest.raises(DoesNotOpen):
        thread.open_record(stranger, RECIPIENT, link, inner)


@given(st.integers(0, 8 * sizes.RECORD_INNER - 1))
def test_a_record_with_any_bit_changed_is_refused(bit: int) -> None:
    link = Link(3, advance(REPLY.chain, 3))
    altered = bytearray(thread.seal_record(REPLY, INSTANCE, link, BODY, RANDOM))
    altered[bit // 8] ^= 1 << bit % 8
    if bit == 8 * 31 + 7:  # X25519 leaves the highest bit out, and the associated data does not
        assert altered[31] & 0x80
    with pytest.raises(DoesNotOpen):
        thread.open_record(REPORTER, RECIPIENT, link, bytes(altered))


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_a_record_with_an_ephemeral_key_of_low_order_is_refused(point: bytes) -> None:
    with pytest.raises(DoesNotOpen):
        thread.open_record(REPORTER, RECIPIENT, Link(0, REPLY.chain), point + bytes(960))


@pytest.mark.parametrize("length", [0, 943, 945])
def test_a_record_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(WrongSize):
        thread.seal_record(REPLY, INSTANCE, Link(0, REPLY.chain), bytes(length), RANDOM)
    with pytest.raises(WrongSize):
        thread.open_record(REPORTER, RECIPIENT, Link(0, REPLY.chain), bytes(length + 48))


def test_two_records_under_one_number_share_nothing() -> None:
    """Which the desk never does; if a restored copy ever did, no key would be used twice all the same."""
    link = Link(0, REPLY.chain)
    first, second = (thread.seal_record(REPLY, INSTANCE, link, BODY, RANDOM) for _ in range(2))
    assert not {first[at : at + 8] for at in range(985)} & {second[at : at + 8] for at in range(985)}


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_chain_goes_on_from_anywhere(first: int, second: int) -> None:
    assert advance(advance(REPLY.chain, first), second) == advance(REPLY.chain, first + second)
    links = thread.chains(REPLY.chain)
    assert [next(links) for _ in range(first + 1)][-1] == advance(REPLY.chain, first)


def test_reply_keys_of_another_form_are_not_made() -> None:
    good = (RECIPIENT, REPLY.public, REPLY.chain, REPLY.tag_key)
    for place, bad in ((0, b"x"), (1, bytes(32)), (1, b""), (2, b"x" * 31), (3, b"x" * 33)):
        fields = list(good)
        fields[place] = bad
        with pytest.raises(Malformed):
            ReplyKeys(*fields)


# A thread's life: so many new records, which of all are expired by now, and how many numbers a crash cost.
lives = st.lists(
    st.tuples(st.integers(0, 90), st.floats(0, 1), st.integers(0, 2**32), st.integers(0, 5)), min_size=1, max_size=15
)


@given(lives)
def test_a_reader_who_starts_from_nothing_finds_every_live_record(
    life: list[tuple[int, float, int, int]],
) -> None:
    live: list[int] = []
    next_number = gaps = 0
    for new, share, seed, lost in life:
        live += range(next_number, next_number + new)
        next_number += new
        if new and gaps + lost <= WINDOW - MAX_GAP:  # numbers lost in crashes between two records that went out
            gaps += lost
            next_number += lost
        chosen = Seeded(seed)(len(live))
        expired = {number for number, byte in zip(live, chosen, strict=True) if byte < 256 * share}
        going = may_expire(live, expired, next_number)
        assert going <= expired
        live = [number for number in live if number not in going]
        assert found(live) == live


def found(live: list[int]) -> list[int]:
    """What a reader with the window of the specification finds, and not more."""
    here, end, number = set(live), WINDOW, 0
    numbers = []
    while number < end:
        if number in here:
            numbers.append(number)
            end = number + 1 + WINDOW
        number += 1
    return numbers


@pytest.mark.parametrize(
    ("live", "expired", "next_number", "going"),
    [
        ([], set(), 0, set()),
        ([0], {0}, 1, {0}),
        ([0], {0}, 199, {0}),
        ([0], {0}, 200, set()),
        ([0, 1, 2], {0, 1, 2}, 3, {0, 1, 2}),
        ([0, 150, 300], {0, 150, 300}, 301, {0, 300}),
        ([0, 199, 200], {0, 199}, 201, {0}),
        ([0, 5], set(), 900, set()),
    ],
)
def test_what_may_expire(live: list[int], expired: set[int], next_number: int, going: set[int]) -> None:
    assert may_expire(live, expired, next_number) == going
