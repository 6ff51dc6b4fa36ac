"""Referral cards on their way to the ministry, and outcomes back.

A batch goes out at every multiple of the card period, always with the same number of cards.  What is missing is filled
with dummies that were sealed in advance while somebody was signed in: a batch goes out also while nobody is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import certificates, ledger
from dropbox.bureau.errors import CardRefusedError
from dropbox.bureau.host import Host
from dropbox.bureau.keyring import RecipientState
from dropbox.bureau.outcomes import Outcomes, row_name
from dropbox.bureau.sealed_rows import open_value, seal_value
from dropbox.bureau.settings import Settings
from dropbox.bureau.tables import BatchRow, CardRow, OutboxRow, OutcomeRow
from dropbox.bureau.vault import Vault
from dropbox.bureau.views import CardDraft, CardView, Consent, OutcomeView
from dropbox.protocol import documents, primitives, sizes
from dropbox.protocol.card import REFERENCE, Dummy, Referral, seal_card
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropbox.protocol.card import Card

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]

STOCK_BATCHES: Final = 3
"""Batches' worth of dummies kept ready: a month each in real use, so nobody need sign in for that long."""

_REFERRAL: Final = "referral"
_DUMMY: Final = "dummy"
_DUE: Final = "cards"  # the name of what is remembered


@dataclass(frozen=True)
class _Waiting:
    """One row of the outbox."""

    item: bytes
    kind: str
    card: bytes  # the row of the card, zeros for a dummy
    box: str  # the key of the ministry that it is sealed to, by its hash
    sealed: bytes


class Cards:
    """Seals, sends and collects."""

    def __init__(self, vault: Vault, settings: Settings, clock: Clock, random: Random) -> None:
        """Work on this vault."""
        self._vault, self._settings, self._clock, self._random = vault, settings, clock, random
        self.outcomes = Outcomes(vault, settings, clock)
        self.warnings: set[str] = set()

    @property
    def today(self) -> int:
        """The UTC day."""
        return self._clock() // sizes.DAY

    def box(self) -> bytes | None:
        """The ministry's key to seal to, None while none is certified."""
        return next(iter(self._certificates().keys(Role.MINISTRY_CARD_BOX, self.today)), None)

    # ----------------------------------------------------------------------------------------- handler's side

    async def release(self, case_id: bytes, draft: CardDraft, consent: Consent) -> str:
        """Seal a card that the gates let through and put it into the outbox; gives its reference.

        Raises CardRefusedError when no key of the ministry is certified, LockedError.
        """
        recipient, box = self._vault.opened().state, self.box()
        if box is None:
            raise CardRefusedError
        reference = self._random(REFERENCE)
        name = row_name(recipient, reference)
        sealed = self._sealed(Referral(reference=reference, **asdict(draft)), box, recipient)
        value = {
            "consent": consent.words,
            "draft": asdict(draft),
            "reference": reference.hex(),
            "released_day": self.today,
        }
        body = seal_value(recipient.case_keys[case_id], value, "cards", name)
        async with self._vault.database.write() as connection:
            await connection.execute(insert(CardRow).values(card=name, case_id=case_id, body=body))
            await self._queue(connection, _Waiting(self._random(16), _REFERRAL, name, _box_name(box), sealed))
        return reference.hex()

    async def views(
        self, connection: AsyncConnection, case_id: bytes, key: bytes, posted: Mapping[bytes, int]
    ) -> tuple[CardView, ...]:
        """The cards of a case with their outcomes, by the day of their release."""
        outcomes: dict[str, list[OutcomeView]] = {}
        rows = await connection.execute(
            select(OutcomeRow.outcome, OutcomeRow.body).where(OutcomeRow.case_id == case_id)
        )
        for row in rows:
            value = open_value(key, bytes(row.body), "outcomes", bytes(row.outcome))
            outcomes.setdefault(value.pop("reference"), []).append(OutcomeView(**value))
        cards = await connection.execute(select(CardRow.card, CardRow.body).where(CardRow.case_id == case_id))
        views = [
            _view(open_value(key, bytes(row.body), "cards", bytes(row.card)), posted.get(bytes(row.card)), outcomes)
            for row in cards
        ]
        return tuple(sorted(views, key=lambda card: (card.released_day, card.reference)))

    async def stock_up(self) -> None:
        """Seal dummies until the stock is full, and anew what is sealed to a key that the ministry no longer has.

        Does nothing while the vault is locked.
        """
        if self._vault.recipient is None:
            return
        box = self.box()
        if box is None:
            return
        recipient, name = self._vault.recipient.state, _box_name(box)
        async with self._vault.database.write() as connection:
            waiting = await self._waiting(connection)
            for one in waiting:
                if one.box != name:
                    await self._seal_anew(connection, recipient, one, box)
            have = sum(one.kind == _DUMMY and one.box == name for one in waiting)
            for _ in range(STOCK_BATCHES * self._settings.cards_per_batch - have):
                sealed = self._sealed(Dummy(), box, recipient)
                await self._queue(connection, _Waiting(self._random(16), _DUMMY, bytes(16), name, sealed))

    async def _seal_anew(
        self, connection: AsyncConnection, recipient: RecipientState, old: _Waiting, box: bytes
    ) -> None:
        """A referral again from what was written; a dummy goes, and the stock is filled."""
        referral = await _referral(connection, recipient, old.card) if old.kind == _REFERRAL else None
        if referral is None and old.kind == _REFERRAL:
            return
        await connection.execute(delete(OutboxRow).where(OutboxRow.item == old.item))
        if referral is not None:
            sealed = self._sealed(referral, box, recipient)
            await self._queue(connection, replace(old, box=_box_name(box), sealed=sealed))

    # -------------------------------------------------------------------------------------------- on the clock

    async def send(self, host: Host) -> None:
        """Send the batch that is due, or one that did not arrive."""
        await self._compose_when_due()
        async with self._vault.database.read() as connection:
            batches = list(await connection.execute(select(BatchRow.batch, BatchRow.body)))
        for row in batches:
            batch, key = bytes(row.batch), self._vault.storage_key
            value = open_value(key, bytes(row.body), "batches", batch)
            await host.put_cards(batch, documents.from_base64(value["cards"]))
            async with self._vault.database.write() as connection:
                await connection.execute(delete(BatchRow).where(BatchRow.batch == batch))
                await ledger.post(connection, key, [bytes.fromhex(card) for card in value["sent"]], self.today)

    async def _compose_when_due(self) -> None:
        key, period, now = self._vault.storage_key, self._settings.card_period, self._clock()
        async with self._vault.database.write() as connection:
            before = await ledger.recall(connection, key, _DUE)
            due = (
                (now // period + 1) * period
                if before is None
                else min(int(before["due"]), (now // period + 1) * period)
            )
            if now >= due:
                if not await self._compose(connection):
                    return
                due = (now // period + 1) * period
            if before is None or before["due"] != due:
                await ledger.remember(connection, key, _DUE, {"due": due})

    async def _compose(self, connection: AsyncConnection) -> bool:
        """One batch out of the outbox, referrals first; False when there are too few dummies to fill it."""
        size, box = self._settings.cards_per_batch, self.box()
        # What is sealed to a key that is no longer certified would be lost at the ministry: it waits to be sealed anew.
        ready = [one for one in await self._waiting(connection) if box is not None and one.box == _box_name(box)]
        chosen = sorted(ready, key=lambda one: one.kind == _DUMMY)[:size]
        if len(chosen) < size:
            self.warnings.add("no-dummies")
            return False
        self.warnings.discard("no-dummies")
        # By the random names of their rows: a referral stands anywhere.
        chosen.sort(key=lambda one: one.item)
        batch = self._random(16)
        value = {
            "cards": documents.to_base64(b"".join(one.sealed for one in chosen)),
            "sent": [one.card.hex() for one in chosen if any(one.card)],
        }
        body = seal_value(self._vault.storage_key, value, "batches", batch)
        await connection.execute(insert(BatchRow).values(batch=batch, body=body))
        await connection.execute(delete(OutboxRow).where(OutboxRow.item.in_([one.item for one in chosen])))
        return True

    async def collect(self, host: Host) -> None:
        """Fetch outcomes."""
        await self.outcomes.collect(host)

    async def open_outcomes(self) -> None:
        """Open what was collected.  Does nothing while the vault is locked."""
        await self.outcomes.open_waiting()

    def _sealed(self, card: Card, box: bytes, recipient: RecipientState) -> bytes:
        key = SigningKey(Role.CARD, recipient.card_seed)
        return seal_card(card, self._settings.root.instance, box, key.sign)

    async def _queue(self, connection: AsyncConnection, one: _Waiting) -> None:
        value = {"box": one.box, "card": one.card.hex(), "kind": one.kind, "sealed": documents.to_base64(one.sealed)}
        body = seal_value(self._vault.storage_key, value, "outbox", one.item)
        await connection.execute(insert(OutboxRow).values(item=one.item, body=body))

    async def _waiting(self, connection: AsyncConnection) -> list[_Waiting]:
        """The outbox, by the random names of its rows."""
        rows = await connection.execute(select(OutboxRow.item, OutboxRow.body).order_by(OutboxRow.item))
        return [_opened(self._vault.storage_key, bytes(row.item), bytes(row.body)) for row in rows]

    async def withdraw(self, connection: AsyncConnection, case_id: bytes) -> None:
        """Take back the cards of a case that have not gone out."""
        names = {bytes(one) for one in await connection.scalars(select(CardRow.card).where(CardRow.case_id == case_id))}
        gone = [one.item for one in await self._waiting(connection) if one.card in names]
        await connection.execute(delete(OutboxRow).where(OutboxRow.item.in_(gone)))

    def _certificates(self) -> certificates.Certificates:
        return certificates.load(self._settings.keys_dir, self._settings.root)


def _box_name(box: bytes) -> str:
    return primitives.sha256(box).hex()


def _opened(key: bytes, item: bytes, body: bytes) -> _Waiting:
    value = open_value(key, body, "outbox", item)
    sealed = documents.from_base64(value["sealed"])
    return _Waiting(item, value["kind"], bytes.fromhex(value["card"]), value["box"], sealed)


async def _referral(connection: AsyncConnection, recipient: RecipientState, card: bytes) -> Referral | None:
    """A released card as it was written; None where this keyring, restored perhaps, has no key for its case."""
    found = await connection.execute(select(CardRow.case_id, CardRow.body).where(CardRow.card == card))
    row = found.one_or_none()
    if row is None or bytes(row.case_id) not in recipient.case_keys:
        return None
    value = open_value(recipient.case_keys[bytes(row.case_id)], bytes(row.body), "cards", card)
    return Referral(reference=bytes.fromhex(value["reference"]), **value["draft"])


def _view(value: dict[str, Any], sent_day: int | None, outcomes: Mapping[str, list[OutcomeView]]) -> CardView:
    found = sorted(outcomes.get(value["reference"], []), key=lambda outcome: outcome.sequence)
    return CardView(value["reference"], CardDraft(**value["draft"]), value["released_day"], sent_day, tuple(found))
