import hashlib
import itertools
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import sizes
from dropbox.protocol.documents import encode
from dropbox.protocol.errors import DoesNotOpen, Malformed, ProtocolError, TooLong, UnknownVersion
from dropbox.protocol.file_names import clean_file_name
from dropbox.protocol.payload import (
    FILE_PIECE,
    MAX_FILES,
    End,
    Event,
    FileBegin,
    FileData,
    FileEnd,
    FrameReader,
    FrameWriter,
    Head,
    Message,
    message_mac,
)
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys
from tests.protocol.strategies import any_text, texts
from tests.simulators.basics import Seeded

KEYS = ReporterKeys.derive(Receipt(bytes(15)), bytes(16))
HEADER_HASH = hashlib.sha256(b"header").digest()
FIRST = Head(KEYS.thread_id, b"m" * 16, KEYS.auth, (KEYS.reply_keys(b"r" * 16),))
LATER = Head(KEYS.thread_id, b"m" * 16, b"")


@dataclass(frozen=True)
class Sent:
    head: Head
    message: Message
    files: tuple[tuple[str, bytes], ...]


sent = st.builds(
    Sent,
    st.sampled_from((FIRST, LATER)),
    st.builds(
        Message,
        texts,
        category=st.sampled_from(("", "pressure")),
        ongoing=st.sampled_from(("", "yes", "no", "unsure")),
        answers=st.lists(st.tuples(st.binary(min_size=8, max_size=8), st.sampled_from(("Yes", "No"))), max_size=4).map(
            tuple
        ),
    ),
    st.lists(st.tuples(texts, st.binary(max_size=500)), max_size=3).map(tuple),
)


def written(what: Sent) -> bytes:
    writer = FrameWriter(KEYS.auth, HEADER_HASH)
    data = writer.begin(what.head, what.message)
    for name, content in what.files:
        data += writer.begin_file(name) + b"".join(writer.file_data(content)) + writer.end_file()
    return data + writer.end()


def read(pieces: list[bytes]) -> list[Event]:
    reader = FrameReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    reader.close()
    return events


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


cuts = st.lists(st.integers(0, 10**6), max_size=12)


@given(sent, cuts, st.integers(0, 200))
def test_frames_in_pieces_of_any_length_are_read_as_they_were_written(
    what: Sent, places: list[int], zeros: int
) -> None:
    events = read(pieces_of(written(what) + bytes(zeros), places))
    assert events[:2] == [what.head, what.message]
    names = [event.name for event in events if isinstance(event, FileBegin)]
    assert names == [clean_file_name(name) for name, _ in what.files]
    contents = b"".join(event.data for event in events if isinstance(event, FileData))
    assert contents == b"".join(content for _, content in what.files)
    assert [event.size for event in events if isinstance(event, FileEnd)] == [len(content) for _, content in what.files]
    end = events[-1]
    assert isinstance(end, End)
    assert end.mac == message_mac(KEYS.auth, HEADER_HASH, end.frames_hash)


@given(sent, cuts, st.data())
def test_frames_that_are_cut_anywhere_have_no_end(what: Sent, places: list[int], data: st.DataObject) -> None:
    whole = written(what)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(Malformed):
        read(pieces_of(cut, places))


@given(sent, st.data())
def test_frames_with_a_bit_changed_are_refused_or_not_authentic(what: Sent, data: st.DataObject) -> None:
    whole = bytearray(written(what))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    try:
        events = read([bytes(whole)])
    except ProtocolError:
        return
    end = events[-1]
    assert isinstance(end, End)
    assert end.mac != message_mac(KEYS.auth, HEADER_HASH, end.frames_hash)


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_any_bytes_as_frames_are_refused_with_our_own_error(pieces: list[bytes]) -> None:
    with pytest.raises(ProtocolError):
        read(pieces)


def frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">BI", kind, len(body)) + body


WRITER = FrameWriter(KEYS.auth, HEADER_HASH)
BEGINNING = WRITER.begin(LATER, Message("x"))
HEAD_FRAME = BEGINNING[: BEGINNING.index(b'{"answers"') - 5]
MESSAGE_FRAME = BEGINNING[len(HEAD_FRAME) :]
END = frame(6, bytes(32))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Malformed),
        (END, Malformed),
        (MESSAGE_FRAME, Malformed),
        (HEAD_FRAME + END, Malformed),
        (HEAD_FRAME + HEAD_FRAME, Malformed),
        (BEGINNING + MESSAGE_FRAME, Malformed),
        (BEGINNING + frame(4, b"data without a file"), Malformed),
        (BEGINNING + frame(5, bytes(40)), Malformed),
        (BEGINNING + frame(3, b'{"name":"a"}') + frame(4, b"x") + END, Malformed),
        (BEGINNING + frame(3, b'{"name":"a"}') * 2, Malformed),
        (BEGINNING + frame(3, b'{"name":"a"}') + frame(4, b""), Malformed),
        (BEGINNING + frame(3, b'{"name":"a"}') + frame(4, b"x") + frame(5, bytes(40)), DoesNotOpen),
        (BEGINNING + frame(3, b'{"name":"a"}') + frame(5, bytes(39)), Malformed),
        (BEGINNING + frame(3, b'{"name":"../a"}'), Malformed),
        (BEGINNING + frame(3, b'{"name":"a","size":1}'), Malformed),
        (BEGINNING + frame(3, b"x" * 1025), TooLong),
        (BEGINNING + frame(3, b'{"name":"a"}') + frame(4, bytes(FILE_PIECE + 1)), TooLong),
        (BEGINNING + frame(6, bytes(31)), Malformed),
        (BEGINNING + frame(6, bytes(33)), TooLong),
        (BEGINNING + END + b"\x01", Malformed),
        (BEGINNING + END + bytes(5_000) + b"\x01", Malformed),
        (BEGINNING + END + END, Malformed),
        (BEGINNING + frame(7, b""), UnknownVersion),
        (BEGINNING + frame(0, b""), UnknownVersion),
        (frame(1, bytes(2 * 1024 + 1)), TooLong),
        (b"\x01\xff\xff\xff\xff", TooLong),
    ],
)
def test_frames_without_meaning_are_refused(data: bytes, error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        read([data])
    with pytest.raises(error):
        read([data[at : at + 1] for at in range(len(data))])


def test_a_frame_that_is_too_long_is_refused_by_its_length_before_it_is_here() -> None:
    reader = FrameReader()
    with pytest.raises(TooLong):
        list(reader.feed(BEGINNING + b"\x03\x7f\xff\xff\xff"))


@pytest.mark.parametrize("change", ["version", "kind", "auth", "replies", "low order", "twice", "none", "field", "id"])
def test_a_head_of_another_form_is_refused(change: str) -> None:
    keys = {"chain": "A" * 43 + "=", "public": "B" * 42 + "A=", "recipient": "00" * 16, "tag": "A" * 43 + "="}
    value = {
        "auth": "A" * 43 + "=", "id": "00" * 16, "kind": "first", "replies": [keys], "thread": "00" * 16, "version": 1,
    }  # fmt: skip
    assert isinstance(read_head(value), Head)
    match change:
        case "version":
            value["version"] = 2
        case "kind":
            value["kind"] = "later"
        case "auth" | "replies":
            del value[change]
        case "low order":
            value["replies"] = [keys | {"public": "A" * 43 + "="}]
        case "twice":
            value["replies"] = [keys, keys]
        case "none":
            value["replies"] = []
        case "field":
            value["more"] = 1
        case _:
            value["id"] = "0" * 31
    with pytest.raises(ProtocolError):
        read_head(value)


def read_head(value: dict[str, object]) -> Event:
    return next(FrameReader().feed(frame(1, encode(value))))


def test_the_twenty_first_file_is_refused_on_both_sides() -> None:
    writer = FrameWriter(KEYS.auth, HEADER_HASH)
    data = writer.begin(LATER, Message("x"))
    for number in range(MAX_FILES):
        data += writer.begin_file(f"{number}.txt") + writer.end_file()
    with pytest.raises(TooLong):
        writer.begin_file("21.txt")
    with pytest.raises(TooLong):
        read([data + frame(3, b'{"name":"a"}')])
    assert len(read([data + writer.end()])) == 2 + 2 * MAX_FILES + 1


def test_a_long_file_goes_in_pieces_and_comes_out_whole() -> None:
    content = Seeded("a long file")(5 * FILE_PIECE + 17)
    for kind in (bytes, bytearray, memoryview):
        writer = FrameWriter(KEYS.auth, HEADER_HASH)
        data = writer.begin(LATER, Message("x")) + writer.begin_file("a") + b"".join(writer.file_data(kind(content)))
        events = read([data + writer.end_file() + writer.end()])
        assert b"".join(event.data for event in events if isinstance(event, FileData)) == content


@given(any_text)
def test_any_text_makes_a_message_or_is_refused_with_our_own_error(text: str) -> None:
    for fields in ({"text": text}, {"category": text}, {"keep_from": text}, {"language": text}, {"ongoing": text}):
        try:
            message = Message(**({"text": ""} | fields))  # type: ignore[arg-type]  # all of them are texts
        except ProtocolError:
            continue
        assert read([written(Sent(LATER, message, ()))])[1] == message


def test_a_writer_keeps_its_order() -> None:
    writer = FrameWriter(KEYS.auth, HEADER_HASH)
    writer.begin(LATER, Message("x"))
    for wrong in (lambda: list(writer.file_data(b"x")), writer.end_file):
        with pytest.raises(ValueError, match="no file"):
            wrong()
    writer.begin_file("a")
    with pytest.raises(ValueError, match="not ended"):
        writer.end()
    assert sizes.MESSAGE_ID == 16
