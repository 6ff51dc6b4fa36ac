"""A desk that keeps only what the real one may keep, and can stop between any two of its steps.

``Keyring`` and ``Vault`` are what survives a crash. The keyring holds the secrets that must be forgettable; the vault
is the database, with plaintext, inner records and the last board. Neither ever holds a thread's first chain key, once
it was advanced, nor the frames that brought it.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dropbox.protocol import board, board_head, sizes
from dropbox.protocol.board_head import BoardHead
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.errors import DoesNotOpen, OutsideDates, ProtocolError
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import Event, FileData, FileEnd, Head, Message
from dropbox.protocol.reply import Acknowledgement, Note, encode_note
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey
from dropbox.protocol.sizes import Prefix
from dropbox.protocol.thread import Link, ReplyKeys, advance, may_expire, seal_record
from tests.simulators.basics import Clock, Seeded
from tests.simulators.host import SimulatedHost

REPLY_DAYS = 180
BOARD_VALID = 3 * sizes.DAY


class StoppedError(Exception):
    """The desk's machine lost power between two steps."""


@dataclass(frozen=True)
class ThreadKeys:
    """What the keyring holds of a thread: the chain key of the next number, none before it."""

    auth: bytes
    public: bytes
    tag_key: bytes
    chain: bytes
    number: int = 0


@dataclass
class Keyring:
    """Secrets that must be forgettable: a file, replaced whole."""

    prekeys: dict[tuple[int, int], XWingSecretKey] = field(default_factory=dict)
    threads: dict[bytes, ThreadKeys] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """A report or a later message as a handler sees it. ``thread`` is None where it belongs to none for certain."""

    thread: bytes | None
    message_id: bytes
    text: str
    files: tuple[bytes, ...]


@dataclass(frozen=True)
class Stored:
    """A sealed record that boards carry until it expires."""

    number: int
    inner: bytes
    day: int
    acknowledgement: bool


@dataclass
class Vault:
    """The database."""

    shown: list[Shown] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    failed: dict[bytes, str] = field(default_factory=dict)
    records: dict[bytes, list[Stored]] = field(default_factory=dict)
    acknowledged: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    fetches: list[int] = field(default_factory=list)
    last_board: bytes = b""
    most_records: int = 0


class SimulatedDesk:
    """One recipient of the bureau."""

    def __init__(self, identity: bytes, board_key: SigningKey, clock: Clock, random: Seeded) -> None:
        """A desk with nothing yet."""
        self.identity, self.board_key, self.clock, self.random = identity, board_key, clock, random
        self.keyring, self.vault = Keyring(), Vault()
        self.bulletins: dict[tuple[int, int], Bulletin] = {}
        self.stop_at = ""

    def _step(self, name: str) -> None:
        if self.stop_at == name:
            self.stop_at = ""
            raise StoppedError(name)

    # ------------------------------------------------------------------------------------------ prekeys
    def new_prekey(self, day: int, revision: int) -> bytes:
        """Makes the day's key and gives its public half for the bulletin."""
        secret = XWingSecretKey.generate(self.random)
        self.keyring.prekeys[day, revision] = secret
        return secret.public

    def destroy_prekeys(self) -> None:
        """The secret of day d goes 7 days after a fetch that was complete once acceptance had closed, and at the
        latest after day d + 30.
        """
        for place in list(self.keyring.prekeys):
            day = place[0]
            fetched = [fetch for fetch in self.vault.fetches if fetch > day + sizes.ACCEPTED_DAYS]
            late = self.clock.day > day + sizes.PREKEY_LAST_DAY
            if late or (fetched and self.clock.day > min(fetched) + sizes.ACCEPTED_DAYS):
                del self.keyring.prekeys[place]

    # ------------------------------------------------------------------------------------------ taking in
    def take_in(self, host: SimulatedHost) -> None:
        """Fetch, open, commit, confirm; one envelope's failure never stops the rest."""
        for key in host.listing():
            data = host.fetch(key)
            try:
                self.open_one(data)
            except ProtocolError as error:
                self.vault.failed[key] = type(error).__name__
                continue
            host.confirm(self.identity, [key])
        self.vault.fetches.append(self.clock.day)

    def open_one(self, data: bytes) -> None:
        """Opens and commits one envelope. Raises ``ProtocolError``; then nothing was changed."""
        prefix = Prefix.from_bytes(data[: sizes.PREFIX])
        secret = self.keyring.prekeys.get((prefix.day, prefix.revision))
        bulletin = self.bulletins.get((prefix.day, prefix.revision))
        if secret is None or bulletin is None:
            raise OutsideDates("the key of that day is gone")
        reader = EnvelopeReader(bulletin, self.identity, secret)
        events = [*reader.feed(data), *reader.finish()]
        self._step("opened")
        if reader.header_hash in self.vault.seen:
            return
        head = events[0]
        assert isinstance(head, Head)
        thread = self._thread_of(head, reader)
        self._commit(thread, head, events, reader.header_hash)

    def _thread_of(self, head: Head, reader: EnvelopeReader) -> bytes | None:
        known = self.keyring.threads.get(head.thread_id)
        brought = next((keys for keys in head.reply_keys if keys.recipient == self.identity), None)
        if known is None and brought is not None and reader.authentic(head.auth):
            self._adopt(head, brought)
            return head.thread_id
        if known is None or not reader.authentic(known.auth):
            return None
        if head.first and (brought is None or (brought.public, brought.tag_key) != (known.public, known.tag_key)):
            return None
        return head.thread_id

    def _adopt(self, head: Head, brought: ReplyKeys) -> None:
        """A new thread, or one whose keys an older keyring does not have: numbers that were used are passed over."""
        number = self._used(head.thread_id, brought.tag_key)
        self.keyring.threads[head.thread_id] = ThreadKeys(
            head.auth, brought.public, brought.tag_key, advance(brought.chain, number), number
        )
        self._step("keyring written")

    def _commit(self, thread: bytes | None, head: Head, events: list[Event], header_hash: bytes) -> None:
        text = next(event.text for event in events if isinstance(event, Message))
        files = _files(events)
        again = thread is not None and any(
            (shown.thread, shown.message_id) == (thread, head.message_id) for shown in self.vault.shown
        )
        if not again:
            self.vault.shown.append(Shown(thread, head.message_id, text, files))
            if thread is not None:
                messages, count = self.vault.acknowledged.get(thread, (0, 0))
                self.vault.acknowledged[thread] = (messages + 1, count + len(files))
        self.vault.seen.add(header_hash)
        self._step("committed")

    # ------------------------------------------------------------------------------------------ replying
    def reply(self, thread_id: bytes, note: Note) -> list[int]:
        """Persists the advanced chain, then seals under what was before it, then stores. Gives the numbers."""
        bodies = encode_note(note, self.clock.day)
        keys = self.keyring.threads[thread_id]
        links = [Link(keys.number + place, advance(keys.chain, place)) for place in range(len(bodies))]
        advanced = replace(keys, chain=advance(keys.chain, len(bodies)), number=keys.number + len(bodies))
        self.keyring.threads[thread_id] = advanced
        self._step("persisted")
        reply_keys = ReplyKeys(self.identity, keys.public, bytes(32), keys.tag_key)
        inners = [
            seal_record(reply_keys, self.instance, link, body, self.random)
            for link, body in zip(links, bodies, strict=True)
        ]
        self._step("sealed")
        acknowledgement = isinstance(note, Acknowledgement)
        self.vault.records.setdefault(thread_id, []).extend(
            Stored(link.number, inner, self.clock.day, acknowledgement)
            for link, inner in zip(links, inners, strict=True)
        )
        self._step("stored")
        return [link.number for link in links]

    def acknowledge(self, thread_id: bytes) -> list[int]:
        """The cumulative acknowledgement as it now stands."""
        messages, files = self.vault.acknowledged[thread_id]
        return self.reply(thread_id, Acknowledgement(messages, files, self.clock.day))

    def tidy(self) -> None:
        """Lets records go that are old or replaced, as far as a reader who starts from nothing finds the rest."""
        for thread_id, records in self.vault.records.items():
            keys = self.keyring.threads.get(thread_id)
            if keys is None:
                continue
            latest = max((record.number for record in records if record.acknowledgement), default=-1)
            expired = {
                record.number
                for record in records
                if record.day + REPLY_DAYS < self.clock.day or (record.acknowledgement and record.number < latest)
            }
            going = may_expire(sorted(record.number for record in records), expired, keys.number)
            self.vault.records[thread_id] = [record for record in records if record.number not in going]

    # ------------------------------------------------------------------------------------------ boards
    @property
    def instance(self) -> bytes:
        """The instance that this desk belongs to."""
        return next(iter(self.bulletins.values())).instance

    def issue(self, host: SimulatedHost | None) -> bytes:
        """Writes all live records anew under a fresh salt and publishes them."""
        live = [
            (keys.tag_key, record.number, record.inner)
            for thread_id, keys in self.keyring.threads.items()
            for record in self.vault.records.get(thread_id, ())
        ]
        self.vault.most_records = board.padded_count(len(live), self.vault.most_records)
        bulletin = self.bulletins[max(place for place in self.bulletins if place[0] == self.clock.day)]
        head = BoardHead(
            instance=self.instance,
            recipient=self.identity,
            salt=self.random(board_head.SALT),
            issued_day=self.clock.day,
            next_due=self.clock.now + bulletin.board_period,
            valid_until=self.clock.now + BOARD_VALID,
            bulletin_hash=bulletin.hash,
            records=self.vault.most_records,
        )
        unsigned = board.assemble(head, live, self.random)
        data = board_head.append_signature(unsigned, self.board_key.sign(unsigned))
        self.vault.last_board = data
        self._step("issued")
        if host is not None:
            host.put_board(self.identity, data)
        self._step("published")
        return data

    # ------------------------------------------------------------------------------------------ copies and restoring
    def copy_keyring(self) -> Keyring:
        """A copy as somebody would make of the file."""
        return copy.deepcopy(self.keyring)

    def restore(self, keyring: Keyring) -> None:
        """Goes on with an older keyring. Walks the last board and what was stored, and advances every chain past
        them before anything may be sealed.
        """
        self.keyring = copy.deepcopy(keyring)
        for thread_id, keys in self.keyring.threads.items():
            used = self._used(thread_id, keys.tag_key)
            if used > keys.number:
                chain = advance(keys.chain, used - keys.number)
                self.keyring.threads[thread_id] = replace(keys, chain=chain, number=used)

    def _used(self, thread_id: bytes, tag_key: bytes) -> int:
        """The first number after all those that left this desk or are stored at it."""
        numbers = [record.number for record in self.vault.records.get(thread_id, ())]
        if self.vault.last_board:
            publics = (self.board_key.public,)
            verified = board_head.verify_board(self.vault.last_board, publics, self.instance)
            numbers += [number for number, _ in board.BoardIndex(verified).walk(tag_key)]
        return max(numbers, default=-1) + 1


def _files(events: list[Event]) -> tuple[bytes, ...]:
    files, current = [], bytearray()
    for event in events:
        if isinstance(event, FileData):
            current += event.data
        elif isinstance(event, FileEnd):
            files.append(bytes(current))
            current = bytearray()
    return tuple(files)


def opens_with(
    prekeys: Mapping[tuple[int, int], XWingSecretKey], bulletin: Bulletin, identity: bytes, data: bytes
) -> bool:
    """Whether any of these keys opens the envelope, whatever day it says."""
    for secret in prekeys.values():
        reader = EnvelopeReader(bulletin, identity, secret)
        try:
            list(reader.feed(data))
            list(reader.finish())
        except DoesNotOpen:
            continue
        return True
    return False
