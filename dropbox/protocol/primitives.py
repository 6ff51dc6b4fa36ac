"""Every call into the crypto libraries that any role may make, each with the reason why it is safe there.

What needs a private key of bureau, ministry or root stands in ``opening`` and ``secret_keys``.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import itertools
from typing import TYPE_CHECKING

import nacl.bindings
import nacl.exceptions
import nacl.utils
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite

from dropbox.protocol import sizes
from dropbox.protocol.errors import BadSignature, DoesNotOpen, Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

# RFC 9180 with X-Wing (KEM id 0x647A).  The library's Python API has neither aad nor authenticated modes, so
# every piece of context goes into ``info``.
SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

# Only ever used with a key that seals one message in its life, so that a fixed nonce cannot repeat.
_ONE_TIME_NONCE = bytes(12)


def sha256(*parts: bytes) -> bytes:
    """SHA-256 over the parts, one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) over the parts, one after the other."""
    return hmac.digest(key, b"".join(parts), "sha256")


def hkdf_extract(salt: bytes, ikm: bytes) -> bytes:
    """HKDF-Extract with SHA-256 (RFC 5869, 2.2)."""
    return hmac.digest(salt, ikm, "sha256")


def hkdf_expand(prk: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF-Expand with SHA-256 (RFC 5869, 2.3), at most 32 bytes: one block is all that this protocol asks for."""
    if not 0 < length <= sizes.SHA256:
        raise ValueError("one block of HKDF-Expand gives 1 to 32 bytes")
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


def equal(left: bytes, right: bytes) -> bool:
    """Compares in constant time: the answer says nothing of where two MACs begin to differ."""
    return hmac.compare_digest(left, right)


def seal_once(key: bytes, plaintext: bytes, aad: bytes = b"") -> bytes:
    """AES-256-GCM under a key that seals nothing else; the ciphertext is 16 bytes longer."""
    return AESGCM(key).encrypt(_ONE_TIME_NONCE, plaintext, aad)


def open_once(key: bytes, ciphertext: bytes, aad: bytes = b"") -> bytes:
    """The inverse of ``seal_once``.  Raises ``DoesNotOpen``."""
    try:
        return AESGCM(key).decrypt(_ONE_TIME_NONCE, ciphertext, aad)
    except (InvalidTag, ValueError) as error:
        raise DoesNotOpen("a record was altered or is for somebody else") from error


def x25519(secret: bytes, public: bytes) -> bytes:
    """X25519 (RFC 7748).  libsodium refuses the low-order points, whose result everybody knows.

    The binding does not look at lengths: it would read what stands in memory behind a key that is too short.
    """
    if len(secret) != sizes.X25519_PUBLIC or len(public) != sizes.X25519_PUBLIC:
        raise DoesNotOpen("an X25519 key has 32 bytes")
    try:
        return nacl.bindings.crypto_scalarmult(secret, public)
    except (nacl.exceptions.CryptoError, ValueError, TypeError) as error:
        raise DoesNotOpen("a point of low order") from error


def x25519_public(secret: bytes) -> bytes:
    """The public key of a 32-byte X25519 secret."""
    if len(secret) != sizes.X25519_PUBLIC:  # as in ``x25519``
        raise ValueError("an X25519 secret has 32 bytes")
    return nacl.bindings.crypto_scalarmult_base(secret)


def check_x25519_public(public: bytes) -> None:
    """Raises ``Malformed`` for a key that is not 32 bytes, of low order, or not the canonical spelling of its point."""
    if len(public) != sizes.X25519_PUBLIC:
        raise Malformed("an X25519 key has 32 bytes")
    if int.from_bytes(public, "little") >= (1 << 255) - 19:
        raise Malformed("an X25519 key in a second spelling")
    try:
        x25519(b"\x01" * 32, public)
    except DoesNotOpen as error:
        raise Malformed("an X25519 key of low order") from error


def check_xwing_public(public: bytes) -> None:
    """Raises ``Malformed`` unless this is an X-Wing public key that can be sealed to."""
    _xwing_public(public)
    check_x25519_public(public[-sizes.X25519_PUBLIC :])


def _xwing_public(public: bytes) -> MLKEM768X25519PublicKey:
    if len(public) != sizes.XWING_PUBLIC:
        raise Malformed("an X-Wing key has 1,216 bytes")
    split = sizes.XWING_PUBLIC - sizes.X25519_PUBLIC
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:split]), X25519PublicKey.from_public_bytes(public[split:])
        )
    except ValueError as error:
        raise Malformed("not an X-Wing key") from error


def throw_away_xwing_public() -> bytes:
    """The X-Wing public key of a secret that is forgotten at once: what is sealed to it opens for nobody."""
    kem = MLKEM768PrivateKey.generate().public_key().public_bytes_raw()
    return kem + x25519_public(nacl.utils.random(sizes.X25519_PUBLIC))


def hpke_seal(public: bytes, info: bytes, plaintext: bytes) -> bytes:
    """HPKE in base mode, single shot: ``enc || ct``, 1,136 bytes longer.  The library draws the randomness itself."""
    return SUITE.encrypt(plaintext, _xwing_public(public), info)


def verify_ed25519(public: bytes, signature: bytes, label: bytes, message: bytes) -> None:
    """Checks a signature over ``label || message``.  Raises ``BadSignature``.

    libsodium refuses small-order keys and non-canonical scalars, so one document has one valid signature.
    """
    if len(signature) != sizes.ED25519_SIGNATURE or len(public) != sizes.ED25519_PUBLIC:
        raise BadSignature("a signature or a key of the wrong length")
    try:
        nacl.bindings.crypto_sign_open(signature + label + message, public)
    except (nacl.exceptions.CryptoError, ValueError) as error:
        raise BadSignature("not signed by the key that had to sign") from error


def verify_any_ed25519(publics: Iterable[bytes], signatures: Iterable[bytes], label: bytes, message: bytes) -> None:
    """Checks that one of the signatures is by one of the keys.  Raises ``BadSignature``."""
    for public, signature in itertools.product(publics, signatures):
        with contextlib.suppress(BadSignature):
            return verify_ed25519(public, signature, label, message)
    raise BadSignature("not signed by a key that had to sign")


def wipe(buffer: bytearray) -> None:
    """Overwrites a buffer that held plaintext or a key, before its memory goes back to the allocator."""
    buffer[:] = bytes(len(buffer))


class PayloadEncryptor:
    """Cobblestone-256 (C2SP chunked encryption) under a fresh key: commits to its key, so that no ciphertext opens
    to two texts under two keys.
    """

    def __init__(self, key: bytes, context: bytes) -> None:
        self._stream = Cobblestone256Encryptor(key, context)

    def update(self, plaintext: bytes | bytearray | memoryview) -> bytes:
        """The ciphertext that is ready; it lags behind by up to one chunk of 16 KiB."""
        return self._stream.update(plaintext)

    def finalize(self) -> bytes:
        """The last chunk.  Without it nothing before it counts."""
        return self._stream.finalize()


class PayloadDecryptor:
    """The inverse.  What ``update`` hands out must not be used before ``finalize`` has spoken."""

    def __init__(self, key: bytes, context: bytes) -> None:
        self._stream = Cobblestone256Decryptor(key, context)

    def update(self, ciphertext: bytes) -> bytes:
        """Plaintext of whole chunks.  Raises ``DoesNotOpen``."""
        try:
            return self._stream.update(ciphertext)
        except (InvalidTag, ValueError) as error:
            raise DoesNotOpen("the payload was altered") from error

    def finalize(self) -> bytes:
        """The end.  Raises ``DoesNotOpen`` when it is missing, cut, or not the last chunk."""
        try:
            return self._stream.finalize()
        except (InvalidTag, ValueError) as error:
            raise DoesNotOpen("the payload was altered or cut") from error
