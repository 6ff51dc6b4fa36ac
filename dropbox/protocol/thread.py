"""The keys of one dialogue and the sealing of replies under them (docs/protocol.md, sections 8 and 10).

All of them come from the receipt.  What the bureau needs travels in the first envelope; the reporter derives the rest
again from the receipt on every visit, so that nothing is stored anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dropbox.protocol import labels, primitives, sizes
from dropbox.protocol.errors import Malformed, WrongSize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dropbox.protocol.receipt import Receipt

WINDOW = 256  # numbers that a reader derives beyond the last one found
MAX_GAP = 200  # numbers in a row that may be without a live record while a thread is open


@dataclass(frozen=True)
class ReplyKeys:
    """What one recipient needs to answer, as the first envelope brings it.

    The keyring keeps ``public`` and ``tag_key``, and the chain key of the next number only, never this first one.
    """

    recipient: bytes
    public: bytes
    chain: bytes = field(repr=False)
    tag_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.recipient) != sizes.RECIPIENT_ID:
            raise Malformed("a recipient is named by 16 bytes")
        if len(self.chain) != sizes.SYMMETRIC_KEY or len(self.tag_key) != sizes.SYMMETRIC_KEY:
            raise Malformed("a reply key has 32 bytes")
        primitives.check_x25519_public(self.public)


@dataclass(frozen=True)
class ReporterKeys:
    """Everything that a receipt gives in one instance.  Never leaves the reporter's side as a whole."""

    instance: bytes
    thread_id: bytes = field(repr=False)
    auth: bytes = field(repr=False)
    _master: bytes = field(repr=False)

    @classmethod
    def derive(cls, receipt: Receipt, instance: bytes) -> ReporterKeys:
        """From the receipt, bound to the instance: the same words elsewhere give other keys."""
        master = primitives.hkdf_extract(labels.RECEIPT + instance, receipt.entropy)
        return cls(
            instance=instance,
            thread_id=primitives.hkdf_expand(master, labels.THREAD_ID, sizes.THREAD_ID),
            auth=primitives.hkdf_expand(master, labels.THREAD_AUTH),
            _master=master,
        )

    def reply_secret(self, recipient: bytes) -> bytes:
        """The X25519 secret that opens this recipient's replies.  Never sent."""
        return primitives.hkdf_expand(self._master, labels.REPLY_X25519 + recipient)

    def reply_keys(self, recipient: bytes) -> ReplyKeys:
        """What this recipient is told in the first envelope."""
        return ReplyKeys(
            recipient=recipient,
            public=primitives.x25519_public(self.reply_secret(recipient)),
            chain=primitives.hkdf_expand(self._master, labels.REPLY_CHAIN + recipient),
            tag_key=primitives.hkdf_expand(self._master, labels.REPLY_TAG + recipient),
        )


def next_chain(chain: bytes) -> bytes:
    """The chain key of the next number.  The way back is closed: that is the forward secrecy of replies."""
    return primitives.hmac_sha256(chain, labels.CHAIN_NEXT)


def chains(chain: bytes) -> Iterator[bytes]:
    """The chain keys from this one on."""
    while True:
        yield chain
        chain = next_chain(chain)


def advance(chain: bytes, steps: int) -> bytes:
    """The chain key so many numbers further."""
    for _ in range(steps):
        chain = next_chain(chain)
    return chain


def _reply_key(chain: bytes, shared: bytes, context: bytes) -> bytes:
    salt = primitives.hmac_sha256(chain, labels.CHAIN_MESSAGE)
    return primitives.hkdf_expand(primitives.hkdf_extract(salt, shared), labels.REPLY_KEY + context)


def _context(instance: bytes, recipient: bytes, number: int, ephemeral: bytes, public: bytes) -> bytes:
    return instance + recipient + number.to_bytes(8, "big") + ephemeral + public


@dataclass(frozen=True)
class Link:
    """One number of a thread's chain and the key that seals the record of that number, once."""

    number: int
    chain: bytes = field(repr=False)


def seal_record(keys: ReplyKeys, instance: bytes, link: Link, body: bytes, random: Callable[[int], bytes]) -> bytes:
    """The inner record of ``link.number``: 992 bytes from a body of 944.

    The successor of ``link`` must have been made durable before this is called: a crash then costs a number, never a
    key used twice.  ``keys`` gives the recipient and the reporter's public key; its own chain key is not looked at.
    """
    if len(body) != sizes.RECORD_BODY:
        raise WrongSize("the body of a record has 944 bytes")
    secret = random(32)
    ephemeral = primitives.x25519_public(secret)
    context = _context(instance, keys.recipient, link.number, ephemeral, keys.public)
    key = _reply_key(link.chain, primitives.x25519(secret, keys.public), context)
    return ephemeral + primitives.seal_once(key, body, ephemeral)


def open_record(reporter: ReporterKeys, recipient: bytes, link: Link, inner: bytes) -> bytes:
    """The body of an inner record.  Raises ``DoesNotOpen`` or ``WrongSize``."""
    if len(inner) != sizes.RECORD_INNER:
        raise WrongSize("an inner record has 992 bytes")
    ephemeral, sealed = inner[: sizes.X25519_PUBLIC], inner[sizes.X25519_PUBLIC :]
    secret = reporter.reply_secret(recipient)
    public = primitives.x25519_public(secret)
    context = _context(reporter.instance, recipient, link.number, ephemeral, public)
    key = _reply_key(link.chain, primitives.x25519(secret, ephemeral), context)
    return primitives.open_once(key, sealed, ephemeral)


def may_expire(live: list[int], expired: set[int], next_number: int) -> set[int]:
    """Which of the expired records may go so that a reader who starts from nothing still finds the rest.

    ``live`` are the numbers on the board in ascending order.  A record stays, although expired, where without it more
    than ``MAX_GAP`` numbers in a row, from the first to ``next_number``, would be empty.
    """
    going: set[int] = set()
    previous = -1
    for place, number in enumerate(live):
        following = live[place + 1] if place + 1 < len(live) else next_number
        if number in expired and following - previous <= MAX_GAP:
            going.add(number)
        else:
            previous = number
    return going
