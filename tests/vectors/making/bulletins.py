"""Sections 4 to 6: canonical JSON, certificates, bulletins."""

import json
from typing import Any

from dropbox.protocol import documents, keys, labels, secret_keys, sizes
from tests.vectors.making.book import Book
from tests.vectors.making.world import (
    CERTIFIED,
    DAY,
    INSTANCE,
    NOW,
    OTHER_ROOT,
    PREKEYS,
    RECIPIENTS,
    ROOT,
    ROOT_HEX,
    SIGNERS,
    bulletin_body,
    certificate,
    recipient,
    root_sign,
    signed_bulletin,
    stream,
)  # fmt: skip

_ED25519_ORDER = (1 << 252) + 27742317777372353535851937790883648493
_P = (1 << 255) - 19


def make(book: Book) -> None:
    """All of them."""
    _documents(book)
    _certificates(book)
    _bulletins(book)
    _bulletin_chain(book)
    _bulletin_spelling(book)
    _bulletin_values(book)
    _bulletin_keys(book)


def _documents(book: Book) -> None:
    for name, about, text in (
        ("empty", "The smallest document", "{}"),
        ("sorted", "Keys in order of their code points", '{"A":1,"B":[true,false,null],"a":{"b":-1}}'),
        ("characters", "Characters stand for themselves, but for these escapes",
         '{"a":"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f/\u007f\u00e9\u20ac\U0001f600"}'),
        ("largest_integer", "The largest integer", '{"a":9007199254740991,"b":-9007199254740991}'),
    ):  # fmt: skip
        book.add(f"document/{name}", f"4.1 {about}.", "document/decode", {"document": {"text": text}})
    deep = '{"a":' * 9 + "{}" + "}" * 9
    for name, about, text, refused in (
        ("space", "a space after a colon", '{"a": 1}', "NotCanonical"),
        ("keys_unsorted", "keys out of order", '{"b":1,"a":2}', "NotCanonical"),
        ("key_twice", "one key twice", '{"a":1,"a":1}', "NotCanonical"),
        ("escape_not_needed", "a letter as an escape", '{"a":"\\u0061"}', "NotCanonical"),
        ("escape_upper_case", "an escape in upper case", '{"a":"\\u001F"}', "NotCanonical"),
        ("escaped_slash", "an escaped slash", '{"a":"\\/"}', "NotCanonical"),
        ("line_end_after", "a line end after the document", "{}\n", "NotCanonical"),
        ("minus_zero", "minus zero", '{"a":-0}', "NotCanonical"),
        ("fraction", "a number with a fraction", '{"a":1.0}', "Malformed"),
        ("exponent", "a number with an exponent", '{"a":1e2}', "Malformed"),
        ("not_a_number", "NaN, which some parsers read", '{"a":NaN}', "Malformed"),
        ("integer_too_large", "an integer that a double does not hold", '{"a":9007199254740992}', "Malformed"),
        ("array", "an array instead of an object", "[]", "Malformed"),
        ("nothing", "no bytes at all", "", "Malformed"),
        ("trailing", "a second document after the first", "{}{}", "Malformed"),
        ("key_not_ascii", "a key that is not ASCII", '{"\u00e9":1}', "Malformed"),
        ("half_a_character", "half of a surrogate pair, as an escape", '{"a":"\\ud800"}', "Malformed"),
        ("too_deep", "nine objects inside one another", deep, "Malformed"),
    ):
        book.add(f"document/refused_{name}", f"4.1 Refused: {about}.", "document/decode",
                 {"document": {"text": text}}, refused)  # fmt: skip
    for name, about, given, refused in (
        ("not_utf8", "a byte that is not UTF-8", {"document": "7b2261223a22ff227d"}, "Malformed"),
        ("byte_order_mark", "a byte order mark", {"document": "efbbbf7b7d"}, "Malformed"),
        ("too_long", "more bytes than the kind allows", {"document": {"text": '{"a":1}'}, "limit": 6}, "TooLong"),
    ):
        book.add(f"document/refused_{name}", f"4.1 Refused: {about}.", "document/decode", given, refused)


def _certificate_bytes(**changes: Any) -> bytes:  # noqa: ANN401 -- what JSON holds
    body = {**certificate(keys.Role.BOARD)["body"], **changes}
    return documents.sign_document("certificate", body, root_sign)


def _certificates(book: Book) -> None:
    def add(name: str, about: str, data: bytes, refused: str | None = None, root: bytes = ROOT.public.raw) -> None:
        book.add(f"certificate/{name}", f"5.2 {about}.", "certificate/verify",
                 {"root": root.hex(), "certificate": {"text": data.decode()}}, refused)  # fmt: skip

    add("board_key", "A certificate for the key that signs boards", _certificate_bytes())
    box = {"key": documents.to_base64(PREKEYS[2].public), "role": "ministry-card-box"}
    add("ministry_card_box", "A certificate for an X-Wing key", _certificate_bytes(**box))
    add("refused_other_root", "Refused: signed by another root", documents.sign_document(
        "certificate", certificate(keys.Role.BOARD)["body"],
        lambda body: secret_keys._sign(OTHER_ROOT.seed, labels.SIGN_CERTIFICATE + body)), "BadSignature")  # fmt: skip
    add("refused_other_label", "Refused: signed under the label of bulletins", documents.sign_document(
        "certificate", certificate(keys.Role.BOARD)["body"],
        lambda body: secret_keys._sign(ROOT.seed, labels.SIGN_BULLETIN + body)), "BadSignature")  # fmt: skip
    add("refused_other_instance", "Refused: of another instance", _certificate_bytes(instance="00" * 16),
        "WrongInstance")  # fmt: skip
    for name, about, changes in (
        ("days_out_of_order", "its last day is before its first", {"not_before": DAY, "not_after": DAY - 1}),
        ("role_unknown", "a role that there is not", {"role": "gateway"}),
        ("version_2", "a version that there is not", {"version": 2}),
        ("version_true", "true instead of 1", {"version": True}),
        ("unknown_field", "a field that there is not", {"path_length": 1}),
        ("key_31_bytes", "an Ed25519 key of 31 bytes", {"key": documents.to_base64(bytes(31))}),
        ("ed25519_key_for_xwing_role", "an Ed25519 key for a role that has an X-Wing key", {
            "role": "ministry-card-box"}),
        ("xwing_key_for_ed25519_role", "an X-Wing key for a role that signs", {**box, "role": "board"}),
    ):  # fmt: skip
        add(f"refused_{name}", f"Refused: {about}", _certificate_bytes(**changes), "Malformed")
    _signatures(book, add)


def _signatures(_book: Book, add: Any) -> None:  # noqa: ANN401 -- a local function
    good = documents.decode(_certificate_bytes(), limit=4096)
    raw = documents.from_base64(good["signatures"][0]["sig"])
    scalar = (int.from_bytes(raw[32:], "little") + _ED25519_ORDER).to_bytes(32, "little")

    def with_signature(signature: bytes) -> bytes:
        return documents.encode({**good, "signatures": [{"alg": "ed25519", "sig": documents.to_base64(signature)}]})

    add("refused_second_scalar", "Refused: the signature's scalar is not reduced, which would be a second valid "
        "signature", with_signature(raw[:32] + scalar), "BadSignature")  # fmt: skip
    add("refused_signature_cut", "Refused: a signature of 63 bytes", with_signature(raw[:63]), "BadSignature")
    add("refused_signature_bit", "Refused: one bit of the signature is another",
        with_signature(bytes([raw[0] ^ 1]) + raw[1:]), "BadSignature")  # fmt: skip
    low_order = b"\x01" + bytes(31)
    body = {**good["body"], "instance": keys.RootPublicKey(low_order).instance.hex()}
    forged = {"body": body, "signatures": [{"alg": "ed25519", "sig": documents.to_base64(low_order + bytes(32))}],
              "type": "certificate"}  # fmt: skip
    add("refused_root_of_small_order", "Refused: a root key of small order, under which everybody can sign",
        documents.encode(forged), "BadSignature", root=low_order)  # fmt: skip
    second_good = {"alg": "ed25519", "sig": documents.to_base64(bytes(64))}
    both = documents.encode({**good, "signatures": [second_good, *good["signatures"]]})
    add("two_signatures", "Of two signatures one is by the right key", both)
    for name, about, outer, refused in (
        ("no_signature", "no signature at all", {**good, "signatures": []}, "Malformed"),
        ("nine_signatures", "nine signatures", {**good, "signatures": good["signatures"] * 9}, "Malformed"),
        ("algorithm_unknown", "an algorithm that there is not", {
            **good, "signatures": [{**good["signatures"][0], "alg": "none"}]}, "Malformed"),
        ("type_of_bulletin", "the type of another kind of document", {**good, "type": "bulletin"}, "Malformed"),
        ("unsigned_field", "a field beside the body", {**good, "comment": ""}, "Malformed"),
        ("body_changed", "the body is another than was signed", {
            **good, "body": {**good["body"], "not_after": DAY + 999}}, "BadSignature"),
    ):  # fmt: skip
        add(f"refused_{name}", f"Refused: {about}", documents.encode(outer), refused)
    second = json.dumps(good["signatures"][0]["sig"])
    spelled = documents.encode(good).decode().replace(second, second.replace('=="', '="'), 1)
    add("refused_base64_without_padding", "Refused: base64 without its last sign", spelled.encode(), "Malformed")
    last = good["signatures"][0]["sig"][-3]
    other = chr(ord(last) + 1)
    again = {**good, "signatures": [{"alg": "ed25519", "sig": good["signatures"][0]["sig"][:-3] + other + "=="}]}
    add("refused_base64_spare_bits", "Refused: base64 whose spare bits are not zeros", documents.encode(again),
        "NotCanonical")  # fmt: skip


def _add(book: Book, name: str, about: str, data: bytes, refused: str | None = None, now: int = NOW) -> None:
    book.add(f"bulletin/{name}", f"6 {about}.", "bulletin/verify",
             {"root": ROOT_HEX, "now": now, "bulletin": {"text": data.decode()}}, refused)  # fmt: skip


def _bulletins(book: Book) -> None:
    good = signed_bulletin()
    book.share("bulletin", "The bulletin of the day for two recipients, that most vectors are of.", good)
    tolerance = sizes.CLOCK_TOLERANCE
    start, end = DAY * sizes.DAY - tolerance, (DAY + 1) * sizes.DAY + tolerance
    given = {"root": ROOT_HEX, "bulletin": {"shared": "bulletin"}}
    for name, about, now, refused in (
        ("daily", "A bulletin in the middle of its day", NOW, None),
        ("first_second", "In the first second in which it counts", start, None),
        ("last_second", "In the last second in which it counts", end - 1, None),
        ("refused_too_early", "Refused: more than 12 hours before its day", start - 1, "OutsideDates"),
        ("refused_too_late", "Refused: 12 hours after its day", end, "OutsideDates"),
        ("refused_a_year_later", "Refused: a clock that is a year off", NOW + 365 * sizes.DAY, "OutsideDates"),
    ):
        book.add(f"bulletin/{name}", f"6 {about}.", "bulletin/verify", {**given, "now": now}, refused)
    _add(book, "fallback_one_recipient", "A fallback bulletin for one recipient, with the hash of a previous one and "
         "of a bundle", signed_bulletin(kind="fallback", recipients=[recipient(0)], revision=3,
                                        previous=stream("previous")(32).hex(),
                                        browser_bundle=stream("bundle")(32).hex()))  # fmt: skip
    four = [recipient(0), recipient(1), recipient(2),
            {"id": stream("fourth")(16).hex(), "prekey": recipient(0)["prekey"]}]  # fmt: skip
    _add(book, "four_recipients", "Four recipients, as many as there are slots", signed_bulletin(recipients=four))
    _add(book, "two_bulletin_keys", "Two certified bulletin keys: the signature may be by either", signed_bulletin(
        certificates=[_certified_other_key(), *(certificate(role) for role in CERTIFIED)]))  # fmt: skip


def _certified_other_key() -> documents.Json:
    data = ROOT.certify(keys.Role.BULLETIN, SIGNERS[keys.Role.OUTCOME].public, DAY, DAY)
    return documents.decode(data, limit=len(data))


def _bulletin_chain(book: Book) -> None:
    _add(book, "refused_signed_by_board_key", "Refused: signed by a key that is certified for boards",
         signed_bulletin(keys.Role.BOARD), "BadSignature")  # fmt: skip
    _add(book, "refused_signed_by_nobody_known", "Refused: signed by a key that nobody certified",
         signed_bulletin(keys.Role.CARD), "BadSignature")  # fmt: skip
    under_other_label = documents.sign_document(
        "bulletin", bulletin_body(),
        lambda body: secret_keys._sign(SIGNERS[keys.Role.BULLETIN].seed, labels.SIGN_BOARD + body))  # fmt: skip
    _add(book, "refused_other_label", "Refused: signed by the right key under the label of boards",
         under_other_label, "BadSignature")  # fmt: skip
    rest = [certificate(role) for role in CERTIFIED[1:]]
    _add(book, "refused_no_bulletin_certificate", "Refused: no certificate for the bulletin key",
         signed_bulletin(certificates=rest), "BadSignature")  # fmt: skip
    for name, about, first, last in (
        ("certificate_expired", "the bulletin key's certificate ended the day before", DAY - 9, DAY - 1),
        ("certificate_not_yet_valid", "the bulletin key's certificate begins the day after", DAY + 1, DAY + 9),
    ):
        changed = [certificate(keys.Role.BULLETIN, first, last), *rest]
        _add(book, f"refused_{name}", f"Refused: {about}", signed_bulletin(certificates=changed), "OutsideDates")
    forged = [certificate(role, root=OTHER_ROOT) for role in CERTIFIED]
    forged = [{**one, "body": {**one["body"], "instance": INSTANCE.hex()}} for one in forged]
    _add(book, "refused_certificates_by_other_root", "Refused: the certificates are signed by another root",
         signed_bulletin(certificates=forged), "BadSignature")  # fmt: skip
    of_other = [certificate(role, root=OTHER_ROOT) for role in CERTIFIED]
    _add(book, "refused_of_another_instance", "Refused: a whole bulletin of another instance", signed_bulletin(
        instance=OTHER_ROOT.public.instance.hex(), certificates=of_other), "WrongInstance")  # fmt: skip
    good = signed_bulletin().decode()
    _add(book, "refused_revision_changed", "Refused: the revision is another than was signed",
         good.replace('"revision":0', '"revision":1').encode(), "BadSignature")  # fmt: skip


def _bulletin_spelling(book: Book) -> None:
    good = signed_bulletin().decode()
    _add(book, "refused_space", "Refused: readable, but not canonical", good.replace('"day":', '"day": ').encode(),
         "NotCanonical")  # fmt: skip
    _add(book, "refused_day_twice", "Refused: the day stands in it twice, the signed one last",
         good.replace('"day":', f'"day":{DAY + 1},"day":').encode(), "NotCanonical")  # fmt: skip
    cut = {"root": ROOT_HEX, "now": NOW, "bulletin": {"shared": "bulletin", "edits": [{"keep": len(good) - 1}]}}
    book.add("bulletin/refused_cut", "6 Refused: its last byte is missing.", "bulletin/verify", cut, "Malformed")
    long = {**cut, "bulletin": {"shared": "bulletin", "edits": [{"append": {"zeros": 64 * sizes.KIB}}]}}
    book.add("bulletin/refused_too_long", "6 Refused: longer than 64 KiB.", "bulletin/verify", long, "TooLong")


def _bulletin_values(book: Book) -> None:
    ladder = list(sizes.ENVELOPE_LADDER)
    for name, about, changes in (
        ("unknown_field", "a field that there is not", {"witnesses": []}),
        ("version_2", "a version that there is not", {"version": 2}),
        ("ladder_short", "a ladder without its last size", {"ladder": ladder[:-1]}),
        ("ladder_finer", "a ladder with a size between, which would tell envelopes apart", {
            "ladder": [ladder[0], 65_536, *ladder[1:]]}),
        ("kind_unknown", "a kind that there is not", {"kind": "weekly"}),
        ("day_negative", "a day before 1970", {"day": -1}),
        ("day_as_text", "the day as a text", {"day": str(DAY)}),
        ("revision_too_large", "a revision that the prefix cannot carry", {"revision": 65_536}),
        ("board_period_short", "a board every four seconds", {"board_period": 4}),
        ("board_period_long", "a board less often than daily", {"board_period": 86_401}),
        ("previous_short", "the hash of the previous bulletin has 31 bytes", {"previous": "00" * 31}),
        ("previous_upper_case", "hexadecimal digits in upper case", {"previous": "AB" * 32}),
        ("bundle_short", "the hash of the bundle has 31 bytes", {"browser_bundle": "00" * 31}),
        ("no_recipient", "no recipient", {"recipients": []}),
        ("five_recipients", "five recipients", {
            "recipients": [{**recipient(0), "id": f"{place:032x}"} for place in range(5)]}),
        ("recipient_twice", "one recipient twice", {"recipients": [recipient(0), recipient(0)]}),
        ("recipient_unknown_field", "a field of a recipient that there is not", {
            "recipients": [{**recipient(0), "name": "desk"}]}),
        ("recipient_id_short", "a recipient named by 15 bytes", {
            "recipients": [{**recipient(0), "id": RECIPIENTS[0][:15].hex()}]}),
        ("no_certificates", "no certificates at all", {"certificates": []}),
        ("seventeen_certificates", "seventeen certificates", {
            "certificates": [certificate(keys.Role.BULLETIN)] * 17}),
    ):  # fmt: skip
        refused = "Malformed"
        _add(book, f"refused_{name}", f"Refused: {about}", signed_bulletin(**changes), refused)
    missing = bulletin_body()
    del missing["previous"]
    data = documents.sign_document("bulletin", missing, SIGNERS[keys.Role.BULLETIN].sign)
    _add(book, "refused_field_missing", "Refused: without the hash of the previous bulletin", data, "Malformed")


def _bulletin_keys(book: Book) -> None:
    kem = PREKEYS[0].public[:1184]
    curve = PREKEYS[0].public[1184:]
    high_bit = bytes([*curve[:31], curve[31] | 0x80])
    for name, about, prekey in (
        ("prekey_short", "a prekey of 1,215 bytes", PREKEYS[0].public[:-1]),
        ("prekey_long", "a prekey of 1,217 bytes", PREKEYS[0].public + b"\0"),
        ("prekey_point_zero", "the X25519 part is the point 0, of low order", kem + bytes(32)),
        ("prekey_point_one", "the X25519 part is the point 1, of low order", kem + b"\x01" + bytes(31)),
        ("prekey_point_order_8", "the X25519 part is a point of order 8", kem + bytes.fromhex(
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
        ("prekey_point_p_minus_1", "the X25519 part is p - 1, of low order", kem + (_P - 1).to_bytes(32, "little")),
        ("prekey_point_not_reduced", "the X25519 part is p + 9, a second spelling of the base point",
         kem + (_P + 9).to_bytes(32, "little")),
        ("prekey_point_high_bit", "the X25519 part has its highest bit set, a second spelling", kem + high_bit),
        ("prekey_lattice_not_reduced", "a coefficient of the ML-KEM part is not below 3,329", b"\xff\xff\xff" + kem[3:]
         + curve),
    ):  # fmt: skip
        data = signed_bulletin(recipients=[recipient(0, prekey)])
        _add(book, f"refused_{name}", f"Refused: {about}", data, "Malformed")
