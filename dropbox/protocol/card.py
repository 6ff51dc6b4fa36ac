"""Referral cards to the ministry and outcomes back (docs/protocol.md, section 11): signed, sealed, all of one size.

What a card may say is for the gates of the bureau to decide; this module only fixes its fields.  A batch holds a
fixed number of cards, dummies included, so that traffic says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropbox.protocol import documents, labels, padding, primitives, sizes
from dropbox.protocol.errors import Malformed, WrongInstance, WrongSize

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCE = 8
CARD_PLAINTEXT = sizes.CARD - sizes.XWING_CIPHERTEXT - sizes.AEAD_TAG
DOCUMENT_LIMIT = CARD_PLAINTEXT - 1

CARD_FIELDS: dict[str, int] = {  # the longest each may be, in bytes of UTF-8
    "region": 40,
    "staff": 40,
    "function": 40,
    "category": 64,
    "period": 40,
    "summary": 2400,
    "evidence": 200,
    "ask": 1000,
    "not_do": 1000,
    "answer_by": 40,
}
SERIOUSNESS = (1, 2, 3)
YES_NO_UNSURE = ("yes", "no", "unsure")
OUTCOME_STATES = ("received", "investigating", "measure", "closed")
MEASURES = ("", "none", "conversation", "agreement", "disciplinary", "dismissal", "organisational", "other")
OUTCOME_TEXT = 2400


@dataclass(frozen=True)
class Referral:
    """An anonymised card.  ``reference`` is 8 random bytes, not the number of the case."""

    reference: bytes
    region: str
    staff: str
    function: str
    category: str
    period: str
    summary: str
    evidence: str
    seriousness: int
    ongoing: str
    retaliation: str
    ask: str
    not_do: str
    answer_by: str

    def __post_init__(self) -> None:
        if len(self.reference) != REFERENCE:
            raise Malformed("a reference has 8 bytes")
        for name, limit in CARD_FIELDS.items():
            documents.text(getattr(self, name), limit)
        documents.integer(self.seriousness, SERIOUSNESS[0], SERIOUSNESS[-1])
        documents.choice(self.ongoing, YES_NO_UNSURE)
        documents.choice(self.retaliation, YES_NO_UNSURE)


@dataclass(frozen=True)
class Outcome:
    """The ministry's answer to a card: where it stands, which class of measure, and words for the bureau."""

    reference: bytes
    sequence: int
    state: str
    measure: str
    text: str

    def __post_init__(self) -> None:
        if len(self.reference) != REFERENCE:
            raise Malformed("a reference has 8 bytes")
        documents.integer(self.sequence, 0, 1 << 20)
        documents.choice(self.state, OUTCOME_STATES)
        documents.choice(self.measure, MEASURES)
        documents.text(self.text, OUTCOME_TEXT)


@dataclass(frozen=True)
class Dummy:
    """Fills a batch.  The recipient opens it, sees what it is, and forgets it."""


Card = Referral | Outcome | Dummy
_KIND: dict[type[Card], str] = {Referral: "referral", Outcome: "outcome", Dummy: "dummy"}
_NAMES: dict[str, tuple[str, ...]] = {
    "referral": ("reference", *CARD_FIELDS, "seriousness", "ongoing", "retaliation"),
    "outcome": ("reference", "sequence", "state", "measure", "text"),
    "dummy": (),
}


def short_code(reference: bytes) -> str:
    """How people on both sides name a card to each other: the reference's first 4 bytes, as in ``9F3A-07C2``."""
    digits = reference.hex().upper()
    return f"{digits[:4]}-{digits[4:8]}"


def card_info(instance: bytes, recipient: bytes) -> bytes:
    """The HPKE info of a card: bound to the instance and to the key it is for."""
    return labels.CARD_INFO + instance + primitives.sha256(recipient)


def seal_card(card: Card, instance: bytes, recipient: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """16 KiB.  The recipient's key stands inside what is signed: a card cannot be passed on as one to somebody else.

    ``recipient`` is an X-Wing public key; ``sign`` is the card key's (referrals) or the outcome key's (outcomes).
    """
    kind = _KIND[type(card)]
    content = {name: getattr(card, name) for name in _NAMES[kind]}
    if "reference" in content:
        content["reference"] = content["reference"].hex()
    body: documents.Json = {
        "content": content,
        "instance": instance.hex(),
        "kind": kind,
        "recipient": primitives.sha256(recipient).hex(),
        "version": 1,
    }
    document = documents.sign_document("card", body, sign)
    return primitives.hpke_seal(recipient, card_info(instance, recipient), padding.pad(document, CARD_PLAINTEXT))


def read_card(
    plaintext: bytes, instance: bytes, recipient: bytes, signers: tuple[bytes, ...], label: bytes, allowed: type[Card]
) -> Card:
    """The card from what HPKE opened: ``allowed`` is ``Referral`` or ``Outcome``; a dummy is always allowed.

    ``label`` is ``labels.SIGN_CARD`` for referrals and ``labels.SIGN_OUTCOME`` for outcomes.
    """
    if len(plaintext) != CARD_PLAINTEXT:
        raise WrongSize("a card has 16 KiB")
    document = documents.read_document(padding.unpad(plaintext), "card", limit=DOCUMENT_LIMIT)
    body = documents.fields(document.verify(signers, label), ("content", "instance", "kind", "recipient", "version"))
    documents.integer(body["version"], 1, 1)
    if body["instance"] != instance.hex() or body["recipient"] != primitives.sha256(recipient).hex():
        raise WrongInstance("a card of another instance or for somebody else")
    kind = documents.choice(body["kind"], (_KIND[allowed], "dummy"))
    content = documents.fields(body["content"], _NAMES[kind])
    if kind == "dummy":
        return Dummy()
    reference = documents.from_hex(content.pop("reference"), REFERENCE)
    return allowed(reference=reference, **content)  # type: ignore[call-arg]  # the names are those of its fields
