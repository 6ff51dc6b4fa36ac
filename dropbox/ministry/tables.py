"""The tables, as typed models.  `migrations/` creates them; a test compares the two.

What a card or an answer says is sealed under the store's key; what stands in the clear is days, random names, hashes of
sealed bytes, and sealed bytes as they travel.
"""

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Every table of the inbox."""

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own form


class SeenRow(Base):
    """The SHA-256 of every sealed card that was ever fetched: the same one again is dropped before it is opened."""

    __tablename__ = "seen"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    day: Mapped[int]


class IncomingRow(Base):
    """A sealed card that waits until somebody is signed in, or one that was refused, with the reason."""

    __tablename__ = "incoming"
    name: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[int]
    reason: Mapped[str] = mapped_column(String(32))
    body: Mapped[bytes] = mapped_column(LargeBinary)


class CardRow(Base):
    """A verified card, sealed under the store's key; its name is a keyed hash of its reference."""

    __tablename__ = "cards"
    name: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class AnswerRow(Base):
    """One answer to a card, sealed under the store's key.  `outgoing` names it in `outbox`, then in `sent`."""

    __tablename__ = "answers"
    card: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outgoing: Mapped[bytes] = mapped_column(LargeBinary(16))
    body: Mapped[bytes] = mapped_column(LargeBinary)


class OutboxRow(Base):
    """An answer as it will travel.  `batch` is empty until a batch carries it."""

    __tablename__ = "outbox"
    name: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    batch: Mapped[bytes] = mapped_column(LargeBinary(16))
    body: Mapped[bytes] = mapped_column(LargeBinary)


class SentRow(Base):
    """The day on which intake took the batch with this answer."""

    __tablename__ = "sent"
    name: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[int]


class DummyRow(Base):
    """A sealed dummy, made while somebody was signed in.  `box` is the SHA-256 of the key that it is sealed to."""

    __tablename__ = "dummies"
    name: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    box: Mapped[bytes] = mapped_column(LargeBinary(32))
    body: Mapped[bytes] = mapped_column(LargeBinary)


class BatchRow(Base):
    """The batch that is on its way: the same bytes under the same name until intake has them."""

    __tablename__ = "batches"
    batch: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
