"""How a vector writes bytes down, so that its one fault can be seen in it.

A string is hexadecimal. An object is one of ``{"text": ...}``, ``{"base64": ...}``, ``{"zeros": n}``,
``{"repeat": value, "times": n}``, ``{"stream": name, "length": n}`` (SHA-256 of ``vectors/``, the name and a counter
of 4 bytes, again and again), ``{"parts": [value, ...]}`` and ``{"shared": name}`` (a file of the folder ``shared``),
and may have ``edits``: a list of changes, made one after the other.

    {"at": place, "xor": hex}    {"at": place, "put": value}    {"at": place, "insert": hex}
    {"append": value}    {"swap": [place, other place, length]}    {"slice": [place, end]}
    {"keep": bytes, or less than 0 to leave out the last ones}

A negative place counts from the end.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Any  # what JSON holds
Shared = Mapping[str, bytes]


def to_bytes(value: Json, shared: Shared) -> bytes:
    """The bytes that a vector's value stands for."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    data = _plain(value, shared)
    for edit in value.get("edits", ()):
        data = _edited(data, edit, shared)
    return data


def _plain(value: dict[str, Any], shared: Shared) -> bytes:  # noqa: PLR0911 -- one way out for each form
    match value:
        case {"text": str(text)}:
            return text.encode()
        case {"base64": str(text)}:
            return base64.b64decode(text, validate=True)
        case {"zeros": int(count)}:
            return bytes(count)
        case {"repeat": repeated, "times": int(times)}:
            return to_bytes(repeated, shared) * times
        case {"stream": str(name), "length": int(length)}:
            blocks = range(-(-length // 32))
            named = b"vectors/" + name.encode()
            return b"".join(hashlib.sha256(named + place.to_bytes(4, "big")).digest() for place in blocks)[:length]
        case {"parts": list(parts)}:
            return b"".join(to_bytes(part, shared) for part in parts)
        case {"shared": str(name)}:
            return shared[name]
    raise ValueError("a value of a vector in a form that is not documented")


def _edited(data: bytes, edit: dict[str, Any], shared: Shared) -> bytes:  # noqa: PLR0911 -- as in _plain
    match edit:
        case {"at": int(at), "xor": str(digits)}:
            mask = bytes.fromhex(digits)
            at %= len(data)
            changed = bytes(left ^ right for left, right in zip(data[at : at + len(mask)], mask, strict=True))
            return data[:at] + changed + data[at + len(mask) :]
        case {"at": int(at), "put": put}:
            at %= len(data)
            new = to_bytes(put, shared)
            return data[:at] + new + data[at + len(new) :]
        case {"at": int(at), "insert": str(digits)}:
            at %= len(data)
            return data[:at] + bytes.fromhex(digits) + data[at:]
        case {"keep": int(count)}:
            return data[:count]
        case {"slice": [int(start), int(end)]}:
            return data[start:end]
        case {"append": more}:
            return data + to_bytes(more, shared)
        case {"swap": [int(one), int(other), int(length)]}:
            left, right = data[one : one + length], data[other : other + length]
            return data[:one] + right + data[one + length : other] + left + data[other + length :]
    raise ValueError("an edit of a vector in a form that is not documented")
