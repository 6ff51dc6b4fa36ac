"""Messages that were opened become entries of cases, many at once, in an order that a crash at any point cannot hurt.

    1. staged files      rows of no case, dropped at the next start
    2. publisher keyring tag keys of new threads    harmless alone
    3. recipient keyring threads, case keys, chains moved on for the acknowledgements, in one write    a gap at worst
    4. one transaction   cases, entries, files, seen marks, acknowledgements, envelopes opened: now they are visible
    5. confirmation      to intake, later and as often as needed

Repeated after a crash, each step finds what the one before left.  The two keyrings grow with every thread and are
written whole: one write for many messages is what makes a thousand of them take seconds instead of a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dropbox.bureau import canaries, cases, dossiers, ledger, saving, sealing, store
from dropbox.bureau.cases import Alone, Continues, NewThread
from dropbox.bureau.dossiers import Dossier, NewEntry, StoredEntry
from dropbox.bureau.keyring import KEY, REFERENCE, ThreadKeys
from dropbox.bureau.ledger import ACKNOWLEDGEMENT, CANARY, RECORD_DAYS, UNREAD_DAYS, Record
from dropbox.bureau.sealing import Purpose
from dropbox.bureau.store import Envelope, State
from dropbox.bureau.vault import Vault
from dropbox.bureau.views import EntryKind, Flag
from dropbox.protocol import canary
from dropbox.protocol.reply import Acknowledgement, Reply, encode_note

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dropbox.bureau.opening import Opened
    from dropbox.protocol.thread import Link

    Random = Callable[[int], bytes]


@dataclass(frozen=True)
class Received:
    """An envelope and what it opened to."""

    envelope: Envelope
    opened: Opened


@dataclass(frozen=True)
class _Found:
    """What a message is.  `seen` and `thread_mark` are the names under which it and its thread are remembered."""

    where: cases.Route
    seen: bytes
    thread_mark: bytes
    duplicate: bool
    discarded: bool  # its thread was: nothing brings that back

    @property
    def may_come_early(self) -> bool:
        """Whether the first message of its dialogue may still come."""
        return self.where == Alone(Flag.UNKNOWN_THREAD) and not self.discarded


@dataclass(frozen=True)
class _Place:
    """Where a message goes: its case, the case's key, and its thread where that counts."""

    case_id: bytes
    key: bytes = field(repr=False)
    thread_id: bytes
    thread: ThreadKeys | None


class Admission:
    """Admits messages.  The caller holds `vault.changing`, and has read the last published board."""

    def __init__(self, vault: Vault, instance: bytes, auditors: Collection[bytes], random: Random) -> None:
        """Work on this vault.  `auditors` are the keys whose canaries are answered."""
        self._vault, self._instance, self._auditors, self._random = vault, instance, auditors, random

    async def admit(self, received: Sequence[Received], today: int, *, patient: bool) -> list[Envelope]:
        """Take them all in, or none.  Raises ProtocolError, DeskError, StorageError, OSError.

        ``patient``: a message of an unknown dialogue is left out and given back, since the first one may be among the
        envelopes that still wait or are on their way: their names are random, so they come in any order.
        """
        plan = _Plan(self._vault, today, self._random)
        async with self._vault.database.read() as connection:
            await self._find_canaries(connection, plan, received)
            early = [one.envelope for one in received if not await plan.place(connection, one, patient=patient)]
        links = await self._keep(plan)
        records, answers = self._acknowledge(plan, links)
        async with self._vault.database.write() as connection:
            await plan.write(connection)
            key = self._vault.storage_key
            await ledger.acknowledge(connection, key, records)
            await ledger.add(connection, key, answers)
            await ledger.note_next(connection, key, {one.reference: one.number + 1 for one in answers})
        return early

    async def _find_canaries(self, connection: AsyncConnection, plan: _Plan, received: Sequence[Received]) -> None:
        """Note which of these are canaries; whether each is a first message of its own is seen when it is placed."""
        if not self._auditors:
            return
        found = {
            one.envelope.envelope
            for one in received
            if canaries.is_canary(one.opened, self._instance, one.envelope.day, self._auditors)
        }
        if found:
            plan.canaries = found
            plan.canary_room = canaries.room(await ledger.records(connection, self._vault.storage_key))

    async def _keep(self, plan: _Plan) -> dict[bytes, list[Link]]:
        """Save keys, with each thread moved on past the links that this gives: one write, never ck_0."""
        keyring, publisher = plan.keyring, self._vault.publisher
        links: dict[bytes, list[Link]] = {}
        for thread_id in plan.touched:
            plan.threads[thread_id], links[thread_id] = sealing.first_links(
                plan.threads[thread_id], 1 + plan.is_canary(plan.threads[thread_id])
            )
        self._vault.require_backed(*(plan.threads[thread_id] for thread_id in links))
        if plan.new_tag_keys:
            tag_keys = {**publisher.state.tag_keys, **plan.new_tag_keys}
            await saving.save(publisher, replace(publisher.state, tag_keys=tag_keys))
        if plan.new_case_keys or links:
            case_keys = {**keyring.state.case_keys, **plan.new_case_keys}
            await saving.save(keyring, replace(keyring.state, case_keys=case_keys, threads=plan.threads))
        return links

    def _acknowledge(self, plan: _Plan, links: Mapping[bytes, Sequence[Link]]) -> tuple[list[Record], list[Record]]:
        """One for each thread, cumulative: however many messages came at once.  Also the answers to canaries."""
        found: list[Record] = []
        answers: list[Record] = []
        recipient = self._vault.publisher.state.recipient
        for thread_id, of_thread in links.items():
            thread = plan.threads[thread_id]
            after = plan.after[thread.case][1]
            bodies = encode_note(Acknowledgement(after.messages, after.files, plan.today), plan.today)
            bodies += encode_note(Reply(canary.ANSWER), plan.today) if after.canary else []
            sealed = sealing.seal(thread, recipient, self._instance, of_thread, bodies, self._random)
            expires = plan.today + (RECORD_DAYS if after.read else UNREAD_DAYS)
            purpose = Purpose(ACKNOWLEDGEMENT, thread.case, expires)
            found += sealing.as_records(sealed[:1], thread, purpose, self._random)
            answer = Purpose(CANARY, thread.case, plan.today + canaries.DAYS)
            answers += sealing.as_records(sealed[1:], thread, answer, self._random)
        return found, answers


class _Plan:
    """What some messages change, in memory: the next one sees what the one before will have changed."""

    def __init__(self, vault: Vault, today: int, random: Random) -> None:
        self.today, self._vault, self._random = today, vault, random
        self.keyring = vault.opened()
        self.threads = dict(self.keyring.state.threads)
        self.touched: dict[bytes, None] = {}  # ids of threads that get an acknowledgement, in order
        self.new_case_keys: dict[bytes, bytes] = {}
        self.new_tag_keys: dict[bytes, bytes] = {}
        self.after: dict[bytes, tuple[bytes, Dossier]] = {}  # by case: its key, and the case with the messages
        self._tag_keys = {one.tag_key for one in self.threads.values()}
        self._references = {key: reference for reference, key in vault.publisher.state.tag_keys.items()}
        self._begun: set[bytes] = set()  # cases without a row
        self._entries: list[NewEntry] = []
        self._seen: dict[bytes, bytes] = {}
        self._done: list[bytes] = []
        self.canaries: set[bytes] = set()  # names of envelopes that hold one
        self.canary_room = 0  # so many more are answered
        self._unneeded: list[bytes] = []  # staged files of messages that are here already

    async def place(self, connection: AsyncConnection, received: Received, *, patient: bool) -> bool:
        """Give one message its place; False when it is too early for that."""
        opened, envelope = received.opened, received.envelope
        found = await self._find(connection, opened)
        if found.duplicate:
            self._done.append(envelope.envelope)
            self._unneeded += [bytes.fromhex(file.identity) for file in opened.files]
            return True
        if patient and found.may_come_early:
            return False
        place = await self._make_room(connection, opened, found.where)
        before = await self._before(connection, place)
        day = min(envelope.day, envelope.first_day)
        is_canary = self._takes_as_canary(envelope, before, place)
        after = replace(_after(before, opened, place, found.where, day), canary=is_canary)
        entry = NewEntry(place.case_id, place.key, after.places - 1, self._random(16), _entry(opened, day))
        # Whatever could fail has not: from here on the message counts.
        if before is None:
            self._begun.add(place.case_id)
            self.new_case_keys[place.case_id] = place.key
            if place.thread is not None:
                self._seen[found.thread_mark] = place.case_id
        self.after[place.case_id] = (place.key, after)
        self._entries.append(entry)
        self._seen[found.seen] = place.case_id
        self._done.append(envelope.envelope)
        self._touch(place)
        return True

    def _takes_as_canary(self, envelope: Envelope, before: Dossier | None, place: _Place) -> bool:
        """Whether this is a canary that is answered: alone in its thread, and not one too many."""
        if envelope.envelope not in self.canaries or before is not None or place.thread is None:
            return False
        self.canary_room -= 1
        return self.canary_room >= 0

    def is_canary(self, thread: ThreadKeys) -> bool:
        """Whether this thread's case is a canary's."""
        return self.after[thread.case][1].canary

    def _touch(self, place: _Place) -> None:
        thread = place.thread
        if thread is None:
            return
        self.threads[place.thread_id] = thread
        self.touched[place.thread_id] = None
        self._tag_keys.add(thread.tag_key)
        if thread.reference not in self._vault.publisher.state.tag_keys:
            self.new_tag_keys[thread.reference] = thread.tag_key

    async def _find(self, connection: AsyncConnection, opened: Opened) -> _Found:
        """Which dialogue the message belongs to, and whether it was opened before."""
        state, head, content = self.keyring.state, opened.head, opened.reader.content_hash
        thread, mark = self.threads.get(head.thread_id), cases.thread_mark(state.seen_key, head.thread_id)
        discarded = thread is None and await self._is_seen(connection, mark)
        where = cases.route(head, state.recipient, thread, opened.reader.authentic, self._tag_keys)
        if discarded and isinstance(where, NewThread):
            where = Alone(Flag.UNKNOWN_THREAD)
        seen = cases.seen_name(state.seen_key, head, content, where)
        duplicate = await self._is_seen(connection, seen)
        if discarded and not duplicate:
            in_thread = cases.seen_name(state.seen_key, head, content, None)
            duplicate = await self._is_seen(connection, in_thread)
        return _Found(where, seen, mark, duplicate, discarded)

    async def _is_seen(self, connection: AsyncConnection, name: bytes) -> bool:
        return name in self._seen or await dossiers.is_seen(connection, name)

    async def _make_room(self, connection: AsyncConnection, opened: Opened, where: cases.Route) -> _Place:
        """Keys for the case, in memory only: a thread is saved once its first link is taken from it."""
        thread_id = opened.head.thread_id
        if isinstance(where, Continues):
            case_id = where.thread.case
            key = self.new_case_keys.get(case_id) or self.keyring.state.case_keys[case_id]
            return _Place(case_id, key, thread_id, where.thread)
        case_id, key = self._random(REFERENCE), self._random(KEY)
        if not isinstance(where, NewThread):
            return _Place(case_id, key, thread_id, None)
        own = where.keys
        # What a crash or a restore left for this tag key is used again: one tag key under two references would be
        # walked twice, and every record of it stand twice on the next board.
        reference, used = self._references.get(own.tag_key), 0
        if reference is None:
            reference = self._random(REFERENCE)
        else:
            numbers = await ledger.next_numbers_of(connection, self._vault.storage_key, [reference])
            used = numbers.get(reference, 0)
        thread = ThreadKeys(opened.head.auth, own.public, own.tag_key, reference, 0, own.chain, case_id)
        return _Place(case_id, key, thread_id, thread.moved_on(used))

    async def _before(self, connection: AsyncConnection, place: _Place) -> Dossier | None:
        if place.case_id in self.after:
            return self.after[place.case_id][1]
        known = place.case_id in self.keyring.state.case_keys
        return await dossiers.dossier(connection, place.case_id, place.key) if known else None

    async def write(self, connection: AsyncConnection) -> None:
        """Everything but the acknowledgements."""
        await dossiers.begin(connection, {one: self.after[one] for one in self._begun})
        for case_id, (key, after) in self.after.items():
            if case_id not in self._begun:
                await dossiers.write(connection, case_id, key, after)
        await dossiers.add_entries(connection, self._entries)
        await dossiers.see(connection, self._seen)
        await store.move(connection, self._done, State.OPENED)
        await store.drop_unneeded(connection, self._unneeded)


def _after(before: Dossier | None, opened: Opened, place: _Place, where: cases.Route, day: int) -> Dossier:
    """The case with this message."""
    flag = where.flag if isinstance(where, Alone) else None
    before = before or cases.begun(opened.message, None if place.thread is None else place.thread_id, flag, day)
    # Intake keeps no order: a message without these may be opened before the form that says them.
    return replace(
        before,
        category=before.category or opened.message.category,
        ongoing=before.ongoing or opened.message.ongoing,
        messages=before.messages + 1,
        files=before.files + len(opened.files),
        last_day=max(before.last_day, day),
        places=before.places + 1,
        unread=before.unread + 1,
    )


def _entry(opened: Opened, day: int) -> StoredEntry:
    message = opened.message
    return StoredEntry(
        kind=str(EntryKind.MESSAGE),
        day=day,
        text=message.text,
        files=opened.files,
        category=message.category,
        ongoing=message.ongoing,
        keep_from=message.keep_from,
        answers=tuple((question.hex(), answer) for question, answer in message.answers),
    )
