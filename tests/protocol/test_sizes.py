from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import padding, sizes
from dropbox.protocol.documents import encode
from dropbox.protocol.envelope import EnvelopeWriter, first_head, later_head
from dropbox.protocol.errors import Malformed, ProtocolError, TooLong, UnknownVersion, WrongSize
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import (
    CATEGORY_LIMIT,
    FIELD_LIMIT,
    LANGUAGE_LIMIT,
    MAX_ANSWERS,
    MESSAGE_LIMIT,
    TEXT_LIMIT,
    FileData,
    Message,
    _message_json,
)
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import ANSWER_LIMIT
from dropbox.protocol.sizes import Prefix
from dropbox.protocol.thread import ReporterKeys
from tests.simulators.basics import Clock, Seeded
from tests.simulators.bureau import SimulatedBureau

RANDOM = Seeded("sizes")
LONGEST = Message(
    "x" * TEXT_LIMIT, "c" * CATEGORY_LIMIT, "unsure", "k" * FIELD_LIMIT, "l" * LANGUAGE_LIMIT,
    ((b"question", "a" * ANSWER_LIMIT),) * MAX_ANSWERS,
)  # fmt: skip


def writer_and_keys(desks: int = 1) -> tuple[SimulatedBureau, EnvelopeWriter, ReporterKeys]:
    bureau = SimulatedBureau(Clock(), desks, ("sizes", desks))
    bulletin = bureau.bulletin()
    keys = ReporterKeys.derive(Receipt.generate(RANDOM), bulletin.instance)
    return bureau, EnvelopeWriter(bulletin, keys.auth, RANDOM), keys


def test_the_ladder_is_as_published() -> None:
    kib, mib = 1024, 1024 * 1024
    powers = [mib * 2**power for power in range(7)]
    steps = [64 * mib * step for step in range(2, 17)]
    assert list(sizes.ENVELOPE_LADDER) == [16 * kib, 256 * kib, *powers, *steps]
    assert 1024 * mib == sizes.ENVELOPE_MAX
    assert (sizes.PREFIX, sizes.SLOT, sizes.HEADER) == (32, 1168, 4704)
    assert (sizes.RECORD_INNER, sizes.RECORD_BODY) == (992, 944)


@given(st.integers(0, 5 * 10**9))
def test_a_payload_of_any_length_goes_into_the_smallest_size_that_holds_it(plaintext: int) -> None:
    try:
        size = sizes.envelope_size(plaintext)
    except TooLong:
        assert plaintext > sizes.payload_plaintext(sizes.ENVELOPE_MAX)
        return
    assert plaintext <= sizes.payload_plaintext(size)
    smaller = [other for other in sizes.ENVELOPE_LADDER if other < size]
    assert not smaller or plaintext > sizes.payload_plaintext(smaller[-1])


@pytest.mark.parametrize("size", sizes.ENVELOPE_LADDER)
def test_plaintext_and_ciphertext_of_a_size_are_inverse(size: int) -> None:
    plaintext = sizes.payload_plaintext(size)
    assert sizes.HEADER + sizes.payload_ciphertext(plaintext) == size
    assert sizes.envelope_size(plaintext) == size
    for other in (size - 1, size + 1):
        with pytest.raises(WrongSize):
            sizes.payload_plaintext(other)


def test_no_size_needs_a_chunk_that_does_not_exist() -> None:
    """A payload whose length is a multiple of a chunk would end in an empty chunk: no size of the ladder does."""
    for size in sizes.ENVELOPE_LADDER:
        assert sizes.payload_plaintext(size) % sizes.PAYLOAD_CHUNK > 0


@pytest.mark.parametrize("size", [size for size in sizes.ENVELOPE_LADDER if size <= 64 * sizes.MIB])
def test_a_real_envelope_of_this_size_measures_it_and_opens(size: int) -> None:
    bureau, writer, keys = writer_and_keys()
    (desk,) = bureau.desks
    bulletin = desk.bulletins[bureau.clock.day, 0]
    reader = EnvelopeReader(bulletin, desk.identity, desk.keyring.prekeys[bureau.clock.day, 0])
    measured = received = 0
    total = sizes.payload_plaintext(size) * 3 // 4 if size > 16 * sizes.KIB else 100

    def through(data: bytes) -> None:
        nonlocal measured, received
        measured += len(data)
        received += sum(len(event.data) for event in reader.feed(data) if isinstance(event, FileData))

    through(writer.begin(first_head(keys, bulletin, bytes(16)), Message("x")))
    through(writer.begin_file("a.bin"))
    block = bytes(range(256)) * 4096
    for start in range(0, total, len(block)):
        through(writer.file_data(block[: min(len(block), total - start)]))
    through(writer.end_file())
    for piece in writer.finish():
        through(piece)
    received += sum(len(event.data) for event in reader.finish() if isinstance(event, FileData))
    assert measured == writer.size == size
    assert received == total
    assert reader.authentic(keys.auth)


@pytest.mark.parametrize("character", ["x", "\u20ac", '"', "\n", "\U0001f600"])
def test_the_longest_text_only_message_to_four_recipients_fits_the_smallest_envelope(character: str) -> None:
    bureau, writer, keys = writer_and_keys(4)
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]

    def fill(room: int) -> str:
        width = len(encode({"": character})) - len(encode({"": ""}))
        return character * (room // width)

    message = Message(
        fill(TEXT_LIMIT), fill(CATEGORY_LIMIT), "unsure", fill(FIELD_LIMIT), fill(LANGUAGE_LIMIT),
        ((b"question", fill(ANSWER_LIMIT)),) * MAX_ANSWERS,
    )  # fmt: skip
    data = writer.begin(first_head(keys, bulletin, bytes(16)), message) + b"".join(writer.finish())
    assert len(data) == 16 * sizes.KIB


def test_the_longest_message_is_within_what_a_reader_takes() -> None:
    assert len(encode(_message_json(LONGEST))) <= MESSAGE_LIMIT


@pytest.mark.parametrize("field", ["text", "category", "keep_from", "language"])
def test_one_byte_more_than_a_field_holds_is_too_long(field: str) -> None:
    full: str = getattr(LONGEST, field)
    replace(LONGEST, **{field: full})  # type: ignore[arg-type]  # all four are texts
    for longer in (full + "x", full[:-1] + "\u00e9", full[:-1] + "\n"):
        with pytest.raises(TooLong):
            replace(LONGEST, **{field: longer})  # type: ignore[arg-type]  # all four are texts


def test_more_than_a_gigabyte_is_refused_before_it_is_sealed() -> None:
    bureau, writer, keys = writer_and_keys()
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    writer.begin(later_head(keys, bytes(16)), Message("x"))
    writer.begin_file("a.bin")
    writer._plaintext = sizes.payload_plaintext(sizes.ENVELOPE_MAX) - 100 * sizes.KIB
    writer.file_data(bytes(64 * sizes.KIB))
    with pytest.raises(TooLong):
        writer.file_data(bytes(64 * sizes.KIB))
    assert bulletin.recipients


@given(st.integers(0, sizes.MAX_DAY), st.integers(0, 2**16 - 1), st.binary(min_size=14, max_size=14))
def test_a_prefix_is_read_as_it_was_written(day: int, revision: int, envelope_id: bytes) -> None:
    prefix = Prefix(day, revision, envelope_id)
    assert len(prefix.to_bytes()) == sizes.PREFIX
    assert Prefix.from_bytes(prefix.to_bytes()) == prefix


@given(st.binary(max_size=40))
def test_any_bytes_are_a_prefix_or_refused(data: bytes) -> None:
    try:
        prefix = Prefix.from_bytes(data)
    except ProtocolError:
        return
    assert prefix.to_bytes() == data


@pytest.mark.parametrize("place", [0, 7, 8, 9, 16, 17])
def test_a_prefix_of_another_version_suite_or_number_of_slots_is_refused(place: int) -> None:
    data = bytearray(Prefix(1, 2, bytes(14)).to_bytes())
    data[place] ^= 1
    with pytest.raises(UnknownVersion):
        Prefix.from_bytes(bytes(data))


def test_a_prefix_with_a_field_out_of_range_is_not_made() -> None:
    for arguments in ((-1, 0, bytes(14)), (2**32, 0, bytes(14)), (0, 2**16, bytes(14)), (0, 0, bytes(13))):
        with pytest.raises(Malformed):
            Prefix(*arguments)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_padding_is_taken_off_as_it_was_put_on(data: bytes, room: int) -> None:
    if len(data) >= room:
        with pytest.raises(TooLong):
            padding.pad(data, room)
        return
    padded = padding.pad(data, room)
    assert len(padded) == room
    assert padding.unpad(padded) == data


@given(st.binary(max_size=60))
def test_any_bytes_are_padded_or_refused(data: bytes) -> None:
    try:
        plain = padding.unpad(data)
    except Malformed:
        assert not data.rstrip(b"\0").endswith(b"\x80")
        return
    assert padding.pad(plain, len(data)) == data


@given(st.integers(0, 300_000))
def test_zeros_come_in_small_pieces_and_add_up(count: int) -> None:
    pieces = [bytes(piece) for piece in padding.zeros(count)]
    assert b"".join(pieces) == bytes(count)
    assert all(0 < len(piece) <= 64 * 1024 for piece in pieces)
    padding.require_zeros(bytes(count))
    if count:
        with pytest.raises(Malformed):
            padding.require_zeros(bytes(count - 1) + b"\x01")
