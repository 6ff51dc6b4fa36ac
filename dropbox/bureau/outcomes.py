"""The ministry's answers to cards: fetched as sealed batches, opened while somebody is signed in.

What does not open, does not verify or answers no card of ours is kept with its reason and the day it came, and tried
again once a day and at every sign-in: intake was told that it is safe here, so this is the only copy.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import certificates
from dropbox.bureau.host import Host
from dropbox.bureau.keyring import RecipientState
from dropbox.bureau.sealed_rows import Value, open_value, seal_value
from dropbox.bureau.settings import Settings
from dropbox.bureau.tables import CardRow, OutcomeBoxRow, OutcomeRow
from dropbox.bureau.vault import Vault
from dropbox.bureau.views import OutcomeFailureView
from dropbox.protocol import labels, primitives, sizes
from dropbox.protocol.card import Outcome, card_info, read_card
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.errors import BadSignature, DoesNotOpen, ProtocolError
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import XWingSecretKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropbox.protocol.card import Card

    Clock = Callable[[], int]

_NAME: Final = 16


class Reason(enum.StrEnum):
    """Why an answer is not shown at its card."""

    DOES_NOT_OPEN = "does-not-open"  # altered, or sealed to another key or for another instance
    NOT_CERTIFIED = "not-certified"  # keys_dir has no outcome key for the day on which it came
    BAD_SIGNATURE = "bad-signature"  # signed by another key than the certified one
    MALFORMED = "malformed"  # it opened, but what is inside has no meaning
    UNKNOWN_CARD = "unknown-card"  # answers a card that is not here: never was, or its case was discarded
    OTHER_CONTENT = "other-content"  # has the number of an answer that is here, with other words


class _RefusedError(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Sealed:
    """One row: a batch as it came, or one card of it that was refused."""

    name: bytes
    day: int
    reason: str
    body: bytes

    def cards(self) -> list[bytes]:
        return [self.body[at : at + sizes.CARD] for at in range(0, len(self.body), sizes.CARD)]


class Outcomes:
    """Collects, opens and keeps."""

    def __init__(self, vault: Vault, settings: Settings, clock: Clock) -> None:
        """Work on this vault."""
        self._vault, self._settings, self._clock = vault, settings, clock
        self._tried_day: int | None = None
        self._unconfirmed: list[bytes] = []  # batches that are here

    @property
    def today(self) -> int:
        """The UTC day."""
        return self._clock() // sizes.DAY

    async def collect(self, host: Host) -> None:
        """Fetch what the ministry sent."""
        for batch in await host.outcomes():
            body = await host.outcome(batch)
            async with self._vault.database.write() as connection:
                await _put(connection, _Sealed(batch, self.today, "", body))
            if batch not in self._unconfirmed:
                self._unconfirmed.append(batch)

    async def confirm(self, host: Host) -> None:
        """Tell intake what is safe here.  What a crash leaves unsaid is fetched, and said, once more."""
        while self._unconfirmed:
            await host.confirm_outcomes([self._unconfirmed[0]])
            del self._unconfirmed[0]

    def try_again(self) -> None:
        """Somebody signs in, perhaps after a certificate was copied: what was refused is tried once more."""
        self._tried_day = None

    async def open_waiting(self) -> None:
        """Open what was collected.  Does nothing while the vault is locked.  One refused card never stops the rest."""
        if self._vault.recipient is None:
            return
        recipient, again = self._vault.recipient.state, self._tried_day != self.today
        async with self._vault.database.read() as connection:
            rows = await connection.execute(select(OutcomeBoxRow.__table__).order_by(OutcomeBoxRow.batch))
            waiting = [_Sealed(bytes(row.batch), row.day, row.reason, bytes(row.body)) for row in rows]
        for one in waiting:
            if again or not one.reason:
                await self._open(one, recipient)
        self._tried_day = self.today

    async def failures(self) -> tuple[OutcomeFailureView, ...]:
        """What came in and is not shown at a card, by day."""
        box = OutcomeBoxRow
        async with self._vault.database.read() as connection:
            rows = await connection.execute(select(box.batch, box.day, box.reason).where(box.reason != ""))
            found = [OutcomeFailureView(bytes(row.batch).hex(), row.reason, row.day) for row in rows]
        return tuple(sorted(found, key=lambda one: (one.day, one.identity)))

    async def refused(self, connection: AsyncConnection) -> int:
        """How many were refused."""
        counted = select(func.count()).select_from(OutcomeBoxRow).where(OutcomeBoxRow.reason != "")
        return await connection.scalar(counted) or 0

    async def _open(self, waiting: _Sealed, recipient: RecipientState) -> None:
        """Keep its answers, and what is refused of it in rows of their own: all in one transaction."""
        certified = certificates.load(self._settings.keys_dir, self._settings.root)
        signers = certified.keys(Role.OUTCOME, waiting.day)
        async with self._vault.database.write() as connection:
            await connection.execute(delete(OutcomeBoxRow).where(OutcomeBoxRow.batch == waiting.name))
            for sealed in waiting.cards():
                try:
                    card = self._opened(sealed, recipient, signers)
                    if isinstance(card, Outcome):
                        await self._keep(connection, recipient, card)
                except _RefusedError as refusal:
                    # A batch that the host gives out twice leaves one row, not two.
                    name = primitives.hmac_sha256(recipient.seen_key, b"refused\0", sealed)[:_NAME]
                    await _put(connection, _Sealed(name, waiting.day, str(refusal.reason), sealed))

    def _opened(self, sealed: bytes, recipient: RecipientState, signers: tuple[bytes, ...]) -> Card:
        secret, instance = XWingSecretKey(recipient.box_seed), self._settings.root.instance
        public = secret.public
        try:
            plaintext = hpke_open(secret, card_info(instance, public), sealed)
        except DoesNotOpen:
            raise _RefusedError(Reason.DOES_NOT_OPEN) from None
        except ProtocolError:
            raise _RefusedError(Reason.MALFORMED) from None
        if not signers:
            raise _RefusedError(Reason.NOT_CERTIFIED)
        try:
            return read_card(plaintext, instance, public, signers, labels.SIGN_OUTCOME, Outcome)
        except BadSignature:
            raise _RefusedError(Reason.BAD_SIGNATURE) from None
        except ProtocolError:
            raise _RefusedError(Reason.MALFORMED) from None

    async def _keep(self, connection: AsyncConnection, recipient: RecipientState, outcome: Outcome) -> None:
        """Show it at its card; the same once more changes nothing."""
        card = row_name(recipient, outcome.reference)
        found = await connection.scalar(select(CardRow.case_id).where(CardRow.card == card))
        case_id = None if found is None else bytes(found)
        if case_id is None or case_id not in recipient.case_keys:
            raise _RefusedError(Reason.UNKNOWN_CARD)
        key = recipient.case_keys[case_id]
        name = row_name(recipient, outcome.reference, outcome.sequence.to_bytes(4, "big"))
        value: Value = {
            "day": self.today,
            "measure": outcome.measure,
            "reference": outcome.reference.hex(),
            "sequence": outcome.sequence,
            "state": outcome.state,
            "text": outcome.text,
        }
        known = await connection.scalar(select(OutcomeRow.body).where(OutcomeRow.outcome == name))
        if known is None:
            body = seal_value(key, value, "outcomes", name)
            await connection.execute(insert(OutcomeRow).values(outcome=name, case_id=case_id, body=body))
        elif {**open_value(key, bytes(known), "outcomes", name), "day": self.today} != value:
            raise _RefusedError(Reason.OTHER_CONTENT)


async def _put(connection: AsyncConnection, one: _Sealed) -> None:
    """Keep a row, and the first day of one that is here already."""
    box = OutcomeBoxRow
    changed = await connection.execute(update(box).where(box.batch == one.name).values(reason=one.reason))
    if not changed.rowcount:
        row = {"batch": one.name, "day": one.day, "reason": one.reason, "body": one.body}
        await connection.execute(insert(box).values(**row))


def row_name(recipient: RecipientState, reference: bytes, more: bytes = b"") -> bytes:
    """The row of a card or an outcome: who has the database and a reference cannot put the two together."""
    return primitives.hmac_sha256(recipient.seen_key, b"card\0", reference, more)[:_NAME]
