"""The auditor's own Ed25519 key: it signs observations, cosignatures and canaries, and nothing of a reporter's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import nacl.bindings

from dropbox.protocol import documents, sizes

if TYPE_CHECKING:
    from collections.abc import Callable

SEED: Final = 32
_LIMIT: Final = 1024


@dataclass(frozen=True)
class AuditorKey:
    """Made from 32 random bytes.  libsodium derives nonces from key and message: it needs no randomness to sign."""

    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> AuditorKey:
        """A new one."""
        return cls(random(SEED))

    @classmethod
    def from_bytes(cls, data: bytes) -> AuditorKey:
        """From its file.  Raises ProtocolError."""
        body = documents.fields(documents.decode(data, limit=_LIMIT), ("seed", "version"))
        documents.integer(body["version"], 1, 1)
        return cls(documents.from_hex(body["seed"], SEED))

    def to_bytes(self) -> bytes:
        """As its file holds it."""
        return documents.encode({"seed": self.seed.hex(), "version": 1})

    @property
    def public(self) -> bytes:
        """What others know the auditor by."""
        return nacl.bindings.crypto_sign_seed_keypair(self.seed)[0]

    def sign(self, message: bytes) -> bytes:
        """A signature over a message that begins with its label."""
        _, secret = nacl.bindings.crypto_sign_seed_keypair(self.seed)
        return nacl.bindings.crypto_sign(message, secret)[: sizes.ED25519_SIGNATURE]
