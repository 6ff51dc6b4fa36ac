"""From sealed bytes to a card that the bureau signed, and from an answer to sealed bytes.  No I/O."""

from dataclasses import dataclass
from enum import StrEnum

from dropbox.ministry.keyring import InboxKeys
from dropbox.protocol import labels, padding
from dropbox.protocol.card import Dummy, Outcome, Referral, card_info, read_card, seal_card
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.errors import BadSignature, DoesNotOpen, ProtocolError, WrongInstance


class Reason(StrEnum):
    """Why something that came in is not shown as a card."""

    DOES_NOT_OPEN = "does_not_open"  # altered, or sealed to another key or for another instance
    NOT_CERTIFIED = "not_certified"  # the root certified no card key for the day on which it came
    BAD_SIGNATURE = "bad_signature"
    WRONG_INSTANCE = "wrong_instance"  # opens, but says inside that it is for somebody else
    MALFORMED = "malformed"
    OTHER_CONTENT = "other_content"  # the reference of a card that is here, with other words


class RefusedCard(Exception):
    """What came in is not a card for this inbox."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason; the text says it in a word."""
        super().__init__(f"not a card for this inbox: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class VerifiedReferral:
    """Proven by `open_card`: sealed to this inbox and signed by a card key of the bureau.

    `document` is what was signed, byte for byte: the ministry's proof of what it received.
    """

    referral: Referral
    document: bytes


def open_card(
    sealed: bytes, keys: InboxKeys, box_public: bytes, instance: bytes, signers: tuple[bytes, ...]
) -> VerifiedReferral | None:
    """Open and verify one card; None is a dummy.  `signers` are the card keys of the day it came.

    `box_public` is `keys.box.public`, which takes time to compute.  Raises RefusedCard.
    """
    try:
        plaintext = hpke_open(keys.box, card_info(instance, box_public), sealed)
    except DoesNotOpen:
        raise RefusedCard(Reason.DOES_NOT_OPEN) from None
    if not signers:
        raise RefusedCard(Reason.NOT_CERTIFIED)
    try:
        found = read_card(plaintext, instance, box_public, signers, labels.SIGN_CARD, Referral)
        return VerifiedReferral(found, padding.unpad(plaintext)) if isinstance(found, Referral) else None
    except BadSignature:
        raise RefusedCard(Reason.BAD_SIGNATURE) from None
    except WrongInstance:
        raise RefusedCard(Reason.WRONG_INSTANCE) from None
    except ProtocolError:
        raise RefusedCard(Reason.MALFORMED) from None


def seal_answer(answer: Outcome | Dummy, keys: InboxKeys, bureau_box: bytes, instance: bytes) -> bytes:
    """16 KiB that the bureau's card box opens; a dummy is as long and looks the same."""
    return seal_card(answer, instance, bureau_box, keys.outcome.sign)
