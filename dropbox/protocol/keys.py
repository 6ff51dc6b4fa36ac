"""Public keys, their roles, and the root's certificates for them (docs/protocol.md, section 5).

The root key is offline and only signs certificates.  A certificate names one purpose: a key certified for boards
never verifies a bulletin.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropbox.protocol import documents, labels, primitives, sizes
from dropbox.protocol.errors import BadSignature, Malformed, OutsideDates, WrongInstance

if TYPE_CHECKING:
    from collections.abc import Iterable

CERTIFICATE_LIMIT = 4 * sizes.KIB
MAX_DAY = sizes.MAX_DAY


class Role(enum.StrEnum):
    """What a certified key is for, and for nothing else."""

    BULLETIN = "bulletin"  # signs bulletins
    BOARD = "board"  # signs boards
    PUBLICATION = "publication"  # signs publications
    CARD = "card"  # signs referral cards
    BUREAU_CARD_BOX = "bureau-card-box"  # X-Wing: outcomes are sealed to it
    DESK_COURIER = "desk-courier"  # signs the desk's requests to intake
    MINISTRY_COURIER = "ministry-courier"  # signs the ministry's requests to intake
    MINISTRY_CARD_BOX = "ministry-card-box"  # X-Wing: cards are sealed to it
    OUTCOME = "outcome"  # signs outcomes


XWING_ROLES = frozenset({Role.BUREAU_CARD_BOX, Role.MINISTRY_CARD_BOX})


@dataclass(frozen=True)
class RootPublicKey:
    """The Ed25519 key that everything else hangs on.  Its fingerprint is printed on paper."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != sizes.ED25519_PUBLIC:
            raise Malformed("a root key has 32 bytes")

    @classmethod
    def from_hex(cls, digits: str) -> RootPublicKey:
        """From 64 lower-case hexadecimal digits."""
        return cls(documents.from_hex(digits, sizes.ED25519_PUBLIC))

    @property
    def instance(self) -> bytes:
        """16 bytes that name the instance in every derivation: nothing of one instance opens in another."""
        return primitives.sha256(self.raw)[: sizes.INSTANCE]

    @property
    def fingerprint(self) -> bytes:
        """32 bytes, shown as words on paper (``receipt.fingerprint_words``)."""
        return primitives.sha256(labels.ROOT_FINGERPRINT, self.raw)


@dataclass(frozen=True)
class Certificate:
    """A key that the root certified for one role and for days ``not_before`` to ``not_after``, both included."""

    role: Role
    key: bytes
    not_before: int
    not_after: int
    instance: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.not_before <= self.not_after <= MAX_DAY:
            raise Malformed("a certificate whose days are not in order")
        if self.role in XWING_ROLES:
            primitives.check_xwing_public(self.key)
        elif len(self.key) != sizes.ED25519_PUBLIC:
            raise Malformed("an Ed25519 key has 32 bytes")

    def covers(self, day: int) -> bool:
        """Whether the certificate is valid on this day."""
        return self.not_before <= day <= self.not_after

    def to_body(self) -> documents.Json:
        """What the root signs."""
        return {
            "instance": self.instance.hex(),
            "key": documents.to_base64(self.key),
            "not_after": self.not_after,
            "not_before": self.not_before,
            "role": str(self.role),
            "version": 1,
        }


def verify_certificate(data: bytes, root: RootPublicKey) -> Certificate:
    """A certificate from its bytes, once the root's signature is right.  The days are checked where it is used."""
    return certificate_from_document(documents.read_document(data, "certificate", limit=CERTIFICATE_LIMIT), root)


def certificate_from_document(document: documents.SignedDocument, root: RootPublicKey) -> Certificate:
    """The same for a certificate inside a bulletin."""
    body = documents.fields(
        document.verify((root.raw,), labels.SIGN_CERTIFICATE),
        ("instance", "key", "not_after", "not_before", "role", "version"),
    )
    documents.integer(body["version"], 1, 1)
    instance = documents.from_hex(body["instance"], sizes.INSTANCE)
    if instance != root.instance:
        raise WrongInstance("a certificate of another instance")
    return Certificate(
        role=Role(documents.choice(body["role"], [str(role) for role in Role])),
        key=documents.from_base64(body["key"]),
        not_before=documents.integer(body["not_before"], 0, MAX_DAY),
        not_after=documents.integer(body["not_after"], 0, MAX_DAY),
        instance=instance,
    )


def certified(certificates: Iterable[Certificate], role: Role, day: int) -> tuple[bytes, ...]:
    """The keys certified for a role on a day.  Raises ``BadSignature`` when there is none, ``OutsideDates`` when
    there are only ones for other days.
    """
    of_role = [certificate for certificate in certificates if certificate.role is role]
    if not of_role:
        raise BadSignature("no key is certified for this")
    valid = tuple(certificate.key for certificate in of_role if certificate.covers(day))
    if not valid:
        raise OutsideDates("no key is certified for this on that day")
    return valid


REQUEST_LIMIT = 32 * sizes.KIB


@dataclass(frozen=True)
class CertificateRequest:
    """Public keys that a desk or a ministry asks the root holder to certify, one for each role.

    Private keys are born where they are used and never travel; this is what travels.
    """

    keys: tuple[tuple[Role, bytes], ...]

    def to_bytes(self) -> bytes:
        """Canonical JSON: ``{"keys": {role: base64}, "version": 1}``."""
        return documents.encode(
            {"keys": {str(role): documents.to_base64(key) for role, key in self.keys}, "version": 1}
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> CertificateRequest:
        """Reads a request.  Raises ``Malformed``, ``NotCanonical`` or ``TooLong``."""
        value = documents.fields(documents.decode(data, limit=REQUEST_LIMIT), ("keys", "version"))
        documents.integer(value["version"], 1, 1)
        wanted = documents.fields(value["keys"], (), [str(role) for role in Role])
        return cls(tuple((Role(role), documents.from_base64(key)) for role, key in sorted(wanted.items())))
