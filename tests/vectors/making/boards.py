"""Sections 9 and 10: boards, records, notes."""

from typing import Any

from dropbox.protocol import board, board_head, keys, labels, reply, secret_keys, sizes, thread
from tests.vectors.making.book import Book
from tests.vectors.making.world import (
    BULLETIN,
    DAY,
    ENTROPY,
    INSTANCE,
    NOW,
    OTHER_ROOT,
    RECIPIENTS,
    REPORTER,
    ROOT_HEX,
    SIGNERS,
    recipient,
    signed_bulletin,
    stream,
)  # fmt: skip

TAG_KEY = REPORTER.reply_keys(RECIPIENTS[0]).tag_key
BOARD_KEY = SIGNERS[keys.Role.BOARD]
HEAD = board_head.BoardHead(
    INSTANCE, RECIPIENTS[0], stream("salt")(16), DAY, NOW + 600, NOW + 86_400, BULLETIN.hash, 64
)
ACKNOWLEDGEMENT = reply.Acknowledgement(1, 2, DAY)
LONG = reply.Reply("Dank u. Wij hebben uw melding gelezen. " * 30)
# Between these there are as many empty numbers as there may be: a reader who starts from nothing finds all.
NUMBERS: dict[int, reply.Note] = {
    0: ACKNOWLEDGEMENT,
    1: LONG,
    201: reply.Notice("Gesloten tot maandag."),
    401: reply.Reply("Nog een vraag."),
}


def inner_record(number: int, body: bytes, place: int = 0) -> bytes:
    """A sealed record whose ephemeral key is derived from its number."""
    kept = REPORTER.reply_keys(RECIPIENTS[place])
    link = thread.Link(number, thread.advance(kept.chain, number))
    return thread.seal_record(kept, INSTANCE, link, body, stream(f"ephemeral {place} {number}"))


def live() -> list[tuple[bytes, int, bytes]]:
    """All live records of the board."""
    records = []
    for first, note in NUMBERS.items():
        for place, body in enumerate(reply.encode_note(note, DAY)):
            records.append((TAG_KEY, first + place, inner_record(first + place, body)))
    return records


def signed(unsigned: bytes, role: keys.Role = keys.Role.BOARD, label: bytes = labels.SIGN_BOARD) -> bytes:
    """The signature over head and records."""
    return secret_keys._sign(SIGNERS[role].seed, label + unsigned)


UNSIGNED = board.assemble(HEAD, live(), stream("covers"))
BOARD = board_head.append_signature(UNSIGNED, signed(UNSIGNED))


def make(book: Book) -> None:
    """All of them."""
    book.share("board", "A board of 64 records, of which five are one reporter's.", BOARD)
    _assembled(book)
    _read(book)
    _signed_by_others(book)
    _resigned(book)
    _split(book)
    _records(book)
    _notes(book)
    _joined(book)
    _dialogue(book)


def _assembled(book: Book) -> None:
    def given(shown: list[tuple[bytes, int, bytes]], **changes: Any) -> dict[str, Any]:  # noqa: ANN401
        listed = [{"tag_key": key.hex(), "number": number, "inner": inner.hex()} for key, number, inner in shown]
        plain = {
            "instance": INSTANCE.hex(), "recipient": RECIPIENTS[0].hex(), "salt": HEAD.salt.hex(),
            "issued_day": DAY, "next_due": HEAD.next_due, "valid_until": HEAD.valid_until,
            "bulletin_hash": HEAD.bulletin_hash.hex(), "records": 64, "live": listed,
            "covers": {"stream": "covers", "length": 64 * 1024},
        }  # fmt: skip
        return {**plain, **changes}

    records = live()
    book.add("board/assembled", "9.2 Head and records of a board.", "board/assemble", given(records))
    book.add("board/assembled_other_salt", "9.2 The same live records under another salt: no tag is the same.",
             "board/assemble", given(records, salt=stream("other salt")(16).hex()))  # fmt: skip
    book.add("board/assembled_empty", "9.2 A board of covers alone.", "board/assemble", given([]))
    short = [(records[0][0], 0, records[0][2][:-1])]
    late = NOW + 86_401
    for name, about, value, refused in (
        ("record_twice", "one number twice", given([records[0], records[0]]), "Malformed"),
        ("inner_short", "an inner record of 991 bytes", given(short), "Malformed"),
        ("65_records", "65 records", given([], records=65), "WrongSize"),
        ("32_records", "fewer than 64 records", given([], records=32), "WrongSize"),
        ("16384_records", "more than 8,192 records", given([], records=16_384), "WrongSize"),
        ("due_after_valid", "the next one is due when this one counts no more", given([], next_due=late), "Malformed"),
        ("due_before_issued", "the next one was due before this one", given([], issued_day=DAY + 2), "Malformed"),
    ):
        book.add(f"board/refused_{name}", f"9.2 Refused: {about}.", "board/assemble", value, refused)


def _given(*edits: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 -- what JSON holds
    value: dict[str, Any] = {"shared": "board"}
    if edits:
        value["edits"] = list(edits)
    plain = {
        "board": value, "board_keys": [BOARD_KEY.public.hex()], "instance": INSTANCE.hex(), "now": NOW,
        "tag_key": TAG_KEY.hex(),
    }  # fmt: skip
    return {**plain, **changes}


def _read(book: Book) -> None:
    start = DAY * sizes.DAY - sizes.CLOCK_TOLERANCE
    for name, about, value, refused in (
        ("read", "A reader finds five records, 200 numbers apart", _given(), None),
        ("read_other_tag_key", "Another reader finds nothing", _given(tag_key="00" * 32), None),
        ("read_two_keys", "Of two certified board keys one signed", _given(
            board_keys=[SIGNERS[keys.Role.OUTCOME].public.hex(), BOARD_KEY.public.hex()]), None),
        ("read_last_second", "In the last second in which it counts", _given(now=HEAD.valid_until), None),
        ("refused_too_old", "Refused: a second later", _given(now=HEAD.valid_until + 1), "OutsideDates"),
        ("read_first_second", "On a clock that is 12 hours behind", _given(now=start), None),
        ("refused_from_the_future", "Refused: issued more than 12 hours later", _given(now=start - 1), "OutsideDates"),
        ("refused_other_instance", "Refused: by a reader of another instance", _given(
            instance=OTHER_ROOT.public.instance.hex()), "WrongInstance"),
        ("refused_no_board_key", "Refused: no key is certified for boards", _given(board_keys=[]), "BadSignature"),
        ("refused_other_key", "Refused: another key is certified for boards", _given(
            board_keys=[SIGNERS[keys.Role.BULLETIN].public.hex()]), "BadSignature"),
    ):  # fmt: skip
        book.add(f"board/{name}", f"9.3 {about}.", "board/read", value, refused)


def _signed_by_others(book: Book) -> None:
    by_bulletin = signed(UNSIGNED, keys.Role.BULLETIN).hex()
    other_label = signed(UNSIGNED, label=labels.SIGN_BULLETIN).hex()
    for name, about, edit, refused in (
        ("salt_bit", "one bit of the salt", {"at": 40, "xor": "01"}, "BadSignature"),
        ("next_due_bit", "the time of the next board put off", {"at": 66, "xor": "80"}, "BadSignature"),
        ("record_bit", "one bit of a record", {"at": 5_000, "xor": "01"}, "BadSignature"),
        ("signature_bit", "one bit of the signature", {"at": -64, "xor": "01"}, "BadSignature"),
        ("signed_by_bulletin_key", "signed by the key for bulletins", {"at": -64, "put": by_bulletin}, "BadSignature"),
        ("other_label", "signed under the label of bulletins", {"at": -64, "put": other_label}, "BadSignature"),
        ("two_signatures", "it says that it has two signatures", {"at": -66, "put": "02"}, "UnknownVersion"),
        ("other_algorithm", "an algorithm that there is not", {"at": -65, "put": "02"}, "UnknownVersion"),
        ("cut", "the last byte is missing", {"keep": -1}, "WrongSize"),
        ("extended", "a byte after the end", {"append": "00"}, "WrongSize"),
        ("record_missing", "a record is missing", {"keep": -1024}, "WrongSize"),
        ("nothing", "no bytes at all", {"keep": 0}, "WrongSize"),
        ("head_alone", "nothing but a head", {"keep": board_head.HEAD}, "WrongSize"),
    ):
        book.add(f"board/refused_{name}", f"9.3 Refused: {about}.", "board/read", _given(edit), refused)


def _edited(edit: dict[str, Any]) -> bytes:
    if "swap" in edit:
        one, other, length = edit["swap"]
        middle = UNSIGNED[one + length : other]
        moved = UNSIGNED[other : other + length] + middle + UNSIGNED[one : one + length]
        return UNSIGNED[:one] + moved + UNSIGNED[other + length :]
    new = bytes.fromhex(edit["put"])
    return UNSIGNED[: edit["at"]] + new + UNSIGNED[edit["at"] + len(new) :]


def _resigned(book: Book) -> None:
    first, second = board_head.HEAD, board_head.HEAD + sizes.RECORD
    tag = UNSIGNED[first : first + 16].hex()
    own = next(at for at in range(first, len(UNSIGNED), sizes.RECORD)
               if UNSIGNED[at : at + 16] == board.record_tag(TAG_KEY, INSTANCE, HEAD.salt, 201))  # fmt: skip
    for name, about, edit, refused in (
        ("magic", "another magic", {"at": 7, "put": "32"}, "UnknownVersion"),
        (
            "count_of_128",
            "a number of records that is not the one that there are",
            {"at": 108, "put": "0080"},
            "WrongSize",
        ),
        (
            "count_of_65",
            "a number of records that is not 64 times a power of two",
            {"at": 108, "put": "0041"},
            "WrongSize",
        ),
        ("tags_out_of_order", "two records out of order", {"swap": [first, second, sizes.RECORD]}, "Malformed"),
        ("tag_twice", "one tag twice", {"at": second, "put": tag}, "Malformed"),
        ("valid_until_too_large", "a time beyond 2^53 - 1", {"at": 68, "put": "0020000000000000"}, "Malformed"),
        (
            "times_out_of_order",
            "the end of validity before the next one is due",
            {"at": 68, "put": "00" * 8},
            "Malformed",
        ),
    ):
        value = _given(edit, {"at": -64, "put": signed(_edited(edit)).hex()})
        book.add(f"board/refused_resigned_{name}", f"9.3 Refused, although rightly signed: {about}.", "board/read",
                 value, refused)  # fmt: skip
    edit = {"at": own + 500, "put": bytes([UNSIGNED[own + 500] ^ 1]).hex()}
    value = _given(edit, {"at": -64, "put": signed(_edited(edit)).hex()})
    book.add("board/read_altered_record", "9.3 An own tag with a record that does not open counts as none: what stands "
             "within 256 numbers of the others is still found.", "board/read", value)  # fmt: skip


def _split(book: Book) -> None:
    three = "03" + "00000002aabb" + "00000000" + "00000001cc"
    book.add("boards/three", "9.4 Three boards in one body.", "boards/split", {"body": three})
    book.add("boards/none", "9.4 No board: the host has none yet.", "boards/split", {"body": "00"})
    for name, about, body in (
        ("nothing", "no bytes at all", ""),
        ("five", "five boards", "05" + "00000000" * 5),
        ("length_cut", "a length is cut", "02" + "00000001aa" + "0000"),
        ("board_cut", "a board is cut", "01" + "00000002aa"),
        ("trailing", "a byte after the last board", three + "00"),
    ):
        book.add(f"boards/refused_{name}", f"9.4 Refused: {about}.", "boards/split", {"body": body}, "Malformed")


def _records(book: Book) -> None:
    body = reply.encode_note(ACKNOWLEDGEMENT, DAY)[0]
    value = {"entropy": ENTROPY.hex(), "instance": INSTANCE.hex(), "recipient": RECIPIENTS[0].hex(), "number": 7}
    packed = {"parts": [body.rstrip(b"\0").hex(), {"zeros": 944 - len(body.rstrip(b"\0"))}]}
    sealing = {**value, "body": packed, "ephemeral": stream("ephemeral")(32).hex()}
    inner = book.add("record/sealed", "10.1 An inner record.", "record/seal", sealing)["inner"]
    book.add("record/opened", "10.1 The same, opened.", "record/open", {**value, "inner": inner})
    book.add("record/refused_body_short", "10.1 Refused: a body of 943 bytes.", "record/seal",
             {**sealing, "body": {"zeros": 943}}, "WrongSize")  # fmt: skip
    low_order = bytes(32).hex()
    for name, about, changes, refused in (
        ("other_number", "another number of the thread", {"number": 8}, "DoesNotOpen"),
        ("other_recipient", "another recipient", {"recipient": RECIPIENTS[1].hex()}, "DoesNotOpen"),
        ("other_instance", "another instance", {"instance": "00" * 16}, "DoesNotOpen"),
        ("other_receipt", "another receipt", {"entropy": "00" * 15}, "DoesNotOpen"),
        ("ephemeral_bit", "one bit of the ephemeral key", {"inner": _flip(inner, 0)}, "DoesNotOpen"),
        ("ephemeral_low_order", "an ephemeral key of low order", {"inner": low_order + inner[64:]}, "DoesNotOpen"),
        ("body_bit", "one bit of the body", {"inner": _flip(inner, 500)}, "DoesNotOpen"),
        ("tag_bit", "one bit of the tag", {"inner": _flip(inner, 991)}, "DoesNotOpen"),
        ("short", "991 bytes", {"inner": inner[:-2]}, "WrongSize"),
        ("long", "993 bytes", {"inner": inner + "00"}, "WrongSize"),
    ):
        given = {**value, "inner": inner, **changes}
        book.add(f"record/refused_{name}", f"10.1 Refused: {about}.", "record/open", given, refused)


def _flip(digits: str, place: int) -> str:
    data = bytearray.fromhex(digits)
    data[place] ^= 1
    return data.hex()


_QUESTION: dict[str, Any] = {
    "id": "0011223344556677",
    "text": "Is het gestopt?",
    "answers": ["Ja", "Nee", "Dat weet ik niet"],
}


def _notes(book: Book) -> None:
    notes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("acknowledgement", {"messages": 2, "files": 3, "day": DAY}),
        ("reply", {"text": LONG.text}),
        ("status", {"status": "assessing", "text": ""}),
        ("question", _QUESTION),
        ("notice", {"text": "Gesloten tot maandag."}),
    )
    for kind, note in notes:
        value = {"kind": kind, "day": DAY, "note": note}
        bodies = book.add(f"note/{kind}", "10.2 A note as the bodies of records.", "note/encode", value)["bodies"]
        joined = {"bodies": [[3 + place, body] for place, body in enumerate(bodies)]}
        book.add(f"note/{kind}_read", "10.3 The same, read back.", "notes/join", joined)
    refusals: tuple[tuple[str, str, dict[str, Any], str], ...] = (
        ("reply_too_long", "a reply that takes nine records", {"kind": "reply", "note": {"text": "a" * 7600}},
         "TooLong"),
        ("no_answer", "a question without an answer to choose", {
            "kind": "question", "note": {**_QUESTION, "answers": []}}, "Malformed"),
        ("seven_answers", "a question with seven answers", {
            "kind": "question", "note": {**_QUESTION, "answers": ["Ja"] * 7}}, "Malformed"),
        ("answer_too_long", "an answer of 201 bytes", {
            "kind": "question", "note": {**_QUESTION, "answers": ["a" * 201]}}, "TooLong"),
        ("question_id_short", "a question named by 7 bytes", {
            "kind": "question", "note": {**_QUESTION, "id": "00" * 7}}, "Malformed"),
        ("day_too_large", "an acknowledgement of a day that there is not", {
            "kind": "acknowledgement", "note": {"messages": 1, "files": 0, "day": 1 << 32}}, "Malformed"),
    )  # fmt: skip
    for name, about, value, refused in refusals:
        book.add(f"note/refused_{name}", f"10.2 Refused: {about}.", "note/encode", {"day": DAY, **value}, refused)


def _part(kind: int, part: int, parts: int, data: bytes, length: int | None = None) -> str:
    size = len(data) if length is None else length
    return (bytes([kind, part, parts]) + size.to_bytes(2, "big") + DAY.to_bytes(4, "big") + data).hex()


def _joined(book: Book) -> None:
    one = reply.encode_note(LONG, DAY)
    cut, rest = one[0].hex(), one[1].rstrip(b"\0").hex()
    good = _part(2, 0, 1, b'{"text":"Ja."}')
    bad_json = {"not_canonical": b'{"text": "Ja."}', "unknown_field": b'{"text":"","x":1}', "not_json": b"Ja."}
    for name, about, bodies in (
        ("second_part_missing", "the second part is missing", [[0, cut], [5, good]]),
        ("first_part_missing", "the first part is missing", [[1, rest], [5, good]]),
        ("second_part_elsewhere", "the second part stands under another number", [[0, cut], [2, rest], [5, good]]),
        ("two_notes_interleaved", "the second part is of another note", [[0, cut], [1, _part(2, 1, 2, b"x")],
                                                                          [5, good]]),
        ("kind_unknown", "a kind that there is not", [[0, _part(9, 0, 1, b"{}")], [5, good]]),
        ("part_zero_of_zero", "no part of none", [[0, _part(2, 0, 0, b"")], [5, good]]),
        ("part_too_high", "the second part of one", [[0, _part(2, 1, 1, b"{}")], [5, good]]),
        ("nine_parts", "nine parts", [[0, _part(2, 0, 9, bytes(935))], [5, good]]),
        ("length_too_large", "a length beyond the body", [[0, _part(2, 0, 1, b"{}", 936)], [5, good]]),
        ("padding", "padding that is not zeros", [[0, _part(2, 0, 1, b'{"text":""}\0x', 11)], [5, good]]),
        ("first_part_not_full", "a part that is not full before the last", [[0, _part(2, 0, 2, b'{"text":')],
                                                                             [1, _part(2, 1, 2, b'""}')], [5, good]]),
        *((name, "content in another form", [[0, _part(2, 0, 1, data)], [5, good]])
          for name, data in bad_json.items()),
    ):  # fmt: skip
        book.add(f"note/unread_{name}", f"10.3 One note cannot be read, the other is: {about}.", "notes/join",
                 {"bodies": bodies})  # fmt: skip


def _dialogue(book: Book) -> None:
    alone = signed_bulletin(recipients=[recipient(0)])
    value = {
        "entropy": ENTROPY.hex(), "instance": INSTANCE.hex(), "root": ROOT_HEX, "now": NOW,
        "board": {"shared": "board"}, "board_keys": [BOARD_KEY.public.hex()], "bulletin": {"text": alone.decode()},
    }  # fmt: skip
    book.add("dialogue/read", "9.5 From a receipt and a board to the notes.", "dialogue/read", value)
    book.add("dialogue/unknown_receipt", "9.5 Another receipt finds nothing, and nothing tells it from an unknown one.",
             "dialogue/read", {**value, "entropy": "00" * 15})  # fmt: skip
