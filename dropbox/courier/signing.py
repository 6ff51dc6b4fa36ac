"""Sign and verify one request: RFC 9421 with Ed25519, the body bound by RFC 9530's Content-Digest. No I/O.

Covered, in this order and nothing else: method, authority, path, query, and the digest of the body (also of an empty
one). The authority is not the Host header but the *audience*, a name that both sides know: role and instance. A request
signed for one socket or one instance is refused by every other one, whatever address carried it there.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
    VerifyResult,
)
from http_message_signatures.algorithms import ED25519

from dropbox.courier.errors import SignatureRefusedError

COMPONENTS: Final = ("@method", "@authority", "@path", "@query", "content-digest")
TAG: Final = "dropbox/v1/courier"
LABEL: Final = "courier"

VALIDITY_SECONDS: Final = 300
"""From `created` to `expires`: a slow Tor circuit fits, a captured request does not keep."""

SKEW_SECONDS: Final = 60
"""How far the two clocks may differ."""

NONCE_BYTES: Final = 16
KEY_BYTES: Final = 32

# The fixed answers to a request whose signature does not count.
UNSIGNED: Final = "unsigned"
BAD_SIGNATURE: Final = "bad_signature"
BAD_TIME: Final = "bad_time"
REPLAYED: Final = "replayed"

_HEX: Final = frozenset("0123456789abcdef")
_SIGNATURE: Final = re.compile(LABEL + r"=:[A-Za-z0-9+/]{86}==:")  # one signature of 64 bytes, and none beside it
_SIGNED_PARAMETERS: Final = '"@signature-params"'
_SIGNATURE_FIELDS: Final = ("signature", "signature-input", "content-digest")
_PARAMETERS: Final = frozenset({"created", "expires", "keyid", "nonce", "tag", "alg"})


def key_id(public: bytes) -> str:
    """Name a public key: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:32]


def audience(role: str, instance: bytes) -> str:
    """Name who a request is for: the role that the socket expects, at one instance."""
    return f"{role}.{instance.hex()}"


@dataclass(frozen=True)
class CourierKey:
    """The private key of one courier, as its 32-byte Ed25519 seed."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a seed of another length."""
        if len(self.seed) != KEY_BYTES:
            message = "An Ed25519 seed has 32 bytes."
            raise ValueError(message)

    @property
    def public(self) -> bytes:
        """32 bytes, to be certified by the root."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()


@dataclass(frozen=True)
class Request:
    """What of a request is signed. `target` is path and query as they stand in the request line."""

    method: str
    target: str
    body: bytes = b""


@dataclass(frozen=True)
class SignedHeaders:
    """Proven by `Verifier.verify_headers`: a certified key signed this request line and this digest of a body.

    The body has not been looked at: `require_body` does. `expires` is in Unix seconds.
    """

    key_id: str
    nonce: bytes
    expires: int
    digest: str

    def require_body(self, body: bytes) -> None:
        """Raise SignatureRefusedError unless this is the body that was signed."""
        try:
            ContentDigest.verify(self.digest, body)
        except HTTPMessageSignaturesException:
            raise SignatureRefusedError(BAD_SIGNATURE) from None


@dataclass
class _Message:
    """The library's view of a request."""

    method: str
    url: str
    headers: dict[str, str]


def sign_request(request: Request, key: CourierKey, audience: str, now: int, nonce: bytes) -> dict[str, str]:
    """Give the headers to send with a request. `nonce` is 16 fresh random bytes; `now` is in Unix seconds."""
    if len(nonce) != NONCE_BYTES:
        message = "A nonce has 16 bytes."
        raise ValueError(message)
    name = key_id(key.public)
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    signer = HTTPMessageSigner(
        signature_algorithm=ED25519, key_resolver=MappingKeyResolver(public_keys={}, private_keys={name: private})
    )
    view = _Message(request.method, f"http://{audience}{request.target}", {})
    signer.sign(
        view,
        key_id=name,
        created=datetime.fromtimestamp(now, UTC),
        expires=datetime.fromtimestamp(now + VALIDITY_SECONDS, UTC),
        nonce=nonce.hex(),
        label=LABEL,
        tag=TAG,
        covered_component_ids=COMPONENTS,
        body=request.body,
    )
    return dict(view.headers)


class _ClockedVerifier(HTTPMessageVerifier):
    """The library's verifier with a clock that is handed in, and our window instead of its own."""

    def __init__(self, resolver: MappingKeyResolver, now: int) -> None:
        super().__init__(signature_algorithm=ED25519, key_resolver=resolver)
        self._now = now

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:  # noqa: ANN401 -- the library's
        """Raise SignatureRefusedError unless created <= now <= expires (with skew), at most 5 minutes apart."""
        del max_age
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if type(created) is not int or type(expires) is not int:
            raise SignatureRefusedError(BAD_SIGNATURE)
        if not 0 <= expires - created <= VALIDITY_SECONDS:
            raise SignatureRefusedError(BAD_TIME)
        if not created - SKEW_SECONDS <= self._now <= expires + SKEW_SECONDS:
            raise SignatureRefusedError(BAD_TIME)


class Verifier:
    """Verifies requests for one audience. `keys` gives the public keys that count on a day, asked anew each time."""

    def __init__(self, audience: str, keys: Callable[[int], tuple[bytes, ...]]) -> None:
        """Keep the audience and the source of keys: a function from Unix seconds to 32-byte Ed25519 public keys."""
        self._audience = audience
        self._keys = keys

    def verify_headers(self, method: str, target: str, headers: Mapping[str, list[str]], now: int) -> SignedHeaders:
        """Check everything but the body. `headers` maps lower-case names to the values of their lines.

        Raises SignatureRefusedError.
        """
        chosen = {name: headers[name] for name in _SIGNATURE_FIELDS if name in headers}
        if "signature" not in chosen or "signature-input" not in chosen:
            raise SignatureRefusedError(UNSIGNED)
        if len(chosen) != len(_SIGNATURE_FIELDS) or any(len(lines) != 1 for lines in chosen.values()):
            raise SignatureRefusedError(BAD_SIGNATURE)
        if not target.startswith("/"):
            raise SignatureRefusedError(BAD_SIGNATURE)
        view = _Message(method, f"http://{self._audience}{target}", {name: lines[0] for name, lines in chosen.items()})
        if not _SIGNATURE.fullmatch(view.headers["signature"]):
            raise SignatureRefusedError(BAD_SIGNATURE)
        return _proven(self._verify(view, now), view.headers)

    def _verify(self, view: _Message, now: int) -> VerifyResult:
        publics = {key_id(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in self._keys(now)}
        verifier = _ClockedVerifier(MappingKeyResolver(public_keys=publics, private_keys={}), now)
        try:
            results = verifier.verify(view, expect_tag=TAG, expect_label=LABEL, max_age=None)
        except SignatureRefusedError:
            raise
        except Exception:  # noqa: BLE001 - the library raises many types on hostile headers, and its texts quote them
            raise SignatureRefusedError(BAD_SIGNATURE) from None
        if len(results) != 1:
            raise SignatureRefusedError(BAD_SIGNATURE)
        return results[0]


def _proven(result: VerifyResult, headers: dict[str, str]) -> SignedHeaders:
    """Refuse a valid signature that covers something else than ours must, or is spelled in another way."""
    if headers["signature-input"] != f"{LABEL}={result.covered_components[_SIGNED_PARAMETERS]}":
        raise SignatureRefusedError(BAD_SIGNATURE)
    covered = tuple(name for name in result.covered_components if name != _SIGNED_PARAMETERS)
    if covered != tuple(f'"{name}"' for name in COMPONENTS) or not set(result.parameters) <= _PARAMETERS:
        raise SignatureRefusedError(BAD_SIGNATURE)
    nonce, expires = result.parameters.get("nonce"), result.parameters.get("expires")
    if not isinstance(nonce, str) or len(nonce) != 2 * NONCE_BYTES or not set(nonce) <= _HEX:
        raise SignatureRefusedError(BAD_SIGNATURE)
    if not isinstance(expires, int):
        raise SignatureRefusedError(BAD_SIGNATURE)
    return SignedHeaders(str(result.parameters["keyid"]), bytes.fromhex(nonce), expires, headers["content-digest"])
