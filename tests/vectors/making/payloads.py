"""Section 8: sizes, prefixes, the payload's cipher, frames."""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import Any

from dropbox.protocol import documents, labels, payload, primitives, sizes
from tests.vectors.making.book import Book
from tests.vectors.making.world import BULLETIN, DAY, RECIPIENTS, REPORTER, stream

MESSAGE_ID = stream("message id")(16)
TEXT = "De facturen kloppen niet."
HEADER_HASH = hashlib.sha256(b"no header: frames by themselves").digest()


def frame(kind: int, body: bytes) -> bytes:
    """A frame as it stands in a payload."""
    return struct.pack(">BI", kind, len(body)) + body


def head_json(**changes: Any) -> documents.Json:  # noqa: ANN401 -- what JSON holds
    """The head of a later message, with changes."""
    return {"id": MESSAGE_ID.hex(), "kind": "later", "thread": REPORTER.thread_id.hex(), "version": 1, **changes}


def replies_json(*places: int) -> list[documents.Json]:
    """What a first message tells these recipients."""
    kept = [REPORTER.reply_keys(RECIPIENTS[place]) for place in places]
    return [
        {"chain": documents.to_base64(one.chain), "public": documents.to_base64(one.public),
         "recipient": one.recipient.hex(), "tag": documents.to_base64(one.tag_key)}
        for one in kept
    ]  # fmt: skip


def first_json(**changes: Any) -> documents.Json:  # noqa: ANN401 -- what JSON holds
    """The head of a first message, with changes."""
    keys = {"kind": "first", "auth": documents.to_base64(REPORTER.auth), "replies": replies_json(0, 1)}
    return head_json(**{**keys, **changes})


def message_json(**changes: Any) -> documents.Json:  # noqa: ANN401 -- what JSON holds
    """A short message, with changes."""
    plain = {"answers": [], "category": "", "keep_from": "", "language": "nl", "ongoing": "", "text": TEXT}
    return {**plain, **changes}


HEAD, FIRST = frame(1, documents.encode(head_json())), frame(1, documents.encode(first_json()))
MESSAGE = frame(2, documents.encode(message_json()))
DATA = b"12000;2026-03-14\n"


def begin_file(name: str) -> bytes:
    """The frame that a file begins with."""
    return frame(3, documents.encode({"name": name}))


def end_file(data: bytes, size: int | None = None) -> bytes:
    """The frame that it ends with."""
    pieces = (data[at : at + payload.FILE_PIECE] for at in range(0, len(data), payload.FILE_PIECE))
    return frame(5, hash_of_hashes(pieces) + (len(data) if size is None else size).to_bytes(8, "big"))


def hash_of_hashes(parts: Iterable[bytes]) -> bytes:
    """SHA-256 over the SHA-256 of each part."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def cut(frames: bytes) -> Iterator[bytes]:
    """The frames one by one, each with its head."""
    while frames:
        end = 5 + int.from_bytes(frames[1:5], "big")
        yield frames[:end]
        frames = frames[end:]


FILE = begin_file("grootboek.csv") + frame(4, DATA) + end_file(DATA)


def ended(frames: bytes, header_hash: bytes = HEADER_HASH, auth: bytes = REPORTER.auth) -> bytes:
    """The frames with the right end."""
    mac = primitives.hmac_sha256(auth, labels.MESSAGE_MAC, header_hash, hash_of_hashes(cut(frames)))
    return frames + frame(6, mac)


def make(book: Book) -> None:
    """All of them."""
    _sizes(book)
    _prefixes(book)
    _cobblestone(book)
    _good(book)
    _order(book)
    _heads(book)
    _messages(book)
    _files(book)
    _names(book)


def _sizes(book: Book) -> None:
    for plaintext in (0, 11_608, 11_609, 256_000, 1_000_000, 60_000_000, 200_000_000, 1_072_000_000):
        book.add(f"sizes/plaintext_{plaintext}", "8.5 The envelope for so many bytes of payload.", "sizes/envelope",
                 {"plaintext": plaintext})  # fmt: skip
    book.add("sizes/refused_more_than_fits", "8.5 Refused: one byte more than the largest envelope holds.",
             "sizes/envelope", {"plaintext": sizes.payload_plaintext(sizes.ENVELOPE_MAX) + 1}, "TooLong")  # fmt: skip


def _prefixes(book: Book) -> None:
    good = sizes.Prefix(DAY, 3, stream("envelope id")(14)).to_bytes().hex()
    book.add("prefix/good", "8.2 A prefix.", "prefix/read", {"prefix": good})
    for name, about, edited, refused in (
        ("magic", "another magic", "41" + good[2:], "UnknownVersion"),
        ("next_version", "the magic of the next version", good[:14] + "32" + good[16:], "UnknownVersion"),
        ("suite", "a suite that there is not", good[:16] + "0002" + good[20:], "UnknownVersion"),
        ("three_slots", "three slots", good[:32] + "0003" + good[36:], "UnknownVersion"),
        ("short", "31 bytes", good[:-2], "WrongSize"),
        ("long", "33 bytes", good + "00", "WrongSize"),
    ):
        book.add(f"prefix/refused_{name}", f"8.2 Refused: {about}.", "prefix/read", {"prefix": edited}, refused)


def _cobblestone(book: Book) -> None:
    key, context = stream("cobblestone key")(32), b"vectors"
    lengths = {"empty": 0, "short": 100, "one_chunk": 16_384, "two_chunks": 20_000}
    for name, length in lengths.items():

        def make_one(length: int = length) -> bytes:
            stream_ = primitives.PayloadEncryptor(key, context)
            return stream_.update(stream("plaintext")(length)) + stream_.finalize()

        book.frozen(f"cobblestone_{name}", f"Cobblestone-256 of {length} bytes.", make_one)
        given = {"key": key.hex(), "context": context.hex(), "ciphertext": {"shared": f"cobblestone_{name}"}}
        book.add(f"cobblestone/{name}", "8.4 A ciphertext that opens.", "cobblestone/open", given)
    chunk = 16_384 + 16
    for name, about, shared, edits in (
        ("salt", "one bit of the salt", "short", [{"at": 0, "xor": "01"}]),
        ("commitment", "one bit of the commitment", "short", [{"at": 24, "xor": "01"}]),
        ("chunk_bit", "one bit of a chunk", "two_chunks", [{"at": 56, "xor": "01"}]),
        ("tag_bit", "one bit of the last tag", "two_chunks", [{"at": -1, "xor": "80"}]),
        ("last_chunk_missing", "the last chunk is missing", "two_chunks", [{"keep": 56 + chunk}]),
        ("empty_last_chunk_missing", "the empty last chunk is missing", "one_chunk", [{"keep": 56 + chunk}]),
        ("cut_in_last_chunk", "the last byte is missing", "two_chunks", [{"keep": -1}]),
        ("extended", "a byte after the end", "two_chunks", [{"append": "00"}]),
        ("only_salt", "nothing but salt and commitment", "empty", [{"keep": 56}]),
        ("nothing", "no bytes at all", "empty", [{"keep": 0}]),
    ):
        given = {"key": key.hex(), "context": context.hex(),
                 "ciphertext": {"shared": f"cobblestone_{shared}", "edits": edits}}  # fmt: skip
        book.add(f"cobblestone/refused_{name}", f"8.4 Refused: {about}.", "cobblestone/open", given, "DoesNotOpen")
    for name, about, changed in (
        ("other_key", "another key", {"key": "00" * 32}),
        ("other_context", "another context", {"context": "00"}),
    ):
        given = {"key": key.hex(), "context": context.hex(), "ciphertext": {"shared": "cobblestone_short"}}
        book.add(f"cobblestone/refused_{name}", f"8.4 Refused: {about}.", "cobblestone/open", {**given, **changed},
                 "DoesNotOpen")  # fmt: skip


def _add(book: Book, name: str, about: str, data: bytes, refused: str | None = None, zeros: int = 100) -> None:
    given = {"payload": {"parts": [data.hex(), {"zeros": zeros}]}}
    book.add(f"payload/{name}", f"8.3 {about}.", "payload/read", given, refused)


def _good(book: Book) -> None:
    _add(book, "later_text_only", "A later message of text alone", ended(HEAD + MESSAGE))
    _add(book, "first_two_files", "A first message with two files, one of them empty", ended(
        FIRST + MESSAGE + FILE + begin_file("leeg.txt") + end_file(b"")))  # fmt: skip
    full = message_json(
        answers=[{"answer": "Yes", "question": "00112233445566aa"}], category="fraud", ongoing="unsure",
        keep_from="the head of post", text='"quoted"\n\ttab \\ \u20ac \U0001f600')  # fmt: skip
    _add(book, "every_field", "A message with every field", ended(HEAD + frame(2, documents.encode(full))), zeros=0)
    whole = bytes(65_536)
    pieces = begin_file("a") + frame(4, whole) + frame(4, b"23") + end_file(whole + b"23")
    decomposed = begin_file("cafe\u0301  1.txt") + end_file(b"")
    _add(book, "file_name_cleaned_again", "A file name that another version of Unicode cleaned",
         ended(HEAD + MESSAGE + decomposed))  # fmt: skip
    _add(book, "file_in_pieces", "A file in two pieces", ended(HEAD + MESSAGE + pieces))


def _order(book: Book) -> None:
    good = ended(HEAD + MESSAGE + FILE)
    begun = begin_file("a")
    for name, about, data, refused in (
        ("no_head", "the message stands first", ended(MESSAGE), "Malformed"),
        ("two_heads", "two heads", ended(HEAD + HEAD + MESSAGE), "Malformed"),
        ("no_message", "no message after the head", ended(HEAD), "Malformed"),
        ("two_messages", "two messages", ended(HEAD + MESSAGE + MESSAGE), "Malformed"),
        ("data_without_file", "data before a file was begun", ended(HEAD + MESSAGE + frame(4, b"1")), "Malformed"),
        ("file_not_ended", "the end while a file is open", ended(HEAD + MESSAGE + begun), "Malformed"),
        ("file_in_file", "a file begins in another one", ended(HEAD + MESSAGE + begun + begun), "Malformed"),
        ("message_after_file", "a message after a file", ended(HEAD + FILE + MESSAGE), "Malformed"),
        (
            "file_short_piece_first",
            "a piece of a file shorter than 64 KiB before its last",
            ended(HEAD + MESSAGE + begun + frame(4, b"1") + frame(4, b"23") + end_file(b"123")),
            "Malformed",
        ),
        ("unknown_frame", "a kind of frame that there is not", ended(HEAD + MESSAGE + frame(7, b"")), "UnknownVersion"),
        (
            "frame_zero",
            "zeros where a frame was expected",
            ended(HEAD + MESSAGE)[: len(HEAD + MESSAGE)],
            "UnknownVersion",
        ),
        ("end_missing", "the last byte is missing", good[:-1], "Malformed"),
        ("nothing", "no frame at all", b"", "Malformed"),
        ("mac_short", "a MAC of 31 bytes", HEAD + MESSAGE + frame(6, bytes(31)), "Malformed"),
        ("mac_long", "a MAC of 33 bytes", HEAD + MESSAGE + frame(6, bytes(33)), "TooLong"),
        ("padding", "padding that is not zeros", good + b"\0\1", "Malformed"),
        ("second_message_after_end", "a second message behind the end", good + good, "Malformed"),
    ):
        _add(book, f"refused_{name}", f"Refused: {about}", data, refused, 0 if name in _SHORT else 100)


_SHORT = ("end_missing", "nothing")


def _heads(book: Book) -> None:
    def with_head(value: documents.Json) -> bytes:
        return ended(frame(1, documents.encode(value)) + MESSAGE)

    low_order = [{**replies_json(0)[0], "public": documents.to_base64(bytes(32))}]
    no_keys = first_json()
    del no_keys["auth"]
    for name, about, value, refused in (
        ("head_version_2", "a version that there is not", head_json(version=2), "Malformed"),
        ("head_unknown_field", "a field of the head that there is not", head_json(form=""), "Malformed"),
        ("head_thread_short", "a thread named by 15 bytes", head_json(thread="00" * 15), "Malformed"),
        ("head_first_without_keys", "a first message without keys", head_json(kind="first"), "Malformed"),
        ("head_later_with_keys", "a later message with keys", first_json(kind="later"), "Malformed"),
        ("head_first_without_auth", "a first message without the authentication key", no_keys, "Malformed"),
        ("head_first_for_nobody", "a first message for no recipient", first_json(replies=[]), "Malformed"),
        (
            "head_recipient_twice",
            "two sets of keys for one recipient",
            first_json(replies=replies_json(0, 0)),
            "Malformed",
        ),
        ("head_reply_key_low_order", "a reply key of low order", first_json(replies=low_order), "Malformed"),
        ("head_kind_unknown", "a kind of message that there is not", head_json(kind="middle"), "Malformed"),
    ):
        _add(book, f"refused_{name}", f"Refused: {about}", with_head(value), refused)
    spaced = documents.encode(head_json()).replace(b'"id":', b'"id": ')
    _add(book, "refused_head_not_canonical", "Refused: a head in a second spelling",
         ended(frame(1, spaced) + MESSAGE), "NotCanonical")  # fmt: skip
    _add(book, "refused_head_too_long", "Refused: a head longer than 2 KiB", frame(1, bytes(2049)), "TooLong")


def _messages(book: Book) -> None:
    answer = {"answer": "Yes", "question": "0011223344556677"}
    for name, about, changes, refused in (
        ("text_too_long", "a text of 8,001 bytes", {"text": "a" * 8001}, "TooLong"),
        (
            "text_too_long_escaped",
            "a text of 4,001 line ends, which take two bytes each",
            {"text": "\n" * 4001},
            "TooLong",
        ),
        ("keep_from_too_long", "1,001 bytes on whom it must not reach", {"keep_from": "a" * 1001}, "TooLong"),
        ("ongoing_unknown", "an answer that there is not", {"ongoing": "perhaps"}, "Malformed"),
        ("language_too_long", "a language of 17 bytes", {"language": "n" * 17}, "TooLong"),
        ("five_answers", "five answers", {"answers": [answer] * 5}, "Malformed"),
        (
            "answer_question_short",
            "a question named by 7 bytes",
            {"answers": [{**answer, "question": "00" * 7}]},
            "Malformed",
        ),
        ("message_unknown_field", "a field of the message that there is not", {"name": ""}, "Malformed"),
    ):
        data = ended(HEAD + frame(2, documents.encode(message_json(**changes))))
        _add(book, f"refused_{name}", f"Refused: {about}", data, refused)


def _files(book: Book) -> None:
    start = HEAD + MESSAGE

    def named(name: str) -> bytes:
        return ended(start + begin_file(name) + end_file(b""))

    for name, about, data, refused in (
        ("file_hash", "a file whose hash is another", ended(start + begin_file("a") + frame(4, b"1") + end_file(b"2")),
         "DoesNotOpen"),
        ("file_size", "a file whose size is another", ended(start + begin_file("a") + frame(4, b"1")
         + end_file(b"1", 2)), "DoesNotOpen"),
        ("file_piece_missing", "a file without its second piece", ended(start + begin_file("a") + frame(4, b"1")
         + end_file(b"12")), "DoesNotOpen"),
        ("file_empty_piece", "a piece without a byte", ended(start + begin_file("a") + frame(4, b"") + end_file(b"")),
         "Malformed"),
        ("file_end_short", "the end of a file of 39 bytes", ended(start + begin_file("a") + frame(5, bytes(39))),
         "Malformed"),
        ("file_piece_too_long", "a piece of 64 KiB and a byte", start + begin_file("a") + struct.pack(">BI", 4, 65537),
         "TooLong"),
        ("21_files", "21 files", ended(start + (begin_file("a") + end_file(b"")) * 21), "TooLong"),
        ("name_with_folder", "a file name with a folder", named("../a"), "Malformed"),
        ("name_backslash", "a file name with a folder of another system", named("..\\a"), "Malformed"),
        ("name_right_to_left", "a file name that is turned round", named("a\u202egpj.exe"), "Malformed"),
        ("name_nul", "a file name with a NUL", named("a.pdf\0.exe"), "Malformed"),
        ("name_empty", "a file without a name", named(""), "Malformed"),
        ("name_dots", "a file name of dots alone", named(".."), "Malformed"),
        ("name_too_long", "a file name of 256 bytes", named("a" * 256), "TooLong"),
    ):  # fmt: skip
        _add(book, f"refused_{name}", f"Refused: {about}", data, refused)


def _names(book: Book) -> None:
    for name, typed in {
        "plain": "Jaarverslag 2025.pdf",
        "folder": "/home/somebody/secret/report.docx",
        "drive": "C:\\Users\\somebody\\report.docx",
        "right_to_left": "photo\u202egpj.exe",
        "nul_and_line_ends": "a\0b\r\nc.txt",
        "dots_and_spaces": " ..  a   b . ",
        "nothing_left": "\u200f..",
        "decomposed": "cafe\u0301.txt",
        "4000_characters": "x" * 4000 + ".pdf",
        "4000_wide_characters": "\u6f22" * 4000 + ".tar.gz",
        "long_ending": "a." + "b" * 300,
    }.items():
        book.add(f"file-name/{name}", "8.3 A file's name as it is sent.", "file-name/clean", {"name": typed})
    assert payload.MAX_FILES == 20  # the vectors with 21 mean one too many
    assert BULLETIN.day == DAY
