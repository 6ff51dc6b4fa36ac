"""Section 8: whole envelopes. HPKE and Cobblestone-256 draw their own randomness: these are made once and frozen."""

import hashlib
from collections.abc import Callable
from typing import Any

from dropbox.protocol import bulletin, envelope, labels, payload, primitives, sealed_file, sizes, upload_name
from tests.vectors.making import payloads
from tests.vectors.making.book import Book
from tests.vectors.making.world import (
    BULLETIN,
    DAY,
    INSTANCE,
    NOW,
    PREKEYS,
    RECIPIENTS,
    REPORTER,
    ROOT,
    ROOT_HEX,
    signed_bulletin,
    stream,
)  # fmt: skip

SLOT_0, SLOT_1 = sizes.PREFIX, sizes.PREFIX + sizes.SLOT
SALT, COMMITMENT, CHUNK = sizes.HEADER, sizes.HEADER + 24, sizes.HEADER + 56
FIRST, LATER = "envelope_first", "envelope_later"
REVISED_BYTES = signed_bulletin(revision=1)
REVISED = bulletin.verify_bulletin(REVISED_BYTES, ROOT.public, NOW)


def written(name: str, head: payload.Head, files: dict[str, bytes], left_out: tuple[bytes, ...] = ()) -> bytes:
    """An envelope as a reporter's client writes it."""
    writer = envelope.EnvelopeWriter(BULLETIN, REPORTER.auth, stream(name), left_out)
    parts = [writer.begin(head, payload.Message(payloads.TEXT, category="fraud", ongoing="yes", language="nl"))]
    for title, data in files.items():
        parts += [writer.begin_file(title), writer.file_data(data), writer.end_file()]
    return b"".join([*parts, *writer.finish()])


def crafted(
    name: str,
    frames: Callable[[bytes], bytes],
    *,
    of: bulletin.Bulletin = BULLETIN,
    shorter: int = 0,
    other: bool = False,
) -> bytes:
    """An envelope of 16 KiB as somebody writes it who does not keep to the rules. ``frames`` is given the hash of
    prefix and slots; ``shorter`` leaves out so many bytes of padding; ``other`` gives the second recipient another key.
    """
    random = stream(name)
    prefix = sizes.Prefix(DAY, BULLETIN.revision, random(sizes.ENVELOPE_ID)).to_bytes()
    key, throw_away = random(32), primitives.throw_away_xwing_public()
    slots = envelope.seal_slots(of, prefix, key, (), throw_away, random)
    if other:
        info = envelope.slot_info(INSTANCE, prefix, of.hash, 1)
        changed = primitives.hpke_seal(PREKEYS[1].public, info, random(32))
        slots = slots[: sizes.SLOT] + changed + slots[2 * sizes.SLOT :]
    header = prefix + slots
    stream_ = primitives.PayloadEncryptor(key, envelope.payload_context(header, of.hash))
    plaintext = frames(hashlib.sha256(header).digest())
    plaintext = plaintext.ljust(sizes.payload_plaintext(16 * sizes.KIB) - shorter, b"\0")
    return header + stream_.update(plaintext) + stream_.finalize()


def make(book: Book) -> None:
    """All of them."""
    _share(book)
    _opened(book)
    _altered(book)
    _sealed_files(book)
    _crafted(book)
    _slot_contexts(book)


def _share(book: Book) -> None:
    first = envelope.first_head(REPORTER, BULLETIN, payloads.MESSAGE_ID)
    later = envelope.later_head(REPORTER, stream("second message id")(16))
    one = envelope.first_head(REPORTER, BULLETIN, payloads.MESSAGE_ID, (RECIPIENTS[1],))
    files = {"grootboek.csv": payloads.DATA * 100}
    book.frozen(FIRST, "A first message with a file, to two recipients.", lambda: written(FIRST, first, files))
    book.frozen(LATER, "A later message of text alone.", lambda: written(LATER, later, {}))
    book.frozen("envelope_left_out", "A first message that the second recipient must not be able to open.",
                lambda: written("envelope_left_out", one, {}, (RECIPIENTS[1],)))  # fmt: skip


def given(shared: str, place: int = 0, *edits: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """The input of a vector: who opens, under which bulletin, what."""
    value: dict[str, Any] = {"shared": shared}
    if edits:
        value["edits"] = list(edits)
    plain = {"root": ROOT_HEX, "bulletin": {"shared": "bulletin"}, "recipient": RECIPIENTS[place].hex(),
             "seed": PREKEYS[place].seed.hex(), "envelope": value}  # fmt: skip
    return {**plain, **changes}


def _opened(book: Book) -> None:
    auth = {"auth": REPORTER.auth.hex()}
    for name, about, value in (
        ("first_recipient_0", "A first message, opened by the first recipient", given(FIRST)),
        ("first_recipient_1", "The same, opened by the second recipient", given(FIRST, 1)),
        ("later", "A later message", given(LATER, 0, **auth)),
        (
            "later_other_auth",
            "A later message held against another thread's key: not authentic, shown as a new report",
            given(LATER, 0, auth="00" * 32),
        ),
        (
            "left_out_recipient_0",
            "A message that leaves out the second recipient, opened by the first",
            given("envelope_left_out"),
        ),
    ):
        book.add(f"envelope/{name}", f"8 {about}.", "envelope/open", value)


def _sealed_files(book: Book) -> None:
    """Sections 13.1, 13.2: an envelope as a file.  What is in the envelope is not looked at: here it is zeros."""
    random = stream("sealed file")
    salt = random(sizes.UPLOAD_SALT)
    prefix = sizes.Prefix(DAY, BULLETIN.revision, random(sizes.ENVELOPE_ID)).to_bytes()
    small, large = 16 * sizes.KIB, 2 * sizes.MIB

    def envelope_of(size: int) -> list[Any]:
        return [prefix.hex(), {"zeros": size - sizes.PREFIX}]

    def given(size: int, *edits: dict[str, Any]) -> dict[str, Any]:
        content = upload_name.ContentHash()
        content.add(prefix + bytes(size - sizes.PREFIX))
        before = sealed_file.before_envelope(upload_name.UploadName.of(salt, content.hash)).hex()
        return {"file": {"parts": [before, *envelope_of(size)], **({"edits": [*edits]} if edits else {})}}

    for name, about, of in (
        ("one_chunk", "A content that is shorter than a chunk", envelope_of(small)),
        ("two_chunks", "A content of two whole chunks", envelope_of(large)),
        ("cut_chunk", "A content whose last chunk is one byte long", [{"zeros": sizes.MIB + 1}]),
        ("nothing", "No content", [{"zeros": 0}]),
    ):
        value = {"salt": salt.hex(), "content": {"parts": of}}
        book.add(f"upload-name/{name}", f"13.2 {about}, and the name bound to it.", "upload-name/of", value)

    for name, size in (("small", small), ("large", large)):
        book.add(
            f"sealed-file/{name}", f"13.1 A sealed file of {size} bytes and its head.", "sealed-file/read", given(size)
        )
    for name, about, refused, edit in (
        ("magic", "one bit of the magic", "UnknownVersion", {"at": 7, "xor": "03"}),
        ("bare_envelope", "an envelope without what stands before it", "UnknownVersion", {"slice": [56, 56 + small]}),
        ("envelope_magic", "one bit of the envelope's magic", "UnknownVersion", {"at": 63, "xor": "03"}),
        ("suite", "a suite that there is not", "UnknownVersion", {"at": 65, "xor": "03"}),
        ("cut_in_head", "it ends in its head", "WrongSize", {"keep": 87}),
        ("magic_alone", "nothing behind its magic", "WrongSize", {"keep": 8}),
        ("cut_in_magic", "it ends in its magic", "UnknownVersion", {"keep": 7}),
        ("cut_by_one", "the last byte is missing", "WrongSize", {"keep": -1}),
        ("extended", "a byte after the end", "WrongSize", {"append": "00"}),
        ("nothing", "no bytes at all", "UnknownVersion", {"keep": 0}),
        ("salt", "one bit of the salt", "DoesNotOpen", {"at": 8, "xor": "01"}),
        ("name", "one bit of the name", "DoesNotOpen", {"at": 24, "xor": "01"}),
        ("envelope", "one bit of the envelope", "DoesNotOpen", {"at": -1, "xor": "01"}),
    ):  # fmt: skip
        book.add(
            f"sealed-file/refused_{name}", f"13.1 Refused: {about}.", "sealed-file/read", given(small, edit), refused
        )


def _altered(book: Book) -> None:
    other_slot = {"shared": LATER, "edits": [{"slice": [SLOT_0, SLOT_1]}]}
    flip = "01"
    for name, about, refused, edit in (
        ("magic", "one bit of the magic", "UnknownVersion", {"at": 7, "xor": "03"}),
        ("suite", "a suite that there is not", "UnknownVersion", {"at": 9, "xor": "03"}),
        ("revision", "another revision in the prefix", "WrongInstance", {"at": 11, "xor": flip}),
        ("day", "another day in the prefix", "WrongInstance", {"at": 15, "xor": flip}),
        ("number_of_slots", "five slots in the prefix", "UnknownVersion", {"at": 17, "xor": flip}),
        ("envelope_id", "one bit of the envelope's id", "DoesNotOpen", {"at": 18, "xor": flip}),
        ("slot_lattice", "one bit of the ML-KEM ciphertext", "DoesNotOpen", {"at": SLOT_0, "xor": flip}),
        ("slot_curve", "one bit of the X25519 ciphertext", "DoesNotOpen", {"at": SLOT_0 + 1088, "xor": flip}),
        ("slot_curve_zero", "the X25519 ciphertext is of low order", "DoesNotOpen", {
            "at": SLOT_0 + 1088, "put": "00" * 32}),
        ("slot_key", "one bit of the sealed file key", "DoesNotOpen", {"at": SLOT_0 + 1120, "xor": flip}),
        ("slot_tag", "one bit of the slot's tag", "DoesNotOpen", {"at": SLOT_1 - 1, "xor": flip}),
        ("slot_of_another_recipient", "one bit of the other recipient's slot", "DoesNotOpen", {"at": SLOT_1,
                                                                                          "xor": flip}),
        ("slot_unused", "one bit of an unused slot", "DoesNotOpen", {"at": SALT - 1, "xor": flip}),
        ("slots_swapped", "the slots of both recipients are swapped", "DoesNotOpen", {
            "swap": [SLOT_0, SLOT_1, sizes.SLOT]}),
        ("slot_of_another_envelope", "the slot is that of another envelope", "DoesNotOpen", {
            "at": SLOT_0, "put": other_slot}),
        ("salt", "one bit of the payload's salt", "DoesNotOpen", {"at": SALT, "xor": flip}),
        ("commitment", "one bit of the commitment", "DoesNotOpen", {"at": COMMITMENT, "xor": flip}),
        ("payload_first_bit", "the first bit of the sealed frames", "DoesNotOpen", {"at": CHUNK, "xor": "80"}),
        ("payload_padding_bit", "a bit of the sealed padding", "DoesNotOpen", {"at": 16_000, "xor": flip}),
        ("payload_last_bit", "the last bit", "DoesNotOpen", {"at": -1, "xor": flip}),
        ("payload_of_another_envelope", "the payload is that of another envelope", "DoesNotOpen", {
            "at": SALT, "put": {"shared": LATER, "edits": [{"slice": [SALT, 16_384]}]}}),
        ("cut_by_one", "the last byte is missing", "DoesNotOpen", {"keep": 16_383}),
        ("cut_in_slots", "it ends among the slots", "DoesNotOpen", {"keep": 4_000}),
        ("cut_after_slots", "it ends where the payload begins", "DoesNotOpen", {"keep": SALT}),
        ("nothing", "no bytes at all", "DoesNotOpen", {"keep": 0}),
        ("extended", "a byte after the end", "DoesNotOpen", {"append": "00"}),
        ("extended_to_ladder", "zeros after the end, up to the next size of the ladder", "DoesNotOpen", {
            "append": {"zeros": 256 * 1024 - 16_384}}),
    ):  # fmt: skip
        book.add(f"envelope/refused_{name}", f"8 Refused: {about}.", "envelope/open", given(FIRST, 0, edit), refused)
    for name, about, refused, value in (
        ("left_out", "a recipient who was left out", "DoesNotOpen", given("envelope_left_out", 1)),
        ("prekey_of_another_day", "the prekey of another day", "DoesNotOpen", given(FIRST, 0, seed="00" * 32)),
        ("recipient_unknown", "a recipient whom the bulletin does not name", "WrongInstance", given(
            FIRST, 0, recipient="00" * 16)),
        ("slot_moved", "the second recipient's key on the first slot", "DoesNotOpen", given(
            FIRST, 0, seed=PREKEYS[1].seed.hex())),
        ("other_revision", "held against a bulletin of the same day with another revision", "WrongInstance", given(
            FIRST, 0, bulletin={"text": REVISED_BYTES.decode()})),
        ("other_bulletin", "held against another bulletin of the same day and revision", "DoesNotOpen", given(
            FIRST, 0, bulletin={"text": signed_bulletin(board_period=60).decode()})),
    ):  # fmt: skip
        book.add(f"envelope/refused_{name}", f"8 Refused: {about}.", "envelope/open", value, refused)


def _crafted(book: Book) -> None:
    later = payloads.HEAD + payloads.MESSAGE
    auth = REPORTER.auth

    def ended(frames: bytes) -> Callable[[bytes], bytes]:
        return lambda header_hash: payloads.ended(frames, header_hash)

    def add(name: str, about: str, refused: str | None, frames: Callable[[bytes], bytes], **how: Any) -> None:  # noqa: ANN401 -- what crafted takes
        shared = f"envelope_{name}"
        book.frozen(shared, f"Sealed rightly, but: {about}.", lambda: crafted(shared, frames, **how))
        place = 1 if name == "two_keys" else 0
        title = f"envelope/refused_{name}" if refused else f"envelope/{name}"
        value = given(shared, place, auth=auth.hex())
        book.add(title, f"8 {'Refused: ' if refused else 'It opens, but '}{about}.", "envelope/open", value, refused)

    mac = payloads.hash_of_hashes(payloads.cut(later))
    add("padding", "the padding is not zeros", "Malformed",
        lambda header_hash: payloads.ended(later, header_hash) + bytes(5000) + b"hidden")  # fmt: skip
    add("end_missing", "no end, although all of the payload is there", "UnknownVersion", lambda _: later)
    add("off_ladder", "a size 16 bytes below the ladder", "WrongSize", ended(later), shorter=16)
    add("file_hash", "a file whose hash is another", "DoesNotOpen", ended(
        later + payloads.begin_file("a") + payloads.frame(4, b"1") + payloads.end_file(b"2")))  # fmt: skip
    add("name_not_clean", "a file name with a folder", "Malformed", ended(
        later + payloads.begin_file("/etc/passwd") + payloads.end_file(b"")))  # fmt: skip
    add("sealed_under_other_bulletin", "sealed under the hash of another bulletin", "DoesNotOpen", ended(later),
        of=REVISED)  # fmt: skip
    add("two_keys", "the second recipient's slot holds another key than the first one's", "DoesNotOpen", ended(later),
        other=True)  # fmt: skip
    add("mac_of_another_envelope", "its MAC is over the slots of another envelope: it is shown as a new report", None,
        lambda _: payloads.ended(later, bytes(32)))  # fmt: skip
    add("mac_under_other_label", "its MAC has the label of another use: it is shown as a new report", None,
        lambda header_hash: later + payloads.frame(6, primitives.hmac_sha256(
            auth, labels.CHAIN_MESSAGE, header_hash, mac)))  # fmt: skip


def _slot_contexts(book: Book) -> None:
    value = {
        "header": {"shared": FIRST, "edits": [{"keep": sizes.HEADER}]},
        "instance": INSTANCE.hex(),
        "bulletin_hash": BULLETIN.hash.hex(),
    }
    book.add("envelope/contexts", "8.2 What slots and payload are bound to.", "envelope/slots", value)
