"""The two keyrings of a desk: what they hold, and their files.

`publisher.keyring` stands open as long as the desk runs.  It signs, issues boards and fetches, and reads nothing.
`recipient.keyring` opens with a handler's password.  It reads reports and seals replies.

Both are rewritten whole and replaced: what a state no longer holds is gone from the file.  A prekey's seed stands in
the recipient's file sealed under a key of its own that stands in the publisher's, so that the desk can destroy a
prekey on its day also while nobody is signed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from dropbox.bureau.errors import KeyringDamagedError
from dropbox.protocol import documents, primitives, sizes
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.thread import ReplyKeys, advance
from dropbox.storage.sealed_file import PassphraseSeal, open_sealed, read_file, replace_file, seal

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLISHER_FILE: Final = "publisher.keyring"
RECIPIENT_FILE: Final = "recipient.keyring"
RECIPIENT_NAME: Final = "recipient"  # of the keyring, in accounts
KEY: Final = 32
REFERENCE: Final = 16
PREKEY_NAME: Final = 16

_PUBLISHER_CONTEXT: Final = b"dropbox/v1/publisher.keyring"
_RECIPIENT_CONTEXT: Final = b"dropbox/v1/recipient.keyring"
_LIMIT: Final = 256 * sizes.MIB


def prekey_name(public: bytes) -> bytes:
    """16 bytes that name a prekey in both keyrings."""
    return primitives.sha256(public)[:PREKEY_NAME]


@dataclass(frozen=True)
class PublicPrekey:
    """The publisher's half of a prekey.

    `day` is the only day it is for, or for a fallback key the last day of its epoch.  `wrap` opens the seed in the
    recipient's keyring: forgetting it destroys the prekey.  `closed_day` is the day of the first fetch that was
    complete after the last envelope to this key could have been accepted, None before that.
    """

    kind: str
    day: int
    public: bytes
    wrap: bytes = field(repr=False)
    closed_day: int | None = None


@dataclass(frozen=True)
class BoardMark:
    """What is remembered of the last board issued."""

    issued_day: int
    next_due: int


@dataclass(frozen=True)
class PublisherState:
    """Everything in `publisher.keyring`."""

    recipient: bytes
    bulletin_seed: bytes = field(repr=False)
    board_seed: bytes = field(repr=False)
    publication_seed: bytes = field(repr=False)
    courier_seed: bytes = field(repr=False)
    storage_key: bytes = field(repr=False)
    card_public: bytes
    box_public: bytes
    prekeys: Mapping[bytes, PublicPrekey] = field(default_factory=dict)
    tag_keys: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    board_sizes: Mapping[int, int] = field(default_factory=dict)  # records -> last day that needed so many
    last_board: BoardMark | None = None
    accepted_board: BoardMark | None = None  # the last one that intake is known to have taken
    has_database: bool = False  # whether a database was ever made for this vault
    sequence: int = 0
    mailboxes_read_day: int = 0
    clock_day: int = 0  # of the last fetch that was complete: intake's clock and ours agreed within minutes


@dataclass(frozen=True)
class ThreadKeys:
    """What one dialogue needs.  `chain` is the key of number `next_number`; no earlier one is kept.

    `reference` names the thread outside this keyring: its id would confirm a found receipt.
    """

    auth: bytes = field(repr=False)
    public: bytes
    tag_key: bytes = field(repr=False)
    reference: bytes
    next_number: int
    chain: bytes = field(repr=False)
    case: bytes

    def moved_on(self, steps: int) -> ThreadKeys:
        """The thread after so many records: the keys that seal them are no longer in it."""
        chain, number = advance(self.chain, steps), self.next_number + steps
        return ThreadKeys(self.auth, self.public, self.tag_key, self.reference, number, chain, self.case)

    def same_keys(self, auth: bytes, keys: ReplyKeys) -> bool:
        """Whether a first message brings the keys of this very thread (all come from one receipt)."""
        pairs = ((self.auth, auth), (self.public, keys.public), (self.tag_key, keys.tag_key))
        return all(primitives.equal(left, right) for left, right in pairs)


@dataclass(frozen=True)
class RecipientState:
    """Everything in `recipient.keyring`."""

    recipient: bytes
    card_seed: bytes = field(repr=False)
    box_seed: bytes = field(repr=False)
    seen_key: bytes = field(repr=False)
    prekeys: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)  # name -> sealed seed
    threads: Mapping[bytes, ThreadKeys] = field(default_factory=dict, repr=False)  # by thread id
    case_keys: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)


def wrap_seed(wrap: bytes, name: bytes, seed: bytes) -> bytes:
    """A prekey's seed as it stands in the recipient's keyring."""
    return seal(wrap, seed, b"prekey" + name)


def unwrap_seed(wrap: bytes, name: bytes, sealed: bytes) -> bytes:
    """The inverse.  Raises StorageError."""
    return open_sealed(wrap, sealed, b"prekey" + name)


class _Seal(Protocol):
    def seal(self, plaintext: bytes, context: bytes) -> bytes: ...


class _KeySeal:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        return seal(self._key, plaintext, context)


class PublisherKeyring:
    """The open publisher's keyring.  `save` is durable when it returns."""

    def __init__(self, path: Path, opened: _Seal, state: PublisherState) -> None:
        """Use `make` or `open`."""
        self._path, self._seal, self.state = path, opened, state

    @classmethod
    def make(cls, folder: Path, passphrase: PassphraseSeal, state: PublisherState) -> PublisherKeyring:
        """Write the first one."""
        made = cls(folder / PUBLISHER_FILE, passphrase, state)
        made.save(state)
        return made

    @classmethod
    def open(cls, folder: Path, passphrase: str) -> PublisherKeyring:
        """Read it.  Takes a moment.  Raises WrongPassphraseError, SealedDamagedError, KeyringDamagedError, OSError."""
        path = folder / PUBLISHER_FILE
        opened, data = PassphraseSeal.open(passphrase, read_file(path), _PUBLISHER_CONTEXT)
        return cls(path, opened, _reading(data, _publisher_from_json))

    def save(self, state: PublisherState) -> None:
        """Replace the file, then this state."""
        self.copy_to(self._path, state)
        self.state = state

    def copy_to(self, path: Path, state: PublisherState) -> None:
        """Write a file that opens with the same passphrase."""
        replace_file(path, self._seal.seal(documents.encode(_publisher_to_json(state)), _PUBLISHER_CONTEXT))


class RecipientKeyring:
    """The open recipient's keyring.  `save` is durable when it returns."""

    def __init__(self, path: Path, access_key: bytes, state: RecipientState) -> None:
        """Use `make` or `open`."""
        self._path, self._seal, self.state = path, _KeySeal(access_key), state

    @classmethod
    def make(cls, folder: Path, access_key: bytes, state: RecipientState) -> RecipientKeyring:
        """Write the first one."""
        made = cls(folder / RECIPIENT_FILE, access_key, state)
        made.save(state)
        return made

    @classmethod
    def open(cls, folder: Path, access_key: bytes) -> RecipientKeyring:
        """Read it.  Raises WrongPassphraseError, SealedDamagedError, KeyringDamagedError, OSError."""
        path = folder / RECIPIENT_FILE
        data = open_sealed(access_key, read_file(path), _RECIPIENT_CONTEXT)
        return cls(path, access_key, _reading(data, _recipient_from_json))

    def save(self, state: RecipientState) -> None:
        """Replace the file, then this state."""
        self.copy_to(self._path, state)
        self.state = state

    def copy_to(self, path: Path, state: RecipientState) -> None:
        """Write a file that opens with the same access key, and so with the same passwords."""
        replace_file(path, self._seal.seal(documents.encode(_recipient_to_json(state)), _RECIPIENT_CONTEXT))


def _reading(data: bytes, read: Callable[[documents.Json], Any]) -> Any:  # noqa: ANN401 -- one state or the other
    try:
        return read(documents.decode(data, limit=_LIMIT))
    except (ProtocolError, KeyError, TypeError, ValueError, AttributeError):
        raise KeyringDamagedError from None


def _publisher_to_json(state: PublisherState) -> documents.Json:
    return {
        "accepted_board": _mark_to_json(state.accepted_board),
        "board_seed": state.board_seed.hex(),
        "board_sizes": {str(size): day for size, day in state.board_sizes.items()},
        "box_public": state.box_public.hex(),
        "bulletin_seed": state.bulletin_seed.hex(),
        "clock_day": state.clock_day,
        "card_public": state.card_public.hex(),
        "courier_seed": state.courier_seed.hex(),
        "has_database": state.has_database,
        "last_board": _mark_to_json(state.last_board),
        "mailboxes_read_day": state.mailboxes_read_day,
        "prekeys": [
            {
                "closed_day": one.closed_day,
                "day": one.day,
                "kind": one.kind,
                "public": documents.to_base64(one.public),
                "wrap": one.wrap.hex(),
            }
            for one in state.prekeys.values()
        ],
        "publication_seed": state.publication_seed.hex(),
        "recipient": state.recipient.hex(),
        "sequence": state.sequence,
        "storage_key": state.storage_key.hex(),
        "tag_keys": {reference.hex(): key.hex() for reference, key in state.tag_keys.items()},
        "version": 1,
    }


def _mark_to_json(mark: BoardMark | None) -> documents.Json | None:
    return None if mark is None else {"issued_day": mark.issued_day, "next_due": mark.next_due}


def _mark_from_json(value: object) -> BoardMark | None:
    if value is None:
        return None
    body = documents.fields(value, ("issued_day", "next_due"))
    return BoardMark(documents.integer(body["issued_day"]), documents.integer(body["next_due"]))


_PUBLISHER_FIELDS: Final = (
    "accepted_board", "board_seed", "board_sizes", "box_public", "bulletin_seed", "card_public", "clock_day",
    "courier_seed", "has_database", "last_board", "mailboxes_read_day", "prekeys", "publication_seed", "recipient",
    "sequence", "storage_key", "tag_keys", "version",
)  # fmt: skip


def _publisher_from_json(value: documents.Json) -> PublisherState:
    body = documents.fields(value, _PUBLISHER_FIELDS)
    documents.integer(body["version"], 1, 1)
    prekeys = [_prekey_from_json(one) for one in body["prekeys"]]
    return PublisherState(
        recipient=documents.from_hex(body["recipient"], sizes.RECIPIENT_ID),
        bulletin_seed=documents.from_hex(body["bulletin_seed"], KEY),
        board_seed=documents.from_hex(body["board_seed"], KEY),
        publication_seed=documents.from_hex(body["publication_seed"], KEY),
        courier_seed=documents.from_hex(body["courier_seed"], KEY),
        storage_key=documents.from_hex(body["storage_key"], KEY),
        card_public=documents.from_hex(body["card_public"], KEY),
        box_public=documents.from_hex(body["box_public"], sizes.XWING_PUBLIC),
        prekeys={prekey_name(one.public): one for one in prekeys},
        tag_keys={bytes.fromhex(name): documents.from_hex(key, KEY) for name, key in body["tag_keys"].items()},
        board_sizes={int(size): documents.integer(day) for size, day in body["board_sizes"].items()},
        last_board=_mark_from_json(body["last_board"]),
        accepted_board=_mark_from_json(body["accepted_board"]),
        has_database=body["has_database"] is True,
        sequence=documents.integer(body["sequence"]),
        mailboxes_read_day=documents.integer(body["mailboxes_read_day"]),
        clock_day=documents.integer(body["clock_day"]),
    )


def _prekey_from_json(value: object) -> PublicPrekey:
    body = documents.fields(value, ("closed_day", "day", "kind", "public", "wrap"))
    closed = body["closed_day"]
    return PublicPrekey(
        kind=documents.choice(body["kind"], ("daily", "fallback")),
        day=documents.integer(body["day"]),
        public=documents.from_base64(body["public"], sizes.XWING_PUBLIC),
        wrap=documents.from_hex(body["wrap"], KEY),
        closed_day=None if closed is None else documents.integer(closed),
    )


def _recipient_to_json(state: RecipientState) -> documents.Json:
    return {
        "box_seed": state.box_seed.hex(),
        "card_seed": state.card_seed.hex(),
        "case_keys": {name.hex(): key.hex() for name, key in state.case_keys.items()},
        "prekeys": {name.hex(): sealed.hex() for name, sealed in state.prekeys.items()},
        "recipient": state.recipient.hex(),
        "seen_key": state.seen_key.hex(),
        "threads": {
            name.hex(): {
                "auth": keys.auth.hex(),
                "case": keys.case.hex(),
                "chain": keys.chain.hex(),
                "next": keys.next_number,
                "public": keys.public.hex(),
                "reference": keys.reference.hex(),
                "tag_key": keys.tag_key.hex(),
            }
            for name, keys in state.threads.items()
        },
        "version": 1,
    }


def _recipient_from_json(value: documents.Json) -> RecipientState:
    names = ("box_seed", "card_seed", "case_keys", "prekeys", "recipient", "seen_key", "threads", "version")
    body = documents.fields(value, names)
    documents.integer(body["version"], 1, 1)
    return RecipientState(
        recipient=documents.from_hex(body["recipient"], sizes.RECIPIENT_ID),
        card_seed=documents.from_hex(body["card_seed"], KEY),
        box_seed=documents.from_hex(body["box_seed"], KEY),
        seen_key=documents.from_hex(body["seen_key"], KEY),
        prekeys={bytes.fromhex(name): bytes.fromhex(sealed) for name, sealed in body["prekeys"].items()},
        threads={bytes.fromhex(name): _thread_from_json(keys) for name, keys in body["threads"].items()},
        case_keys={bytes.fromhex(name): documents.from_hex(key, KEY) for name, key in body["case_keys"].items()},
    )


def _thread_from_json(value: object) -> ThreadKeys:
    body = documents.fields(value, ("auth", "case", "chain", "next", "public", "reference", "tag_key"))
    return ThreadKeys(
        auth=documents.from_hex(body["auth"], KEY),
        public=documents.from_hex(body["public"], KEY),
        tag_key=documents.from_hex(body["tag_key"], KEY),
        reference=documents.from_hex(body["reference"], REFERENCE),
        next_number=documents.integer(body["next"]),
        chain=documents.from_hex(body["chain"], KEY),
        case=documents.from_hex(body["case"], REFERENCE),
    )
