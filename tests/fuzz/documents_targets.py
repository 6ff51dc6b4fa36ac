"""Signed documents and what people type: receipt, document, certificate, bulletin, publication, card."""

from contextlib import suppress

from dropbox.protocol import documents, labels, padding, primitives, publication, secret_keys
from dropbox.protocol.bulletin import verify_bulletin
from dropbox.protocol.card import CARD_PLAINTEXT, Outcome, Referral, card_info, read_card, seal_card
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.errors import BadReceipt, ProtocolError
from dropbox.protocol.keys import CertificateRequest, Role, verify_certificate
from dropbox.protocol.receipt import LANGUAGES, Receipt, parse_receipt
from tests.fuzz import world
from tests.fuzz.source import Source, altered, signed, spliced, written
from tests.fuzz.target import Target

_SIGNING = world.bureau.signing


def _receipt(data: bytes) -> None:
    source = Source(data)
    mode = source.byte()
    if mode == 0:
        typed = source.rest().decode(errors="replace")
    elif mode == 1:
        right = Receipt(source.take(15).ljust(15, b"\0"))
        spelled = source.one_of(right.digits(), *(" ".join(right.words(language)) for language in LANGUAGES))
        typed = spliced(spelled.encode(), source).decode(errors="replace")
    else:
        typed = " ".join(source.text() for _ in range(12))
    try:
        found = parse_receipt(typed)
    except BadReceipt:
        return
    assert parse_receipt(" ".join(found.words())) == found
    assert parse_receipt(found.digits()) == found


def _receipt_seeds() -> list[bytes]:
    shown = [" ".join(world.receipt.words(language)) for language in LANGUAGES]
    return [b"\0" + text.encode() for text in (*shown, world.receipt.digits(), "one two")] + [b"\1" + bytes(20), b"\2"]


def _document(data: bytes) -> None:
    source = Source(data)
    if source.byte() == 0:
        content = source.rest()
    else:
        base = source.one_of(world.bulletin.to_body(), world.publication.to_body(10), {"a": [1, {"b": None}]})
        content = spliced(written(altered(base, source), source), source)
    with suppress(ProtocolError):
        assert documents.encode(documents.decode(content, limit=1 << 16)) == content
    with suppress(ProtocolError):
        documents.read_document(content, "bulletin", limit=1 << 16)
    with suppress(ProtocolError):
        assert CertificateRequest.from_bytes(content).to_bytes() == content


def _document_seeds() -> list[bytes]:
    request = CertificateRequest(((Role.BOARD, bytes(32)),)).to_bytes()
    return [b"\0" + one for one in (b"{}", b'{"a":[1,true,null,"\\u0000"]}', request, world.bulletin_bytes)] + [b"\1"]


def _certificate(data: bytes) -> None:
    source = Source(data)
    document = source.one_of(*world.bureau.certificate_bytes)
    if source.byte() == 0:
        document = spliced(document, source)
    else:
        body = altered(world.body_of(document), source)
        document = signed("certificate", body, _root_signature, source)
    try:
        verify_certificate(document, world.root)
    except ProtocolError:
        return


def _root_signature(body: bytes) -> bytes:
    return secret_keys._sign(world.bureau.root.seed, labels.SIGN_CERTIFICATE + body)


def _certificate_seeds() -> list[bytes]:
    return [b"\0\0", b"\1\0\1\3\1\2\1", b"\2\1\1\1\2\0\3"]


def _bulletin(data: bytes) -> None:
    source = Source(data)
    mode = source.byte()
    if mode == 0:
        document = source.rest()
    elif mode == 1:
        document = spliced(world.bulletin_bytes, source)
    else:
        body = altered(world.bulletin.to_body(), source)
        document = signed("bulletin", body, _SIGNING[Role.BULLETIN].sign, source)
    try:
        found = verify_bulletin(document, world.root, world.NOW)
    except ProtocolError:
        return
    assert found.to_body() == world.body_of(document)


def _bulletin_seeds() -> list[bytes]:
    return [b"\0" + world.bulletin_bytes, b"\1", b"\2\1\1\3\0\4", b"\2\2\1\5\2\1\7\1\2\0\0"]


def _publication(data: bytes) -> None:
    source = Source(data)
    if source.byte() == 0:
        document = source.rest()
    else:
        body = altered(world.publication.to_body(0), source)
        key = _SIGNING[Role.PUBLICATION]
        bare = len(signed("publication", body, key.sign, Source(b"")))
        if isinstance(body, dict) and isinstance(body.get("pad"), str):
            body["pad"] += "0" * (-bare % (16 * 1024))
        document = signed("publication", body, key.sign, source)
    try:
        found = publication.verify_publication(document, (_SIGNING[Role.PUBLICATION].public,), world.instance)
        found.require_valid(world.DAY)
    except ProtocolError:
        return


def _publication_seeds() -> list[bytes]:
    return [b"\1", b"\1\1\1\3\0\4", b"\1\2\1\2\5\1\7\1\2\0\0", b"\0{}"]


def _card(data: bytes) -> None:
    source = Source(data)
    kind = source.one_of(Referral, Outcome)
    card = world.referral if kind is Referral else world.outcome
    key, label = (world.card_key, labels.SIGN_CARD) if kind is Referral else (world.outcome_key, labels.SIGN_OUTCOME)
    public = world.box.public
    try:
        if source.byte() == 0:
            sealed = spliced(seal_card(card, world.instance, public, key.sign), source)
            plaintext = hpke_open(world.box, card_info(world.instance, public), sealed)
        else:
            content = {name: value for name, value in vars(card).items() if name != "reference"}
            body = {
                "content": {"reference": card.reference.hex(), **content},
                "instance": world.instance.hex(),
                "kind": kind.__name__.lower(),
                "recipient": primitives.sha256(public).hex(),
                "version": 1,
            }
            document = signed("card", altered(body, source), key.sign, source)
            plaintext = spliced(padding.pad(document, CARD_PLAINTEXT), source)
        read_card(plaintext, world.instance, public, (key.public,), label, kind)
    except ProtocolError:
        return


def _card_seeds() -> list[bytes]:
    return [bytes((which, mode, *more)) for which in (0, 1) for mode in (0, 1) for more in ((), (1, 3, 1, 0, 5))]


TARGETS = (
    Target("receipt", _receipt, _receipt_seeds, longest=8192, share=8),
    Target("document", _document, _document_seeds, share=8),
    Target("certificate", _certificate, _certificate_seeds, longest=512, share=6),
    Target("bulletin", _bulletin, _bulletin_seeds, share=4),
    Target("publication", _publication, _publication_seeds, longest=1024, share=4),
    Target("card", _card, _card_seeds, longest=1024, share=4),
)
