"""Canaries: reports that an auditor sends to see whether the whole way works (docs/protocol.md, section 16.3).

Nobody but the desk can tell one from a report: its marker is the text of an ordinary sealed message, and is signed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dropbox.protocol import documents, labels, primitives, sizes
from dropbox.protocol.errors import BadSignature, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ANSWER: Final = "canary"
"""What the desk replies by itself."""

_TEXT: Final = re.compile(r"canary ([0-9a-f]{64}) ([0-9A-Za-z+/]{86}==)")
_DAY: Final = 4


def _signed(instance: bytes, thread_id: bytes, day: int) -> bytes:
    if len(instance) != sizes.INSTANCE or len(thread_id) != sizes.THREAD_ID:
        raise Malformed("an instance or a thread of the wrong length")
    documents.integer(day, 0, sizes.MAX_DAY)
    return instance + thread_id + day.to_bytes(_DAY, "big")


def text(auditor: bytes, instance: bytes, thread_id: bytes, day: int, sign: Callable[[bytes], bytes]) -> str:
    """The text of a canary in this thread, sealed to the bulletin of this day.  ``sign`` is the auditor's."""
    signed = _signed(instance, thread_id, day)
    return f"canary {auditor.hex()} {documents.to_base64(sign(labels.SIGN_CANARY + signed))}"


def signer(message: str, instance: bytes, thread_id: bytes, day: int, known: Iterable[bytes]) -> bytes | None:
    """Whose canary this text is, None for what is none: an ordinary report, whatever it pretends.

    ``known`` are the keys whose canaries this desk answers.  The thread and the day are signed: a marker that was seen
    once makes no other message a canary.
    """
    found = _TEXT.fullmatch(message)
    if found is None or (key := bytes.fromhex(found[1])) not in set(known):
        return None
    try:
        signature = documents.from_base64(found[2], sizes.ED25519_SIGNATURE)
        primitives.verify_ed25519(key, signature, labels.SIGN_CANARY, _signed(instance, thread_id, day))
    except (BadSignature, Malformed):
        return None
    return key
