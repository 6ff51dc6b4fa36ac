"""The frozen vectors, read by a client that was written from the specification alone."""

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from mnemonic import Mnemonic

from tests.vectors import second_reading
from tests.vectors.runner import Vector, load
from tests.vectors.values import to_bytes

VECTORS = {vector.name: vector for vector in load()}


def value(vector: Vector, name: str) -> bytes:
    return to_bytes(vector.input[name], vector.shared)


def of(operation: str) -> list[Vector]:
    found = [vector for vector in VECTORS.values() if vector.operation == operation and vector.refused is None]
    assert found
    return found


def test_receipts() -> None:
    for vector in of("receipt/show"):
        words = list(Mnemonic(vector.input["language"]).wordlist)
        entropy = value(vector, "entropy")
        assert vector.output["words"] == second_reading.receipt_words(entropy, words)
        assert vector.output["digits"] == second_reading.receipt_digits(entropy)


def test_root_and_its_fingerprint() -> None:
    for vector in of("root/fingerprint"):
        root = value(vector, "root")
        fingerprint = hashlib.sha256(second_reading.label("root/fingerprint") + root).digest()
        number, words = int.from_bytes(fingerprint, "big") >> 124, Mnemonic("english").wordlist
        assert vector.output["instance"] == hashlib.sha256(root).hexdigest()[:32]
        assert vector.output["fingerprint"] == fingerprint.hex()
        assert vector.output["words"].split() == [words[number >> 11 * place & 2047] for place in reversed(range(12))]


def test_keys_of_threads() -> None:
    for vector in of("keys/derive"):
        made = second_reading.thread(value(vector, "entropy"), value(vector, "instance"), value(vector, "recipient"))
        wanted = vector.output
        assert [made.tid.hex(), made.auth.hex(), made.secret.hex()] == [
            wanted["thread_id"], wanted["auth"], wanted["reply_secret"]]  # fmt: skip
        assert [made.public.hex(), made.chain.hex(), made.tag_key.hex()] == [
            wanted["reply_public"], wanted["chain_0"], wanted["tag_key"]]  # fmt: skip


def test_heads_of_sealed_files() -> None:
    for vector in of("sealed-file/read"):
        data = value(vector, "file")
        assert data[:8] == b"DBXSEA01"
        assert data[56:64] == b"DBXENV01"
        name = second_reading.upload_name(data[8:24], data[56:])[1]
        assert data[24:56] == name
        day = int.from_bytes(data[68:72], "big")
        wanted = {"name": name.hex(), "salt": data[8:24].hex(), "day": day, "envelope": len(data) - 56}
        assert vector.output == wanted


def test_names_that_are_bound_to_a_content() -> None:
    for vector in of("upload-name/of"):
        content, name = second_reading.upload_name(value(vector, "salt"), value(vector, "content"))
        assert vector.output == {"content_hash": content.hex(), "name": name.hex()}


def test_hashes_of_bulletins() -> None:
    for vector in of("bulletin/verify"):
        data = value(vector, "bulletin")
        assert second_reading.bulletin_hash(data).hex() == vector.output["hash"]


def test_signature_of_a_certificate() -> None:
    vector = VECTORS["certificate/board_key"]
    signature, body = second_reading.document_signature(value(vector, "certificate"))
    root = Ed25519PublicKey.from_public_bytes(value(vector, "root"))
    root.verify(signature, second_reading.label("sign/certificate") + body)


def test_envelopes_open() -> None:
    for vector in of("envelope/open"):
        bulletin = json.loads(value(vector, "bulletin"))["body"]
        names = [recipient["id"] for recipient in bulletin["recipients"]]
        slot = names.index(vector.input["recipient"])
        opened = second_reading.open_envelope(
            value(vector, "envelope"), value(vector, "bulletin"), bytes.fromhex(bulletin["instance"]),
            value(vector, "seed"), slot,
        )  # fmt: skip
        head = json.loads(opened.frames[0][1])
        assert opened.header_hash.hex() == vector.output["header_hash"]
        assert head["thread"] == vector.output["events"][0]["head"]["thread"]
        assert json.loads(opened.frames[1][1])["text"] == vector.output["events"][1]["message"]["text"]
        auth = bytes.fromhex(vector.input.get("auth") or vector.output["events"][0]["head"]["auth"])
        assert (opened.message_mac(auth) == opened.frames[-1][1]) is vector.output["authentic"]
        data = b"".join(body for kind, body in opened.frames if kind == 4)
        files = [event["sha256"] for event in vector.output["events"] if "sha256" in event]
        assert files in ([], [hashlib.sha256(data).hexdigest()])


def test_a_dialogue_is_read_from_a_board() -> None:
    vector = VECTORS["dialogue/read"]
    board, instance = value(vector, "board"), value(vector, "instance")
    recipient = board[24:40]
    key = Ed25519PublicKey.from_public_bytes(to_bytes(vector.input["board_keys"][0], vector.shared))
    key.verify(board[-64:], second_reading.signed_bytes(board))
    kept = second_reading.thread(value(vector, "entropy"), instance, recipient)
    inner = second_reading.find(board, kept, 700)
    bodies = {
        number: second_reading.open_record(kept, instance, recipient, number, sealed)
        for number, sealed in inner.items()
    }
    notes: list[Any] = []
    for number, body in bodies.items():
        if body[1] == 0:
            parts = [bodies[number + place] for place in range(body[2])]
            notes.append((number, *second_reading.note(parts)))
    kinds = ["", "acknowledgement", "reply", "status", "question", "notice"]
    wanted = vector.output[0]["notes"]
    assert [(one["number"], kinds.index(one["kind"]), one["day"], one["note"]) for one in wanted] == notes


def test_cards_open() -> None:
    for vector in of("card/open"):
        body = second_reading.open_card(value(vector, "seed"), value(vector, "instance"), value(vector, "card"))
        assert vector.output == {body["kind"]: body["content"]}
