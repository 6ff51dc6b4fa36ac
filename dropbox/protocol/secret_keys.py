"""Private keys of bureau, ministry and root.  Never loaded on the host or by a reporter's client.

A key's role stands in its type or its field, and it signs under the labels of that role only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import nacl.bindings
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dropbox.protocol import documents, labels, sizes
from dropbox.protocol.keys import Certificate, Role, RootPublicKey

if TYPE_CHECKING:
    from collections.abc import Callable

    Random = Callable[[int], bytes]

_LABEL_OF_ROLE = {
    Role.BULLETIN: labels.SIGN_BULLETIN,
    Role.BOARD: labels.SIGN_BOARD,
    Role.PUBLICATION: labels.SIGN_PUBLICATION,
    Role.CARD: labels.SIGN_CARD,
    Role.OUTCOME: labels.SIGN_OUTCOME,
}


def _sign(seed: bytes, message: bytes) -> bytes:
    public, secret = nacl.bindings.crypto_sign_seed_keypair(seed)
    del public
    return nacl.bindings.crypto_sign(message, secret)[: sizes.ED25519_SIGNATURE]


def _public(seed: bytes) -> bytes:
    return nacl.bindings.crypto_sign_seed_keypair(seed)[0]


@dataclass(frozen=True)
class RootSecretKey:
    """The offline key.  Signs certificates and nothing else."""

    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, random: Random) -> RootSecretKey:
        """A new root, from 32 random bytes."""
        return cls(random(32))

    @property
    def public(self) -> RootPublicKey:
        """What is printed and pinned."""
        return RootPublicKey(_public(self.seed))

    def certify(self, role: Role, key: bytes, not_before: int, not_after: int) -> bytes:
        """A signed certificate for one role, valid on days ``not_before`` to ``not_after``."""
        certificate = Certificate(role, key, not_before, not_after, self.public.instance)
        return documents.sign_document(
            "certificate", certificate.to_body(), lambda body: _sign(self.seed, labels.SIGN_CERTIFICATE + body)
        )


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key for one role.  Courier keys sign through their library and give their seed to it."""

    role: Role
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, role: Role, random: Random) -> SigningKey:
        """A new key, from 32 random bytes."""
        return cls(role, random(32))

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return _public(self.seed)

    def sign(self, message: bytes) -> bytes:
        """A signature under the label of this key's role.  A courier key has none: ``KeyError``."""
        return _sign(self.seed, _LABEL_OF_ROLE[self.role] + message)


@dataclass(frozen=True)
class XWingSecretKey:
    """An X-Wing decapsulation key as its 32-byte seed (draft-connolly-cfrg-xwing-kem)."""

    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, random: Random) -> XWingSecretKey:
        """A new key, from 32 random bytes."""
        return cls(random(sizes.XWING_SEED))

    def load(self) -> MLKEM768X25519PrivateKey:
        """The key in the library's form: SHAKE-256 of the seed gives 64 bytes for ML-KEM and 32 for X25519."""
        expanded = hashlib.shake_256(self.seed).digest(96)
        return MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])
        )

    @property
    def public(self) -> bytes:
        """1,216 bytes: ML-KEM-768 encapsulation key, then X25519 public key."""
        expanded = hashlib.shake_256(self.seed).digest(96)
        kem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).public_key()
        curve = X25519PrivateKey.from_private_bytes(expanded[64:]).public_key()
        return kem.public_bytes_raw() + curve.public_bytes(Encoding.Raw, PublicFormat.Raw)
