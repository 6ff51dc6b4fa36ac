"""The inbox's rows: what was fetched, what was opened, what was answered, what is to be sent.

The store never holds the key: what has to be sealed comes in sealed.  Every method is one transaction.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.ministry.errors import OvertakenError
from dropbox.ministry.tables import (
    AnswerRow,
    BatchRow,
    CardRow,
    DummyRow,
    IncomingRow,
    OutboxRow,
    SeenRow,
    SentRow,
)
from dropbox.protocol import primitives
from dropbox.storage.database import Database, open_database
from dropbox.storage.migrations import migrate

MIGRATIONS: Final = Path(__file__).with_name("migrations")
NAME: Final = 16  # bytes of a row's random name

Random = Callable[[int], bytes]


@dataclass(frozen=True)
class Incoming:
    """A sealed card; `reason` is "" until an attempt to open it failed."""

    name: bytes
    day: int
    reason: str
    body: bytes


@dataclass(frozen=True)
class StoredAnswer:
    """One answer to a card; `sent_day` is None until intake took the batch that carries it."""

    card: bytes
    sequence: int
    body: bytes
    sent_day: int | None


@dataclass(frozen=True)
class Batch:
    """A batch under the name that it keeps."""

    name: bytes
    body: bytes


class Store:
    """One database."""

    def __init__(self, database: Database, random: Random) -> None:
        """Use `open`."""
        self._database, self._random = database, random

    @classmethod
    async def open(cls, url: str, random: Random) -> Self:
        """Open and migrate.  Raises StorageError."""
        database = open_database(url)
        try:
            await migrate(database, MIGRATIONS)
        except BaseException:
            await database.close()
            raise
        return cls(database, random)

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()

    # ------------------------------------------------------------------------------------------- what comes in
    async def keep_fetched(self, sealed: Iterable[bytes], day: int) -> None:
        """Keep the cards of one batch; one that was fetched before changes nothing."""
        async with self._database.write() as connection:
            for body in sealed:
                digest = primitives.sha256(body)
                if await connection.scalar(select(SeenRow.day).where(SeenRow.digest == digest)) is not None:
                    continue
                await connection.execute(insert(SeenRow).values(digest=digest, day=day))
                row = {"name": self._random(NAME), "day": day, "reason": "", "body": body}
                await connection.execute(insert(IncomingRow).values(row))

    async def incoming(self) -> tuple[Incoming, ...]:
        """Give what waits to be opened, and what was refused."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(IncomingRow.name, IncomingRow.day, IncomingRow.reason, IncomingRow.body)
            )
            return tuple(Incoming(bytes(row.name), row.day, row.reason, bytes(row.body)) for row in rows)

    async def counted_incoming(self) -> dict[str, int]:
        """Give how many sealed cards there are by reason; "" counts those that nobody tried to open yet."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(IncomingRow.reason, func.count().label("count_")).group_by(IncomingRow.reason)
            )
            return {row.reason: row.count_ for row in rows}

    async def refuse(self, incoming: bytes, reason: str) -> None:
        """Note why a sealed card is not shown.  It is kept: a certificate that comes late may make it readable."""
        async with self._database.write() as connection:
            await connection.execute(update(IncomingRow).where(IncomingRow.name == incoming).values(reason=reason))

    async def drop(self, incoming: bytes) -> None:
        """Forget a sealed card: a dummy, a duplicate, or a refused one that somebody put away."""
        async with self._database.write() as connection:
            await connection.execute(delete(IncomingRow).where(IncomingRow.name == incoming))

    async def accept(self, incoming: bytes, card: bytes, body: bytes) -> None:
        """Turn a sealed card into a card, in one step; a damaged row of this name is replaced."""
        async with self._database.write() as connection:
            await connection.execute(delete(IncomingRow).where(IncomingRow.name == incoming))
            await connection.execute(delete(CardRow).where(CardRow.name == card))
            await connection.execute(insert(CardRow).values(name=card, body=body))

    # ----------------------------------------------------------------------------------------- cards and answers
    async def card(self, card: bytes) -> bytes | None:
        """Give the sealed card of this name."""
        async with self._database.read() as connection:
            body = await connection.scalar(select(CardRow.body).where(CardRow.name == card))
            return None if body is None else bytes(body)

    async def cards(self) -> dict[bytes, bytes]:
        """Give all sealed cards by name."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(CardRow.name, CardRow.body))
            return {bytes(row.name): bytes(row.body) for row in rows}

    async def answers(self, card: bytes | None = None) -> tuple[StoredAnswer, ...]:
        """Give the answers to one card, or to all of them, each card's in order."""
        wanted = (
            select(AnswerRow.card, AnswerRow.sequence, AnswerRow.body, SentRow.day)
            .outerjoin(SentRow, SentRow.name == AnswerRow.outgoing)
            .order_by(AnswerRow.card, AnswerRow.sequence)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(wanted if card is None else wanted.where(AnswerRow.card == card))
            return tuple(StoredAnswer(bytes(row.card), row.sequence, bytes(row.body), row.day) for row in rows)

    async def add_answer(self, card: bytes, sequence: int, body: bytes, outgoing: bytes) -> None:
        """Keep an answer and, in the same step, the sealed bytes that will travel.

        Raises OvertakenError when there is an answer of this number already.
        """
        name = self._random(NAME)
        answer = {"card": card, "sequence": sequence, "outgoing": name, "body": body}
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(AnswerRow).values(answer))
                await connection.execute(insert(OutboxRow).values(name=name, batch=b"", body=outgoing))
        except IntegrityError:
            raise OvertakenError from None

    # --------------------------------------------------------------------------------------------- what goes out
    async def unsent(self) -> int:
        """Give how many answers intake does not have yet."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(OutboxRow)) or 0

    async def dummies(self, box: bytes) -> int:
        """Give how many dummies for this key (its SHA-256) are in stock."""
        async with self._database.read() as connection:
            wanted = select(func.count()).select_from(DummyRow).where(DummyRow.box == box)
            return await connection.scalar(wanted) or 0

    async def stock(self, box: bytes, bodies: Sequence[bytes]) -> None:
        """Add dummies; those for any other key go, because nobody will open them any more."""
        async with self._database.write() as connection:
            await connection.execute(delete(DummyRow).where(DummyRow.box != box))
            rows = [{"name": self._random(NAME), "box": box, "body": body} for body in bodies]
            if rows:
                await connection.execute(insert(DummyRow), rows)

    async def batch(self, size: int, box: bytes) -> Batch | None:
        """Give the batch that is on its way, or make one of exactly `size`; None when the dummies do not suffice."""
        async with self._database.write() as connection:
            row = (await connection.execute(select(BatchRow.batch, BatchRow.body))).first()
            if row is not None:
                return Batch(bytes(row.batch), bytes(row.body))
            return await self._new_batch(connection, size, box)

    async def _new_batch(self, connection: AsyncConnection, size: int, box: bytes) -> Batch | None:
        answers = (
            await connection.execute(select(OutboxRow.name, OutboxRow.body).where(OutboxRow.batch == b"").limit(size))
        ).all()
        missing = size - len(answers)
        dummies = (
            await connection.execute(select(DummyRow.name, DummyRow.body).where(DummyRow.box == box).limit(missing))
        ).all()
        if len(dummies) < missing:
            return None
        name = self._random(NAME)
        # Sorted: the place of an answer among the dummies says nothing, since sealed bytes are uniform.
        body = b"".join(sorted(bytes(row.body) for row in (*answers, *dummies)))
        await connection.execute(
            update(OutboxRow).where(OutboxRow.name.in_([row.name for row in answers])).values(batch=name)
        )
        await connection.execute(delete(DummyRow).where(DummyRow.name.in_([row.name for row in dummies])))
        await connection.execute(insert(BatchRow).values(batch=name, body=body))
        return Batch(name, body)

    async def sent(self, batch: bytes, day: int) -> None:
        """Note that intake has this batch: its answers count as sent, its bytes go."""
        async with self._database.write() as connection:
            names = (await connection.scalars(select(OutboxRow.name).where(OutboxRow.batch == batch))).all()
            for name in names:
                await connection.execute(insert(SentRow).values(name=name, day=day))
            await connection.execute(delete(OutboxRow).where(OutboxRow.batch == batch))
            await connection.execute(delete(BatchRow).where(BatchRow.batch == batch))
