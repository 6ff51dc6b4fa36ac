"""Canonical JSON and documents signed over it (docs/protocol.md, section 4).

A document is read only when writing it again gives the same bytes: there is one spelling of everything, so a
signature or a hash over the bytes is a signature or a hash over the value.  The form is RFC 8785's, without numbers
that are not integers.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from dropbox.protocol import primitives
from dropbox.protocol.errors import Malformed, NotCanonical, TooLong

Json = dict[str, Any]

MAX_INTEGER = (1 << 53) - 1  # what a double holds exactly: the browser reads the same numbers
MAX_DEPTH = 8


def encode(value: Mapping[str, Any]) -> bytes:
    """Canonical JSON: keys sorted, no white space, UTF-8, integers only."""
    _check(value, 0)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def decode(data: bytes, *, limit: int) -> Json:
    """Reads one canonical JSON object of at most ``limit`` bytes.

    Raises ``TooLong``, ``Malformed``, or ``NotCanonical`` for a second spelling of a readable value.
    """
    if len(data) > limit:
        raise TooLong("a document is longer than its kind may be")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed("not a JSON document in UTF-8") from error
    if not isinstance(value, dict):
        raise Malformed("a document is a JSON object")
    if encode(value) != data:
        raise NotCanonical("a document that is not in canonical form")
    return value


def _refuse(_: str) -> NoReturn:
    raise ValueError("numbers are integers")


def _check(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed("a document is nested too deeply")
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str) or not name.isascii():
                raise Malformed("the name of a field is not ASCII")
            _check(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, depth + 1)
    else:
        _check_scalar(value)


def _check_scalar(value: object) -> None:
    match value:
        case bool() | None:
            pass
        case int() if abs(value) <= MAX_INTEGER:
            pass
        case str() if _is_whole(value):
            pass
        case _:
            raise Malformed("half of a character, or a value that documents do not have")


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a character: a surrogate without its other half
        return False
    return True


def fields(value: object, names: Iterable[str], optional: Iterable[str] = ()) -> Json:
    """The value as an object that has exactly these fields.  An unknown field is refused: who signed it meant
    something by it that this version would silently leave out.
    """
    if not isinstance(value, dict):
        raise Malformed("an object was expected")
    required = set(names)
    if not required <= set(value) <= required | set(optional):
        raise Malformed("an object with other fields than its kind has")
    return value


def integer(value: object, low: int = 0, high: int = MAX_INTEGER) -> int:
    """An integer within bounds; ``true`` is not one."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Malformed("a number was expected, within its bounds")
    return value


def text(value: object, limit: int) -> str:
    """A string of at most ``limit`` bytes of UTF-8."""
    if not isinstance(value, str):
        raise Malformed("a text was expected")
    _check_scalar(value)
    if len(value.encode()) > limit:
        raise TooLong("a text is longer than its field may be")
    return value


def written_size(text: str) -> int:
    """The bytes that a text takes inside a document: UTF-8, where a line end, a tab, a quotation mark and a backslash
    take two and other control characters six.  Forms count the room that is left with it.

    Raises ``Malformed`` for half of a character.
    """
    return len(encode({"": text})) - len(encode({"": ""}))


def choice(value: object, allowed: Iterable[str]) -> str:
    """One of the strings allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise Malformed("a value outside its fixed list")
    return value


def items(value: object, high: int, low: int = 0) -> list[Any]:
    """A list with a bounded number of items."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise Malformed("a list was expected, within its bounds")
    return value


def to_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def from_base64(value: object, length: int | None = None) -> bytes:
    """The inverse; refuses other alphabets, white space, and bits that are not zero in the last digit."""
    if not isinstance(value, str):
        raise Malformed("base64 was expected")
    try:
        data = base64.b64decode(value.encode("ascii"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Malformed("not base64") from error
    if to_base64(data) != value:
        raise NotCanonical("base64 in a second spelling")
    if length is not None and len(data) != length:
        raise Malformed("a value of the wrong length")
    return data


def from_hex(value: object, length: int) -> bytes:
    """Bytes from lower-case hexadecimal digits, exactly ``length`` of them."""
    if not isinstance(value, str) or len(value) != 2 * length or not set(value) <= set("0123456789abcdef"):
        raise Malformed("lower-case hexadecimal digits of a given number were expected")
    return bytes.fromhex(value)


@dataclass(frozen=True)
class SignedDocument:
    """A document as read: its type, its body, and who says to have signed it.  Nothing in it is to be believed
    before ``verify``.
    """

    kind: str
    body: Json
    body_bytes: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def verify(self, publics: Iterable[bytes], label: bytes) -> Json:
        """The body, once one of the signatures is by one of these Ed25519 keys.  Raises ``BadSignature``."""
        signatures = [signature for algorithm, signature in self.signatures if algorithm == "ed25519"]
        primitives.verify_any_ed25519(publics, signatures, label, self.body_bytes)
        return self.body


MAX_SIGNATURES = 8
SIGNATURE_ALGORITHMS = ("ed25519",)  # room for ml-dsa-65 beside it


def sign_document(kind: str, body: Json, sign: Callable[[bytes], bytes]) -> bytes:
    """A signed document: ``sign`` makes an Ed25519 signature over the label of its kind and the bytes it is given."""
    signature = {"alg": "ed25519", "sig": to_base64(sign(encode(body)))}
    return encode({"body": body, "signatures": [signature], "type": kind})


def read_document(data: bytes, kind: str, *, limit: int) -> SignedDocument:
    """Reads a signed document of this kind.  Raises ``Malformed``, ``NotCanonical`` or ``TooLong``."""
    return document_from_json(decode(data, limit=limit), kind)


def document_from_json(value: object, kind: str) -> SignedDocument:
    """The same for a document that stands inside another one."""
    outer = fields(value, ("body", "signatures", "type"))
    if outer["type"] != kind:
        raise Malformed("a document of another kind")
    body = fields(outer["body"], (), outer["body"] if isinstance(outer["body"], dict) else ())
    signatures = []
    for item in items(outer["signatures"], MAX_SIGNATURES, 1):
        entry = fields(item, ("alg", "sig"))
        signatures.append((choice(entry["alg"], SIGNATURE_ALGORITHMS), from_base64(entry["sig"])))
    return SignedDocument(kind, body, encode(body), tuple(signatures))
