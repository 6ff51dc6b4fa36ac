"""Sections 11 and 12: cards, outcomes, publications. The three whole cards are sealed by HPKE and frozen."""

import functools
from typing import Any

from dropbox.protocol import card, documents, keys, labels, padding, primitives, publication, secret_keys, sizes
from tests.vectors.making.book import Book
from tests.vectors.making.world import BUREAU_BOX, DAY, INSTANCE, MINISTRY_BOX, SIGNERS, stream

REFERENCE = stream("reference")(8)
REFERRAL = card.Referral(
    REFERENCE, "Europe", "diplomatic", "head of post", "fraud", "2025-2026", "Invoices were paid twice.",
    "two ledgers", 2, "yes", "unsure", "look at the ledgers", "do not call the post", "2027-01-31",
)  # fmt: skip
OUTCOME = card.Outcome(REFERENCE, 1, "measure", "organisational", "The post was audited.")
CARD_KEY, OUTCOME_KEY = SIGNERS[keys.Role.CARD], SIGNERS[keys.Role.OUTCOME]
PUBLISHER = SIGNERS[keys.Role.PUBLICATION]
PUBLICATION = publication.Publication(
    INSTANCE, 7, DAY, DAY + 14, DAY - 1,
    notices=(publication.NoticeText("nl", "Gesloten op 25 december."),),
    facts=(("office_hours", "9-17"), ("telephone", "+31 70 000 00 00")), figures=(("received_2026", 12),),
    advisers=(publication.Adviser("A. Adviser", "Europe", "nl, en", "extension 12"),),
)  # fmt: skip


def make(book: Book) -> None:
    """All of them."""
    _sealed(book)
    _read(book)
    _content(book)
    _publications(book)
    _publication_values(book)


def _open(name: str, box: secret_keys.XWingSecretKey, signer: secret_keys.SigningKey, expected: str,
          *edits: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # fmt: skip
    value: dict[str, Any] = {"shared": name}
    if edits:
        value["edits"] = list(edits)
    plain = {"card": value, "seed": box.seed.hex(), "instance": INSTANCE.hex(), "signers": [signer.public.hex()],
             "expected": expected}  # fmt: skip
    return {**plain, **changes}


def _sealed(book: Book) -> None:
    for name, about, made, box, signer, expected in (
        ("card_referral", "A referral card", REFERRAL, MINISTRY_BOX, CARD_KEY, "referral"),
        ("card_outcome", "An outcome", OUTCOME, BUREAU_BOX, OUTCOME_KEY, "outcome"),
        ("card_dummy", "A dummy on its way to the ministry", card.Dummy(), MINISTRY_BOX, CARD_KEY, "referral"),
    ):
        seal = functools.partial(card.seal_card, made, INSTANCE, box.public, signer.sign)
        book.frozen(name, f"{about}, sealed.", seal)
        book.add(f"card/{name.removeprefix('card_')}", f"11 {about}.", "card/open",
                 _open(name, box, signer, expected))  # fmt: skip
    for name, about, edit in (
        ("lattice", "one bit of the ML-KEM ciphertext", {"at": 0, "xor": "01"}),
        ("curve", "one bit of the X25519 ciphertext", {"at": 1088, "xor": "01"}),
        ("content_bit", "one bit of the content", {"at": 2000, "xor": "01"}),
        ("tag_bit", "the last bit", {"at": -1, "xor": "01"}),
        ("cut", "the last byte is missing", {"keep": -1}),
        ("too_short", "shorter than what is sealed with nothing inside", {"keep": 1000}),
        ("extended", "a byte after the end", {"append": "00"}),
    ):
        given = _open("card_referral", MINISTRY_BOX, CARD_KEY, "referral", edit)
        book.add(f"card/refused_{name}", f"11 Refused: {about}.", "card/open", given, "DoesNotOpen")
    for name, about, changes in (
        ("other_key", "opened with the key of another box", {"seed": BUREAU_BOX.seed.hex()}),
        ("other_instance", "opened in another instance", {"instance": "00" * 16}),
    ):
        given = _open("card_referral", MINISTRY_BOX, CARD_KEY, "referral", **changes)
        book.add(f"card/refused_sealed_{name}", f"11 Refused: {about}.", "card/open", given, "DoesNotOpen")
    given = _open("card_outcome", BUREAU_BOX, OUTCOME_KEY, "referral")
    book.add("card/refused_outcome_as_referral", "11 Refused: an outcome where a referral is expected.", "card/open",
             given, "BadSignature")  # fmt: skip


def _body(**changes: Any) -> documents.Json:  # noqa: ANN401 -- what JSON holds
    content = {name: getattr(REFERRAL, name) for name in REFERRAL.__dataclass_fields__ if name != "reference"}
    plain = {
        "content": {**content, "reference": REFERENCE.hex()}, "instance": INSTANCE.hex(), "kind": "referral",
        "recipient": primitives.sha256(MINISTRY_BOX.public).hex(), "version": 1,
    }  # fmt: skip
    return {**plain, **changes}


def _packed(data: bytes) -> dict[str, Any]:
    """A padded document as a value, the zeros at its end made short."""
    end, last = data.rindex(b"}") + 1, len(data.rstrip(b"\0"))
    return {"parts": [{"text": data[:end].decode()}, data[end:last].hex(), {"zeros": len(data) - last}]}


def _given(plaintext: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 -- what JSON holds
    plain = {"plaintext": plaintext, "instance": INSTANCE.hex(), "recipient": MINISTRY_BOX.public.hex(),
             "signers": [CARD_KEY.public.hex()], "expected": "referral"}  # fmt: skip
    return {**plain, **changes}


def _document(body: documents.Json, signer: secret_keys.SigningKey = CARD_KEY) -> bytes:
    return documents.sign_document("card", body, signer.sign)


def _plain(body: documents.Json, signer: secret_keys.SigningKey = CARD_KEY) -> dict[str, Any]:
    return _packed(padding.pad(_document(body, signer), card.CARD_PLAINTEXT))


def _read(book: Book) -> None:
    good = _document(_body())
    room = card.CARD_PLAINTEXT
    book.add("card/plaintext", "11 What is inside a referral card.", "card/read", _given(_plain(_body())))
    outcome_signed = secret_keys.SigningKey(keys.Role.OUTCOME, CARD_KEY.seed)
    for name, about, plaintext, refused in (
        ("signed_by_outcome_key", "signed by the key for outcomes", _plain(_body(), secret_keys.SigningKey(
            keys.Role.CARD, OUTCOME_KEY.seed)), "BadSignature"),
        ("other_label", "signed under the label of outcomes", _plain(_body(), outcome_signed), "BadSignature"),
        ("to_another_box", "signed for another recipient: a card that was passed on", _plain(_body(
            recipient=primitives.sha256(BUREAU_BOX.public).hex())), "WrongInstance"),
        ("of_another_instance", "signed for another instance", _plain(_body(instance="00" * 16)), "WrongInstance"),
        ("outcome_inside", "an outcome signed as a referral", _plain(_body(kind="outcome", content={})), "Malformed"),
        ("version_2", "a version that there is not", _plain(_body(version=2)), "Malformed"),
        ("unknown_field", "a field beside the content", _plain(_body(case=17)), "Malformed"),
        ("dummy_with_content", "a dummy with content", _plain(_body(kind="dummy")), "Malformed"),
        ("no_padding_mark", "padding without its first byte", _packed(good.ljust(room, b"\0")), "Malformed"),
        ("padding_not_zero", "something in the padding", _packed((good + b"\x80\0\0x").ljust(room, b"\0")),
         "Malformed"),
        ("plaintext_short", "a plaintext a byte too short", _packed(padding.pad(good, room - 1)), "WrongSize"),
    ):  # fmt: skip
        value = _given(plaintext)
        book.add(f"card/refused_{name}", f"11 Refused: {about}.", "card/read", value, refused)


def _content(book: Book) -> None:
    good = _body()["content"]
    without = {name: value for name, value in good.items() if name != "ask"}
    for name, about, content, refused in (
        ("seriousness_4", "a seriousness above 3", {**good, "seriousness": 4}, "Malformed"),
        ("seriousness_true", "true as seriousness", {**good, "seriousness": True}, "Malformed"),
        ("ongoing_unknown", "an answer that there is not", {**good, "ongoing": "perhaps"}, "Malformed"),
        ("reference_short", "a reference of 7 bytes", {**good, "reference": "00" * 7}, "Malformed"),
        ("region_number", "a number instead of a text", {**good, "region": 3}, "Malformed"),
        ("field_missing", "a field is missing", without, "Malformed"),
        ("field_unknown", "a field that cards do not have: a name", {**good, "reporter": "somebody"}, "Malformed"),
        ("summary_too_long", "a summary of 2,401 bytes", {**good, "summary": "a" * 2401}, "TooLong"),
    ):
        value = _given(_plain(_body(content=content)))
        book.add(f"card/refused_{name}", f"11 Refused: {about}.", "card/read", value, refused)
    answer = {"reference": REFERENCE.hex(), "sequence": 1, "state": "measure", "measure": "none", "text": ""}
    to_bureau = {"recipient": BUREAU_BOX.public.hex(), "signers": [OUTCOME_KEY.public.hex()], "expected": "outcome"}
    for name, about, changes, refused in (
        ("state_unknown", "a state that there is not", {"state": "lost"}, "Malformed"),
        ("measure_unknown", "a measure that there is not", {"measure": "applause"}, "Malformed"),
        ("sequence_negative", "a negative sequence number", {"sequence": -1}, "Malformed"),
        ("text_too_long", "a text of 2,401 bytes", {"text": "a" * 2401}, "TooLong"),
    ):
        body = _body(kind="outcome", content={**answer, **changes},
                     recipient=primitives.sha256(BUREAU_BOX.public).hex())  # fmt: skip
        value = _given(_plain(body, OUTCOME_KEY), **to_bureau)
        book.add(f"card/refused_outcome_{name}", f"11 Refused: {about}.", "card/read", value, refused)


def _shown(data: bytes) -> dict[str, Any]:
    """A publication as a value, its padding made short."""
    before, mark, after = data.partition(b'"pad":"')
    zeros = len(after) - len(after.lstrip(b"0"))
    return {"parts": [{"text": (before + mark).decode()}, {"repeat": "30", "times": zeros},
                      {"text": after.lstrip(b"0").decode()}]}  # fmt: skip


def _published(data: bytes, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 -- what JSON holds
    plain = {"publication": _shown(data), "signers": [PUBLISHER.public.hex()], "instance": INSTANCE.hex(), "today": DAY}
    return {**plain, **changes}


def _signed(**changes: Any) -> bytes:  # noqa: ANN401 -- what JSON holds
    body = {**PUBLICATION.to_body(0), **changes}
    if "pad" not in changes:
        bare = len(documents.sign_document("publication", body, PUBLISHER.sign))
        size = next(size for size in sizes.PUBLICATION_LADDER if bare <= size)
        body["pad"] = "0" * (size - bare)
    return documents.sign_document("publication", body, PUBLISHER.sign)


def _publications(book: Book) -> None:
    good = publication.sign_publication(PUBLICATION, PUBLISHER.sign)
    other = documents.sign_document("publication", PUBLICATION.to_body(_pad(good)), SIGNERS[keys.Role.BOARD].sign)
    under = documents.sign_document("publication", PUBLICATION.to_body(_pad(good)), lambda body: secret_keys._sign(
        PUBLISHER.seed, labels.SIGN_BULLETIN + body))  # fmt: skip
    many = [{"language": "nl", "text": "a" * 4000}] * 5
    longer = publication.Publication(**{**PUBLICATION.__dict__, "notices": tuple(
        publication.NoticeText(**notice) for notice in many)})  # fmt: skip
    shorter = "0" * (_pad(good) - 1)
    hidden = shorter + "1"
    for name, about, value, refused in (
        ("16_kib", "A publication", _published(good), None),
        ("64_kib", "One of the next size", _published(publication.sign_publication(longer, PUBLISHER.sign)), None),
        ("last_day", "On its last day", _published(good, today=DAY + 14), None),
        ("day_before", "On a clock that is a day behind", _published(good, today=DAY - 1), None),
        ("refused_too_old", "Refused: the day after its last", _published(good, today=DAY + 15), "OutsideDates"),
        ("refused_future", "Refused: of the day after tomorrow", _published(good, today=DAY - 2), "OutsideDates"),
        ("refused_other_instance", "Refused: of another instance", _published(good, instance="00" * 16),
         "WrongInstance"),
        ("refused_signed_by_board_key", "Refused: signed by the key for boards", _published(other), "BadSignature"),
        ("refused_other_label", "Refused: signed under the label of bulletins", _published(under), "BadSignature"),
        ("refused_size", "Refused: a byte shorter than its ladder's size", _published(_signed(pad=shorter)),
         "WrongSize"),
        ("refused_pad", "Refused: something in the padding", _published(_signed(pad=hidden)),
         "WrongSize"),
        ("refused_nothing", "Refused: no bytes at all", _published(good, publication=""), "WrongSize"),
    ):  # fmt: skip
        book.add(f"publication/{name}", f"12 {about}.", "publication/verify", value, refused)


def _pad(data: bytes) -> int:
    return len(str(documents.decode(data, limit=len(data))["body"]["pad"]))


def _publication_values(book: Book) -> None:
    notice = {"language": "nl", "text": "Gesloten."}
    adviser = {"name": "A. Adviser", "region": "Europe", "languages": "nl", "contact": "12"}
    for name, about, changes, refused in (
        ("version_2", "a version that there is not", {"version": 2}, "Malformed"),
        ("unknown_field", "a field that there is not", {"visitors": 3}, "Malformed"),
        ("fact_number", "a fact that is a number", {"facts": {"a": 1}}, "Malformed"),
        ("figure_negative", "a negative figure", {"figures": {"a": -1}}, "Malformed"),
        ("figure_text", "a figure that is a text", {"figures": {"a": "1"}}, "Malformed"),
        ("21_notices", "21 notices", {"notices": [notice] * 21}, "Malformed"),
        ("notice_too_long", "a notice of 4,001 bytes", {"notices": [{**notice, "text": "a" * 4001}]}, "TooLong"),
        ("notice_unknown_field", "a field of a notice that there is not", {"notices": [{**notice, "link": ""}]},
         "Malformed"),
        ("adviser_field_missing", "an adviser without a region", {
            "advisers": [{name: value for name, value in adviser.items() if name != "region"}]}, "Malformed"),
        ("201_facts", "201 facts", {"facts": {f"{place}": "" for place in range(201)}}, "TooLong"),
        ("day_negative", "a day before 1970", {"issued_day": -1}, "Malformed"),
    ):  # fmt: skip
        value = _published(_signed(**changes))
        book.add(f"publication/refused_{name}", f"12 Refused: {about}.", "publication/verify", value, refused)
