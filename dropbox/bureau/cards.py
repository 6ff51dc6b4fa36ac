"""Referral cards on their way to the ministry, and outcomes back.

A batch goes out at every multiple of the card period, always with the same number of cards.  What is missing is filled
with dummies that were sealed in advance while somebody was signed in: a batch goes out also while nobody is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import certificates, ledger
from dropbox.bureau.errors import CardRefusedError
from dropbox.bureau.host import Host
from dropbox.bureau.keyring import RecipientState
from dropbox.bureau.sealed_rows import open_value, seal_value
from dropbox.bureau.settings import Settings
from dropbox.bureau.tables import BatchRow, CardRow, OutboxRow, OutcomeBoxRow, OutcomeRow
from dropbox.bureau.vault import Vault
from dropbox.bureau.views import CardDraft, CardView, Consent, OutcomeView
from dropbox.protocol import documents, labels, primitives, sizes
from dropbox.protocol.card import REFERENCE, Dummy, Outcome, Referral, card_info, read_card, seal_card
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey

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
    card: bytes  # the row of the card, zeros for a dummy
    sealed: bytes


class Cards:
    """Seals, sends and collects."""

    def __init__(self, vault: Vault, settings: Settings, clock: Clock, random: Random) -> None:
        """Work on this vault."""
        self._vault, self._settings, self._clock, self._random = vault, settings, clock, random
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
        name = _row_name(recipient, reference)
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
            await self._queue(connection, _REFERRAL, name, sealed)
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
        """Seal dummies until the stock is full.  Does nothing while the vault is locked."""
        if self._vault.recipient is None:
            return
        box = self.box()
        if box is None:
            return
        async with self._vault.database.read() as connection:
            have = len(await self._waiting(connection, _DUMMY))
        recipient = self._vault.recipient.state
        wanted = STOCK_BATCHES * self._settings.cards_per_batch - have
        sealed = [self._sealed(Dummy(), box, recipient) for _ in range(wanted)]
        async with self._vault.database.write() as connection:
            for one in sealed:
                await self._queue(connection, _DUMMY, bytes(16), one)

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
                for card in value["sent"]:
                    await ledger.post(connection, key, bytes.fromhex(card), self.today)

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
        size = self._settings.cards_per_batch
        chosen = (await self._waiting(connection, _REFERRAL))[:size]
        chosen += (await self._waiting(connection, _DUMMY))[: size - len(chosen)]
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
        """Fetch outcomes; what is safe here is confirmed."""
        for batch in await host.outcomes():
            body = await host.outcome(batch)
            async with self._vault.database.write() as connection:
                if await connection.scalar(select(OutcomeBoxRow.batch).where(OutcomeBoxRow.batch == batch)) is None:
                    await connection.execute(insert(OutcomeBoxRow).values(batch=batch, body=body))
            await host.confirm_outcomes([batch])

    async def open_outcomes(self) -> None:
        """Open what was collected.  Does nothing while the vault is locked.

        A card that does not open, or answers no card of ours, is dropped with a warning: it never stops the others.
        """
        if self._vault.recipient is None:
            return
        recipient = self._vault.recipient.state
        async with self._vault.database.read() as connection:
            boxes = list(await connection.execute(select(OutcomeBoxRow.batch, OutcomeBoxRow.body)))
        for row in boxes:
            body = bytes(row.body)
            found = [self._opened(body[at : at + sizes.CARD], recipient) for at in range(0, len(body), sizes.CARD)]
            async with self._vault.database.write() as connection:
                for card in found:
                    if isinstance(card, Outcome):
                        await self._keep(connection, recipient, card)
                await connection.execute(delete(OutcomeBoxRow).where(OutcomeBoxRow.batch == bytes(row.batch)))

    def _opened(self, sealed: bytes, recipient: RecipientState) -> Card | None:
        secret, instance = XWingSecretKey(recipient.box_seed), self._settings.root.instance
        public = secret.public
        signers = self._certificates().keys(Role.OUTCOME, self.today)
        try:
            plaintext = hpke_open(secret, card_info(instance, public), sealed)
            return read_card(plaintext, instance, public, signers, labels.SIGN_OUTCOME, Outcome)
        except ProtocolError:
            self.warnings.add("outcomes-unreadable")
            return None

    async def _keep(self, connection: AsyncConnection, recipient: RecipientState, outcome: Outcome) -> None:
        card = _row_name(recipient, outcome.reference)
        case_id = await connection.scalar(select(CardRow.case_id).where(CardRow.card == card))
        name = _row_name(recipient, outcome.reference, outcome.sequence.to_bytes(4, "big"))
        known = await connection.scalar(select(OutcomeRow.outcome).where(OutcomeRow.outcome == name))
        if case_id is None or known is not None or bytes(case_id) not in recipient.case_keys:
            return
        value = {
            "day": self.today,
            "measure": outcome.measure,
            "reference": outcome.reference.hex(),
            "sequence": outcome.sequence,
            "state": outcome.state,
            "text": outcome.text,
        }
        body = seal_value(recipient.case_keys[bytes(case_id)], value, "outcomes", name)
        await connection.execute(insert(OutcomeRow).values(outcome=name, case_id=case_id, body=body))

    def _sealed(self, card: Card, box: bytes, recipient: RecipientState) -> bytes:
        key = SigningKey(Role.CARD, recipient.card_seed)
        return seal_card(card, self._settings.root.instance, box, key.sign)

    async def _queue(self, connection: AsyncConnection, kind: str, card: bytes, sealed: bytes) -> None:
        item = self._random(16)
        value = {"card": card.hex(), "kind": kind, "sealed": documents.to_base64(sealed)}
        body = seal_value(self._vault.storage_key, value, "outbox", item)
        await connection.execute(insert(OutboxRow).values(item=item, body=body))

    async def _waiting(self, connection: AsyncConnection, kind: str) -> list[_Waiting]:
        rows = await connection.execute(select(OutboxRow.item, OutboxRow.body).order_by(OutboxRow.item))
        opened = [
            (bytes(row.item), open_value(self._vault.storage_key, bytes(row.body), "outbox", bytes(row.item)))
            for row in rows
        ]
        return [
            _Waiting(item, bytes.fromhex(value["card"]), documents.from_base64(value["sealed"]))
            for item, value in opened
            if value["kind"] == kind
        ]

    async def withdraw(self, connection: AsyncConnection, case_id: bytes) -> None:
        """Take back the cards of a case that have not gone out."""
        names = {bytes(one) for one in await connection.scalars(select(CardRow.card).where(CardRow.case_id == case_id))}
        gone = [one.item for one in await self._waiting(connection, _REFERRAL) if one.card in names]
        await connection.execute(delete(OutboxRow).where(OutboxRow.item.in_(gone)))

    def _certificates(self) -> certificates.Certificates:
        return certificates.load(self._settings.keys_dir, self._settings.root)


def _row_name(recipient: RecipientState, reference: bytes, more: bytes = b"") -> bytes:
    """The row of a card or an outcome: who has the database and a reference cannot put the two together."""
    return primitives.hmac_sha256(recipient.seen_key, b"card\0", reference, more)[:16]


def _view(value: dict[str, Any], sent_day: int | None, outcomes: Mapping[str, list[OutcomeView]]) -> CardView:
    found = sorted(outcomes.get(value["reference"], []), key=lambda outcome: outcome.sequence)
    return CardView(value["reference"], CardDraft(**value["draft"]), value["released_day"], sent_day, tuple(found))
