"""Rows as they stand in the database: canonical JSON, sealed under the store's key, bound to their place."""

from dataclasses import asdict, dataclass
from typing import Final

from dropbox.ministry.states import State
from dropbox.protocol import documents, primitives
from dropbox.protocol.card import DOCUMENT_LIMIT, OUTCOME_TEXT, Referral
from dropbox.protocol.errors import ProtocolError
from dropbox.storage.errors import SealedDamagedError, WrongPassphraseError
from dropbox.storage.sealed_file import open_sealed, seal

_NAME: Final = 16
_LIMIT: Final = 4 * DOCUMENT_LIMIT  # the document in base64, its fields once more, and room
_LONGEST_USER: Final = 64 * 4


@dataclass(frozen=True)
class CardRecord:
    """A verified card: what the bureau signed, the day on which it was fetched, the day on which it was verified."""

    referral: Referral
    document: bytes
    received_day: int
    checked_day: int


@dataclass(frozen=True)
class AnswerRecord:
    """An answer as given: by whom, on which day."""

    state: State
    measure: str
    text: str
    day: int
    user: str


def card_name(key: bytes, reference: bytes) -> bytes:
    """The row's name: whoever has the file alone cannot tell whether a card with a given reference is in it."""
    return primitives.hmac_sha256(key, b"dropbox/v1/ministry/card", reference)[:_NAME]


def seal_card_record(key: bytes, name: bytes, record: CardRecord) -> bytes:
    """The card's row."""
    fields = asdict(record.referral)
    fields["reference"] = record.referral.reference.hex()
    body = {
        "card": fields,
        "checked_day": record.checked_day,
        "document": documents.to_base64(record.document),
        "received_day": record.received_day,
    }
    return seal(key, documents.encode(body), _card_context(name))


def open_card_record(key: bytes, name: bytes, sealed: bytes) -> CardRecord:
    """The inverse.  Raises SealedDamagedError, whatever is wrong with the row."""
    try:
        value = documents.decode(open_sealed(key, sealed, _card_context(name)), limit=_LIMIT)
        fields = documents.fields(value["card"], Referral.__dataclass_fields__)
        fields["reference"] = bytes.fromhex(fields["reference"])
        return CardRecord(
            Referral(**fields), documents.from_base64(value["document"]), value["received_day"], value["checked_day"]
        )
    except (ProtocolError, WrongPassphraseError, KeyError, ValueError, TypeError):
        raise SealedDamagedError from None


def seal_answer_record(key: bytes, card: bytes, sequence: int, record: AnswerRecord) -> bytes:
    """The answer's row."""
    return seal(key, documents.encode(asdict(record)), _answer_context(card, sequence))


def open_answer_record(key: bytes, card: bytes, sequence: int, sealed: bytes) -> AnswerRecord:
    """The inverse.  Raises SealedDamagedError."""
    try:
        value = documents.decode(open_sealed(key, sealed, _answer_context(card, sequence)), limit=_LIMIT)
        value = documents.fields(value, AnswerRecord.__dataclass_fields__)
        return AnswerRecord(
            State(value["state"]),
            value["measure"],
            documents.text(value["text"], OUTCOME_TEXT),
            documents.integer(value["day"]),
            documents.text(value["user"], _LONGEST_USER),
        )
    except (ProtocolError, WrongPassphraseError, ValueError):
        raise SealedDamagedError from None


def _card_context(name: bytes) -> bytes:
    return b"dropbox/v1/ministry/cards" + name


def _answer_context(card: bytes, sequence: int) -> bytes:
    return b"dropbox/v1/ministry/answers" + card + sequence.to_bytes(4, "big")
