"""The inbox as its pages and its sync see it: everything that the ministry can do with cards, on one object."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from dropbox.ministry.cards import Reason, RefusedCard, VerifiedReferral, open_card, seal_answer
from dropbox.ministry.certificates import keys_on, load_certificates
from dropbox.ministry.errors import LockedError, NotCertifiedError, OvertakenError, UnknownCardError
from dropbox.ministry.keyring import CourierKeys, Folder, InboxKeys
from dropbox.ministry.records import (
    AnswerRecord,
    CardRecord,
    card_name,
    open_answer_record,
    open_card_record,
    seal_answer_record,
    seal_card_record,
)
from dropbox.ministry.settings import Settings
from dropbox.ministry.states import State, move
from dropbox.ministry.store import Incoming, Store, StoredAnswer
from dropbox.ministry.views import AnswerView, CardList, CardRowView, CardView, FailureView, Person
from dropbox.protocol import documents, primitives, sizes
from dropbox.protocol.card import REFERENCE, Dummy, Outcome, short_code
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Certificate, Role
from dropbox.storage.errors import SealedDamagedError

STOCK_SECONDS = 30 * sizes.DAY
"""For so long batches go out while nobody signs in ..."""

STOCK_MOST = 1024
"""... unless that takes more dummies than this: 16 MiB, a third of a second to seal."""

_AT_ONCE = 64  # dummies sealed in one go in a thread


@dataclass(frozen=True)
class _Open:
    """The keyring while it is open, and who is signed in."""

    keys: InboxKeys
    box_public: bytes
    people: list[Person] = field(default_factory=list)


class Inbox:
    """One inbox.  `clock` gives Unix seconds, `random(n)` n bytes from the system's generator.

    What needs the keyring raises LockedError while nobody is signed in.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Folder,
        service: CourierKeys,
        store: Store,
        clock: Callable[[], int],
    ) -> None:
        """Start locked."""
        self.settings, self.service, self.store = settings, service, store
        self._folder, self._clock = folder, clock
        self._certificates: tuple[Certificate, ...] = ()
        self._open: _Open | None = None
        self._opening = asyncio.Lock()

    @property
    def instance(self) -> bytes:
        """16 bytes that name the instance."""
        return self.settings.root.instance

    def now(self) -> int:
        """Unix seconds."""
        return self._clock()

    def today(self) -> int:
        """The UTC day number."""
        return self._clock() // sizes.DAY

    # ------------------------------------------------------------------------------------------------- signing in
    @property
    def is_open(self) -> bool:
        """Whether somebody is signed in."""
        return self._open is not None

    async def sign_in(self, user: str, password: str) -> Person:
        """Open the keyring, then what waits.  Raises WrongPasswordError, alike for a wrong name or password."""
        keys = await asyncio.to_thread(self._folder.open_inbox, user, password)
        if self._open is None:
            self._open = _Open(keys, keys.box.public)
        person = Person(user)
        self._open.people.append(person)
        try:
            await self.open_waiting(again=True)
            await self.restock()
        except BaseException:
            self.sign_out(person)  # nobody would hold the session that ends it
            raise
        return person

    def sign_out(self, person: Person) -> None:
        """End this person's use of the keyring; the last one locks it.  Collecting and sending go on.

        The keys are dropped, not overwritten: Python may have copied them.
        """
        if self._open is None:
            return
        self._open.people[:] = [one for one in self._open.people if one is not person]
        if not self._open.people:
            self._open = None

    async def change_password(self, person: Person, old: str, new: str) -> None:
        """Raises WrongPasswordError or WeakPasswordError."""
        await asyncio.to_thread(self._folder.accounts.change_password, person.user, old, new)

    # ---------------------------------------------------------------------------------------------- certificates
    def read_certificates(self) -> None:
        """Read the keys folder anew: renewed certificates count without a restart.  Raises SettingsError."""
        self._certificates = load_certificates(self.settings.keys_dir, self.settings.root)

    def certified(self, role: Role, day: int | None = None) -> tuple[bytes, ...]:
        """The keys certified for a role on a day, today unless told otherwise."""
        return keys_on(self._certificates, role, self.today() if day is None else day)

    def bureau_box(self) -> bytes | None:
        """The key that answers are sealed to.  Of several, the first in the order of their bytes: any one opens."""
        return min(self.certified(Role.BUREAU_CARD_BOX), default=None)

    # --------------------------------------------------------------------------------------------- what comes in
    async def open_waiting(self, *, again: bool = False) -> None:
        """Open what waits while somebody is signed in; `again` also tries what was refused before.

        One that does not open or verify is noted with its reason, and the rest goes on.
        """
        async with self._opening:
            for incoming in await self.store.incoming():
                if self._open is not None and (again or not incoming.reason):
                    await self._open_one(self._open, incoming)

    async def _open_one(self, opened: _Open, incoming: Incoming) -> None:
        signers = self.certified(Role.CARD, incoming.day)
        try:
            verified = open_card(incoming.body, opened.keys, opened.box_public, self.instance, signers)
            kept = await self._keep(opened.keys, incoming, verified) if verified else False
        except RefusedCard as refusal:
            await self.store.refuse(incoming.name, refusal.reason.value)
            return
        if not kept:
            await self.store.drop(incoming.name)

    async def _keep(self, keys: InboxKeys, incoming: Incoming, verified: VerifiedReferral) -> bool:
        """Keep a card; False for the same card once more.  Raises RefusedCard for other words under its reference."""
        name = card_name(keys.store, verified.referral.reference)
        stored = await self.store.card(name)
        known = None if stored is None else _readable(keys, name, stored)
        if known is None:
            record = CardRecord(verified.referral, verified.document, incoming.day, self.today())
            await self.store.accept(incoming.name, name, seal_card_record(keys.store, name, record))
            return True
        if known.referral != verified.referral:
            raise RefusedCard(Reason.OTHER_CONTENT)
        return False

    async def failures(self) -> tuple[FailureView, ...]:
        """What came in and is not shown as a card, by day."""
        refused = [one for one in await self.store.incoming() if one.reason]
        found = [FailureView(one.name.hex(), one.day, Reason(one.reason)) for one in refused]
        return tuple(sorted(found, key=lambda failure: (failure.day, failure.name)))

    async def dismiss(self, name: str) -> None:
        """Forget a refused card for good.  Raises LockedError; an unknown name changes nothing."""
        self._keys()
        if any(one.name == name for one in await self.failures()):
            await self.store.drop(bytes.fromhex(name))

    # --------------------------------------------------------------------------------------------- what is shown
    async def cards(self) -> CardList:
        """All cards: what is due first stands first, closed ones last."""
        key = self._keys().store
        answers = _by_card(await self.store.answers())
        rows, damaged = [], 0
        for name, body in (await self.store.cards()).items():
            try:
                record = open_card_record(key, name, body)
                views = _answer_views(key, answers.get(name, []))
            except SealedDamagedError:
                damaged += 1
                continue
            rows.append(_row(record, views))
        return CardList(tuple(sorted(rows, key=_urgency)), damaged)

    async def card(self, reference: str) -> CardView:
        """One card.  Raises UnknownCardError, LockedError, SealedDamagedError."""
        key = self._keys().store
        name = card_name(key, _reference(reference))
        body = await self.store.card(name)
        if body is None:
            raise UnknownCardError
        record = open_card_record(key, name, body)
        views = _answer_views(key, await self.store.answers(name))
        code = short_code(record.referral.reference)
        return CardView(record.referral, code, record.received_day, record.checked_day, record.document, views)

    # ----------------------------------------------------------------------------------------------- what is said
    async def answer(self, person: Person, view: CardView, state: State, measure: str, text: str) -> None:
        """Give the answer that follows what `view` shows; it goes with the next batch.

        Raises MoveRefusedError, OvertakenError, NotCertifiedError, LockedError.
        """
        keys = self._keys()
        answer = move(view.states, state, measure, text)
        box = self.bureau_box()
        if box is None:
            raise NotCertifiedError
        reference, sequence = view.referral.reference, len(view.answers)
        outcome = Outcome(reference, sequence, answer.state.value, answer.measure, answer.text)
        name = card_name(keys.store, reference)
        if len(await self.store.answers(name)) != sequence:
            raise OvertakenError
        record = AnswerRecord(answer.state, answer.measure, answer.text, self.today(), person.user)
        body = seal_answer_record(keys.store, name, sequence, record)
        await self.store.add_answer(name, sequence, body, seal_answer(outcome, keys, box, self.instance))

    async def restock(self) -> None:
        """Make dummies while somebody is signed in, so that batches are full while nobody is."""
        box = self.bureau_box()
        if box is None:
            return
        periods = -(-STOCK_SECONDS // self.settings.card_period)
        wanted = min(STOCK_MOST, periods * self.settings.cards_per_batch)
        missing = wanted - await self.store.dummies(primitives.sha256(box))
        while missing > 0 and self._open is not None:
            count = min(missing, _AT_ONCE)
            bodies = await asyncio.to_thread(self._dummies, self._open.keys, box, count)
            await self.store.stock(primitives.sha256(box), bodies)
            missing -= count

    def _dummies(self, keys: InboxKeys, box: bytes, count: int) -> list[bytes]:
        return [seal_answer(Dummy(), keys, box, self.instance) for _ in range(count)]

    def _keys(self) -> InboxKeys:
        if self._open is None:
            raise LockedError
        return self._open.keys


def _readable(keys: InboxKeys, name: bytes, stored: bytes) -> CardRecord | None:
    """The card that is here already, unless its row is damaged: then the bureau's copy takes its place."""
    try:
        return open_card_record(keys.store, name, stored)
    except SealedDamagedError:
        return None


def _reference(digits: str) -> bytes:
    try:
        return documents.from_hex(digits, REFERENCE)
    except ProtocolError:
        raise UnknownCardError from None


def _by_card(answers: tuple[StoredAnswer, ...]) -> dict[bytes, list[StoredAnswer]]:
    return {card: list(group) for card, group in groupby(answers, key=lambda answer: answer.card)}


def _answer_views(key: bytes, answers: list[StoredAnswer] | tuple[StoredAnswer, ...]) -> tuple[AnswerView, ...]:
    views = []
    for stored in answers:
        record = open_answer_record(key, stored.card, stored.sequence, stored.body)
        views.append(
            AnswerView(
                stored.sequence, record.state, record.measure, record.text, record.day, record.user, stored.sent_day
            )
        )
    return tuple(views)


def _row(record: CardRecord, answers: tuple[AnswerView, ...]) -> CardRowView:
    referral = record.referral
    return CardRowView(
        reference=referral.reference.hex(),
        code=short_code(referral.reference),
        category=referral.category,
        seriousness=referral.seriousness,
        answer_by=referral.answer_by,
        state=answers[-1].state if answers else State.NEW,
        received_day=record.received_day,
        unsent=any(answer.sent_day is None for answer in answers),
    )


def _urgency(row: CardRowView) -> tuple[bool, bool, str, int, str]:
    """Closed last; then by the day asked for (as `2026-12-08`, which sorts as text), then the more serious first."""
    return (row.state is State.CLOSED, not row.answer_by, row.answer_by, -row.seriousness, row.reference)
