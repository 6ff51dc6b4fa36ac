"""Bytes of a fuzzer, taken as choices: which field of a good document to change, and into what.

No library is needed to replay an input: the same bytes make the same choices everywhere.
"""

import copy
import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

from dropbox.protocol import documents
from dropbox.protocol.errors import ProtocolError

Chosen = TypeVar("Chosen")

_ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 1 << 31, 1 << 32, (1 << 53) - 1, 1 << 53, 1 << 70, 1.5, "", "0", "a", "\0", "\x1f",
    "\u202e", "\ud800", "\U0001f600", "00" * 16, "AA==", "é" * 200, "x" * 9000, [], {}, [[]], [None], {"": 0},
    {"é": 1}, [0] * 600, [[[[[[[[[[1]]]]]]]]]],
)  # fmt: skip


class Source:
    """Choices from bytes; zeros once they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        """At most so many bytes."""
        found = self._data[self._at : self._at + count]
        self._at += count
        return found

    def byte(self) -> int:
        """0 to 255."""
        return (self.take(1) or b"\0")[0]

    def below(self, count: int) -> int:
        """0 to ``count`` - 1."""
        wide = int.from_bytes(self.take(2).ljust(2, b"\0"), "big") if count > 256 else self.byte()
        return wide % count

    def rest(self) -> bytes:
        """What is left."""
        return self.take(len(self._data))

    def text(self) -> str:
        """A text of up to 255 bytes of UTF-8."""
        return self.take(self.byte()).decode(errors="replace")

    def one_of(self, *values: Chosen) -> Chosen:
        """One of these."""
        return values[self.below(len(values))]


def spliced(data: bytes, source: Source) -> bytes:
    """The data with up to three places changed, cut out, or written into."""
    for _ in range(source.below(4)):
        at = source.below(max(1, len(data)))
        match source.below(5):
            case 0:
                data = data[:at] + bytes([data[at] ^ (1 << source.below(8))]) + data[at + 1 :] if data else b"\0"
            case 1:
                data = data[:at] + source.take(source.byte()) + data[at:]
            case 2:
                data = data[:at] + data[at + 1 + source.byte() :]
            case 3:
                data = data[:at]
            case 4:
                new = source.take(4)
                data = data[:at] + new + data[at + len(new) :]
    return data


def altered(value: Any, source: Source) -> Any:  # noqa: ANN401 - what JSON holds, and what it does not
    """A copy of a document in which up to three fields, anywhere in it, are others."""
    root: dict[str, Any] = {"": copy.deepcopy(value)}
    for _ in range(source.below(4)):
        holder: Any = root
        key: Any = ""
        while isinstance(holder[key], dict | list) and holder[key] and source.byte() & 7:
            holder = holder[key]
            key = sorted(holder)[source.below(len(holder))] if isinstance(holder, dict) else source.below(len(holder))
        _alter(holder, key, source)
        if "" not in root:
            root[""] = {}
    return root[""]


def _alter(holder: Any, key: Any, source: Source) -> None:  # noqa: ANN401 - as in `altered`
    old = holder[key]
    match source.below(6):
        case 0:
            holder[key] = _odd(source)
        case 1:
            del holder[key]
        case 2 if isinstance(old, dict):
            old[source.text()] = _odd(source)
        case 2 if isinstance(old, list):
            old.append(copy.deepcopy(old[0]) if old else _odd(source))
        case 3 if isinstance(old, int):
            holder[key] = int(old) + source.byte() - 128
        case _ if isinstance(old, str):
            holder[key] = spliced(old.encode(errors="surrogatepass"), source).decode(errors="replace")
        case _:
            holder[key] = source.text()


def _odd(source: Source) -> Any:  # noqa: ANN401 - as in `altered`
    return copy.deepcopy(source.one_of(*_ODD))


def written(value: Any, source: Source) -> bytes:  # noqa: ANN401 - as in `altered`
    """JSON: canonical where the document can be, in another spelling where it cannot or the source says so."""
    try:
        if source.byte() != 1:
            return documents.encode(value)
    except (ProtocolError, AttributeError):  # AttributeError: not an object at all
        pass
    return json.dumps(value).encode()


def signed(kind: str, body: Any, sign: Callable[[bytes], bytes], source: Source) -> bytes:  # noqa: ANN401
    """A document whose signature is right, whatever stands in its body; the bytes may be spliced afterwards."""
    try:
        data = documents.sign_document(kind, body, sign)
    except ProtocolError:
        data = json.dumps({"body": body, "signatures": [{"alg": "ed25519", "sig": ""}], "type": kind}).encode()
    return spliced(data, source) if source.byte() == 1 else data
