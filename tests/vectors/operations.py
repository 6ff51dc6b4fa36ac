"""What a vector can ask of the protocol. Inputs and outputs are what JSON holds; bytes are written as in ``values``."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dropbox.protocol import (
    board,
    board_head,
    bulletin,
    canary,
    card,
    cosignature,
    decapsulation,
    documents,
    envelope,
    errors,
    file_names,
    keys,
    labels,
    observation,
    opening,
    payload,
    primitives,
    publication,
    receipt,
    reply,
    sealed_file,
    secret_keys,
    sizes,
    thread,
    upload_name,
)  # fmt: skip
from dropbox.reporter import exchange
from tests.vectors.story import Story
from tests.vectors.values import Json, Shared, to_bytes

Input = Mapping[str, Any]
Operation = Callable[[Input, Shared], Any]


def sha256(data: bytes) -> str:
    """For outputs too long to write down."""
    return hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------------------------------- receipt and derivation


def receipt_show(given: Input, shared: Shared) -> Json:
    """The spellings of a receipt."""
    made = receipt.Receipt(to_bytes(given["entropy"], shared))
    return {"words": " ".join(made.words(given["language"])), "digits": made.digits()}


def receipt_parse(given: Input, shared: Shared) -> Json:
    """What a person typed."""
    del shared
    return {"entropy": receipt.parse_receipt(given["typed"]).entropy.hex()}


def fingerprint(given: Input, shared: Shared) -> Json:
    """A root key's instance and its fingerprint, as bytes and as words."""
    root = keys.RootPublicKey(to_bytes(given["root"], shared))
    words = " ".join(receipt.fingerprint_words(root.fingerprint))
    return {"instance": root.instance.hex(), "fingerprint": root.fingerprint.hex(), "words": words}


def derive(given: Input, shared: Shared) -> Json:
    """Everything that comes from a receipt in one instance, for one recipient."""
    instance, recipient = to_bytes(given["instance"], shared), to_bytes(given["recipient"], shared)
    reporter = thread.ReporterKeys.derive(receipt.Receipt(to_bytes(given["entropy"], shared)), instance)
    reply_keys = reporter.reply_keys(recipient)
    return {
        "master": reporter._master.hex(),
        "thread_id": reporter.thread_id.hex(),
        "auth": reporter.auth.hex(),
        "reply_secret": reporter.reply_secret(recipient).hex(),
        "reply_public": reply_keys.public.hex(),
        "chain_0": reply_keys.chain.hex(),
        "chain_1": thread.advance(reply_keys.chain, 1).hex(),
        "chain_200": thread.advance(reply_keys.chain, 200).hex(),
        "tag_key": reply_keys.tag_key.hex(),
    }


# --------------------------------------------------------------------------------------------------------- documents


def document_decode(given: Input, shared: Shared) -> Json:
    """Canonical JSON."""
    return documents.decode(to_bytes(given["document"], shared), limit=given.get("limit", 64 * sizes.KIB))


def certificate_verify(given: Input, shared: Shared) -> Json:
    """A certificate by the root."""
    root = keys.RootPublicKey(to_bytes(given["root"], shared))
    made = keys.verify_certificate(to_bytes(given["certificate"], shared), root)
    return {"role": str(made.role), "key": made.key.hex(), "not_before": made.not_before, "not_after": made.not_after}


def _bulletin(given: Input, shared: Shared) -> bulletin.Bulletin:
    root = keys.RootPublicKey(to_bytes(given["root"], shared))
    return bulletin.verify_stored_bulletin(to_bytes(given["bulletin"], shared), root)


def bulletin_verify(given: Input, shared: Shared) -> Json:
    """A bulletin, with the whole chain and the time."""
    root = keys.RootPublicKey(to_bytes(given["root"], shared))
    made = bulletin.verify_bulletin(to_bytes(given["bulletin"], shared), root, given["now"])
    return {
        "hash": made.hash.hex(),
        "day": made.day,
        "revision": made.revision,
        "kind": made.kind,
        "recipients": [recipient.identity.hex() for recipient in made.recipients],
        "board_keys": [key.hex() for key in made.keys_for(keys.Role.BOARD)],
    }


# ---------------------------------------------------------------------------------------------------------- envelope


def sizes_of(given: Input, shared: Shared) -> Json:
    """The envelope that so much plaintext takes, and what such an envelope holds."""
    del shared
    size = sizes.envelope_size(given["plaintext"])
    return {"envelope": size, "holds": sizes.payload_plaintext(size)}


def prefix_read(given: Input, shared: Shared) -> Json:
    """What the host reads of an envelope."""
    made = sizes.Prefix.from_bytes(to_bytes(given["prefix"], shared))
    return {"day": made.day, "revision": made.revision, "envelope_id": made.envelope_id.hex()}


def sealed_file_read(given: Input, shared: Shared) -> Json:
    """What a host, or a client that goes on with it, reads of a sealed file."""
    data = to_bytes(given["file"], shared)
    head = sealed_file.SealedHead.from_bytes(data[: sealed_file.HEAD])
    size = sealed_file.size_of_envelope(len(data))
    content = upload_name.ContentHash()
    content.add(data[sealed_file.BEFORE :])
    if not head.name.fits(content.hash):
        raise errors.DoesNotOpen("a sealed file that was altered")
    return {"name": head.name.name.hex(), "salt": head.name.salt.hex(), "day": head.prefix.day, "envelope": size}


def upload_name_of(given: Input, shared: Shared) -> Json:
    """The name that is bound to a content."""
    content = upload_name.ContentHash()
    content.add(to_bytes(given["content"], shared))
    name = upload_name.UploadName.of(to_bytes(given["salt"], shared), content.hash)
    return {"content_hash": content.hash.hex(), "name": name.name.hex()}


def cobblestone_open(given: Input, shared: Shared) -> Json:
    """The payload's cipher alone."""
    stream = primitives.PayloadDecryptor(to_bytes(given["key"], shared), to_bytes(given["context"], shared))
    plaintext = stream.update(to_bytes(given["ciphertext"], shared)) + stream.finalize()
    return {"length": len(plaintext), "sha256": sha256(plaintext)}


def payload_read(given: Input, shared: Shared) -> Json:
    """The frames inside a payload, and what the MAC at their end is of."""
    reader, story = payload.FrameReader(), Story()
    for event in reader.feed(to_bytes(given["payload"], shared)):
        story.add(event)
    reader.close()
    assert story.end is not None
    return {"events": story.lines, "frames_hash": story.end.frames_hash.hex(), "mac": story.end.mac.hex()}


def file_name_clean(given: Input, shared: Shared) -> Json:
    """A file's name as it is sent."""
    del shared
    return {"clean": file_names.clean_file_name(given["name"])}


def envelope_open(given: Input, shared: Shared) -> Json:
    """A whole envelope, for one recipient. ``auth`` is the thread's where the message does not bring it."""
    secret = secret_keys.XWingSecretKey(to_bytes(given["seed"], shared))
    reader = opening.EnvelopeReader(_bulletin(given, shared), to_bytes(given["recipient"], shared), secret)
    story = Story()
    for event in _events(reader, to_bytes(given["envelope"], shared)):
        story.add(event)
    assert story.head is not None
    auth = to_bytes(given["auth"], shared) if "auth" in given else story.head.auth
    return {"events": story.lines, "authentic": reader.authentic(auth), "header_hash": reader.header_hash.hex()}


def _events(reader: opening.EnvelopeReader, data: bytes) -> Iterator[payload.Event]:
    yield from reader.feed(data)
    yield from reader.finish()


def slots(given: Input, shared: Shared) -> Json:
    """The contexts that slots and payload are bound to."""
    header = to_bytes(given["header"], shared)
    instance, hash_ = to_bytes(given["instance"], shared), to_bytes(given["bulletin_hash"], shared)
    infos = [envelope.slot_info(instance, header[: sizes.PREFIX], hash_, slot).hex() for slot in range(sizes.SLOTS)]
    return {"infos": infos, "context": envelope.payload_context(header, hash_).hex()}


# ------------------------------------------------------------------------------------------ board, records and notes


def _head_of(given: Input, shared: Shared) -> board_head.BoardHead:
    def raw(name: str) -> bytes:
        return to_bytes(given[name], shared)

    return board_head.BoardHead(
        raw("instance"), raw("recipient"), raw("salt"), given["issued_day"], given["next_due"], given["valid_until"],
        raw("bulletin_hash"), given["records"],
    )  # fmt: skip


def board_assemble(given: Input, shared: Shared) -> Json:
    """Head and records. The covers are the bytes of ``covers``, 1,024 for each."""
    covers = to_bytes(given["covers"], shared)
    at = iter(range(0, len(covers), sizes.RECORD))
    live = [(to_bytes(one["tag_key"], shared), one["number"], to_bytes(one["inner"], shared)) for one in given["live"]]
    made = board.assemble(_head_of(given, shared), live, lambda count: covers[(place := next(at)) : place + count])
    tags = [board.record_tag(tag_key, to_bytes(given["instance"], shared), to_bytes(given["salt"], shared), number)
            for tag_key, number, _ in live]  # fmt: skip
    return {"head": made[: board_head.HEAD].hex(), "tags": [tag.hex() for tag in tags], "sha256": sha256(made)}


def board_read(given: Input, shared: Shared) -> Json:
    """A board as a reader takes it: signature, instance, time, order; then the records of one tag key."""
    publics = tuple(to_bytes(key, shared) for key in given["board_keys"])
    signed = board_head.verify_board(to_bytes(given["board"], shared), publics, to_bytes(given["instance"], shared))
    board_head.require_valid(signed.head, given["now"])
    index = board.BoardIndex(signed)
    found = [[number, sha256(inner)] for number, inner in index.walk(to_bytes(given["tag_key"], shared))]
    return {
        "recipient": signed.head.recipient.hex(),
        "salt": signed.head.salt.hex(),
        "issued_day": signed.head.issued_day,
        "next_due": signed.head.next_due,
        "valid_until": signed.head.valid_until,
        "bulletin_hash": signed.head.bulletin_hash.hex(),
        "records": signed.head.records,
        "found": found,
    }


def boards_split(given: Input, shared: Shared) -> Json:
    """The one body that carries the boards of all recipients."""
    return {"sha256": [sha256(part) for part in exchange.split_boards(to_bytes(given["body"], shared))]}


def dialogue_read(given: Input, shared: Shared) -> Json:
    """What a receipt finds on a board: the whole way of a reader."""
    signed = board_head.verify_board(
        to_bytes(given["board"], shared),
        tuple(to_bytes(key, shared) for key in given["board_keys"]),
        to_bytes(given["instance"], shared),
    )
    made = receipt.Receipt(to_bytes(given["entropy"], shared))
    dialogue = exchange.read_dialogue(made, _bulletin(given, shared), (board.BoardIndex(signed),), given["now"])
    return [{"notes": [_note(one) for one in box.notes], "unread": box.unread} for box in dialogue.mailboxes]


def _reporter(given: Input, shared: Shared) -> thread.ReporterKeys:
    made = receipt.Receipt(to_bytes(given["entropy"], shared))
    return thread.ReporterKeys.derive(made, to_bytes(given["instance"], shared))


def _link(given: Input, reporter: thread.ReporterKeys, recipient: bytes) -> thread.Link:
    return thread.Link(given["number"], thread.advance(reporter.reply_keys(recipient).chain, given["number"]))


def record_seal(given: Input, shared: Shared) -> Json:
    """An inner record; ``ephemeral`` is the X25519 secret that is otherwise random."""
    reporter, recipient = _reporter(given, shared), to_bytes(given["recipient"], shared)
    inner = thread.seal_record(
        reporter.reply_keys(recipient), reporter.instance, _link(given, reporter, recipient),
        to_bytes(given["body"], shared), lambda _: to_bytes(given["ephemeral"], shared),
    )  # fmt: skip
    return {"inner": inner.hex()}


def record_open(given: Input, shared: Shared) -> Json:
    """An inner record as the reporter opens it."""
    reporter, recipient = _reporter(given, shared), to_bytes(given["recipient"], shared)
    link = _link(given, reporter, recipient)
    return {"body": thread.open_record(reporter, recipient, link, to_bytes(given["inner"], shared)).hex()}


_NOTES: dict[str, Callable[[Input], reply.Note]] = {
    "acknowledgement": lambda value: reply.Acknowledgement(value["messages"], value["files"], value["day"]),
    "reply": lambda value: reply.Reply(value["text"]),
    "status": lambda value: reply.Status(reply.CaseStatus(value["status"]), value["text"]),
    "question": lambda value: reply.Question(bytes.fromhex(value["id"]), value["text"], tuple(value["answers"])),
    "notice": lambda value: reply.Notice(value["text"]),
}


def note_encode(given: Input, shared: Shared) -> Json:
    """The bodies of the records that a note takes, without the zeros at their ends."""
    del shared
    bodies = reply.encode_note(_NOTES[given["kind"]](given["note"]), given["day"])
    assert all(len(body) == sizes.RECORD_BODY for body in bodies)
    return {"bodies": [body.rstrip(b"\0").hex() for body in bodies]}


def _note(received: reply.ReceivedNote) -> Json:
    note: Json = None
    match received.note:
        case reply.Acknowledgement(messages, files, day):
            note = {"messages": messages, "files": files, "day": day}
        case reply.Reply(text) | reply.Notice(text):
            note = {"text": text}
        case reply.Status(status, text):
            note = {"status": str(status), "text": text}
        case reply.Question(identity, text, answers):
            note = {"id": identity.hex(), "text": text, "answers": list(answers)}
    kind = type(received.note).__name__.lower()
    return {"number": received.number, "day": received.day, "kind": kind, "note": note}


def notes_join(given: Input, shared: Shared) -> Json:
    """Notes from the bodies of records. A body is filled up with zeros to 944 bytes unless ``exact`` says no."""
    bodies = []
    for number, value in given["bodies"]:
        body = to_bytes(value, shared)
        bodies.append((number, body if given.get("exact") else body.ljust(sizes.RECORD_BODY, b"\0")))
    notes, unread = reply.join_notes(bodies)
    return {"notes": [_note(one) for one in notes], "unread": unread}


# --------------------------------------------------------------------------------------------- cards and publications

_CARDS: dict[str, tuple[bytes, type[card.Card]]] = {
    "referral": (labels.SIGN_CARD, card.Referral),
    "outcome": (labels.SIGN_OUTCOME, card.Outcome),
}


def _card(made: card.Card) -> Json:
    fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
    shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
    return {type(made).__name__.lower(): shown}


def card_read(given: Input, shared: Shared) -> Json:
    """A card once it is opened."""
    label, allowed = _CARDS[given["expected"]]
    made = card.read_card(
        to_bytes(given["plaintext"], shared), to_bytes(given["instance"], shared), to_bytes(given["recipient"], shared),
        tuple(to_bytes(key, shared) for key in given["signers"]), label, allowed,
    )  # fmt: skip
    return _card(made)


def card_open(given: Input, shared: Shared) -> Json:
    """A card as it travels."""
    secret = secret_keys.XWingSecretKey(to_bytes(given["seed"], shared))
    info = card.card_info(to_bytes(given["instance"], shared), secret.public)
    plaintext = decapsulation.hpke_open(secret, info, to_bytes(given["card"], shared))
    return card_read({**given, "plaintext": plaintext.hex(), "recipient": secret.public.hex()}, shared)


def publication_verify(given: Input, shared: Shared) -> Json:
    """A publication and the day on which it is read."""
    signers = tuple(to_bytes(key, shared) for key in given["signers"])
    instance = to_bytes(given["instance"], shared)
    made = publication.verify_publication(to_bytes(given["publication"], shared), signers, instance)
    made.require_valid(given["today"])
    return {
        "sequence": made.sequence,
        "issued_day": made.issued_day,
        "facts": [list(fact) for fact in made.facts],
        "figures": [list(figure) for figure in made.figures],
        "notices": [[notice.language, notice.text] for notice in made.notices],
        "advisers": [[one.name, one.region, one.languages, one.contact] for one in made.advisers],
    }


# ---------------------------------------------------------------------------------------------------------- auditors


def observation_verify(given: Input, shared: Shared) -> Json:
    """What an auditor says that it saw."""
    made = observation.verify_observation(to_bytes(given["observation"], shared))
    seen = [[one.day, one.kind, one.name, one.value.hex()] for one in made.sightings]
    return {"auditor": made.auditor.hex(), "day": made.day, "findings": list(made.findings), "sightings": seen}


def cosignature_verify(given: Input, shared: Shared) -> Json:
    """What a witness says of a bulletin."""
    made = cosignature.verify_cosignature(to_bytes(given["cosignature"], shared))
    return {
        "witness": made.witness.hex(), "day": made.day, "revision": made.revision, "hash": made.hash.hex(),
        "seen_day": made.seen_day,
    }  # fmt: skip


def cosignature_require(given: Input, shared: Shared) -> Json:
    """Whether k of n witnesses saw a bulletin."""
    witnesses = frozenset(to_bytes(one, shared) for one in given["witnesses"])
    quorum = cosignature.Quorum(witnesses, given["needed"])
    quorum.require(_bulletin(given, shared), [to_bytes(one, shared) for one in given["cosignatures"]])
    return {"enough": True}


def canary_signer(given: Input, shared: Shared) -> Json:
    """Whose canary a text is."""
    instance, thread_id = to_bytes(given["instance"], shared), to_bytes(given["thread"], shared)
    known = [to_bytes(one, shared) for one in given["known"]]
    found = canary.signer(given["text"], instance, thread_id, given["day"], known)
    return {"signer": None if found is None else found.hex()}


OPERATIONS: dict[str, Operation] = {
    "receipt/show": receipt_show,
    "receipt/parse": receipt_parse,
    "root/fingerprint": fingerprint,
    "keys/derive": derive,
    "document/decode": document_decode,
    "certificate/verify": certificate_verify,
    "bulletin/verify": bulletin_verify,
    "sizes/envelope": sizes_of,
    "prefix/read": prefix_read,
    "sealed-file/read": sealed_file_read,
    "upload-name/of": upload_name_of,
    "cobblestone/open": cobblestone_open,
    "payload/read": payload_read,
    "file-name/clean": file_name_clean,
    "envelope/slots": slots,
    "envelope/open": envelope_open,
    "board/assemble": board_assemble,
    "board/read": board_read,
    "boards/split": boards_split,
    "dialogue/read": dialogue_read,
    "record/seal": record_seal,
    "record/open": record_open,
    "note/encode": note_encode,
    "notes/join": notes_join,
    "card/read": card_read,
    "card/open": card_open,
    "publication/verify": publication_verify,
    "observation/verify": observation_verify,
    "cosignature/verify": cosignature_verify,
    "cosignature/require": cosignature_require,
    "canary/signer": canary_signer,
}
