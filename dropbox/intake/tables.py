"""The tables, as typed models. `migrations/` creates them; a test compares the two.

No clock times, addresses or serials: days, sizes, and keys that are random (envelopes, uploads) or public (documents).
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ROW_ID: Final = BigInteger().with_variant(Integer, "sqlite")
"""63 bits; a key of this type is what SQLite knows a row by."""


class Base(DeclarativeBase):
    """Every table of intake; on SQLite without row ids that it counts up: they would tell the order of arrival."""

    __table_args__: Any = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own form


class BulletinRow(Base):
    """A verified bulletin. `recipients` are their 16-byte names, one after the other, in its order."""

    __tablename__ = "bulletins"
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recipients: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class BoardRow(Base):
    """The newest board of one recipient."""

    __tablename__ = "boards"
    recipient: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class PublicationRow(Base):
    """The newest publication, under a fixed name."""

    __tablename__ = "publications"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class UploadRow(Base):
    """An unfinished upload. The row goes when it finishes: nothing then leads from `upload` to `envelope`.

    `content` is the hash of the chunks that are there, where the upload's name is bound to them: it has 32 bytes then.
    """

    __tablename__ = "uploads"
    upload: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    envelope: Mapped[bytes] = mapped_column(LargeBinary(16))
    started_day: Mapped[int]
    day: Mapped[int]
    revision: Mapped[int]
    chunks: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class ChunkRow(Base):
    """At most 1 MiB of an envelope, under a random number.

    Without row ids SQLite would read some six neighbours from end to end to find the place of a new one: it compares
    whole rows, and these are long.
    """

    __tablename__ = "chunks"
    __table_args__ = (UniqueConstraint("envelope", "place"), {"sqlite_with_rowid": True})
    number: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    envelope: Mapped[bytes] = mapped_column(LargeBinary(16))
    place: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class EnvelopeRow(Base):
    """An envelope that is complete, and so visible to the desk."""

    __tablename__ = "envelopes"
    envelope: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[int]
    revision: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)


class ConfirmationRow(Base):
    """One recipient has this envelope safely."""

    __tablename__ = "confirmations"
    envelope: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    recipient: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)


class TombstoneRow(Base):
    """The name of an upload that finished, or of a batch that was collected, so that a retry is answered.

    Also a name that is bound to a content leads to no envelope: its salt is not kept.
    """

    __tablename__ = "tombstones"
    token: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    day: Mapped[int]


class ReceivedRow(Base):
    """How many envelopes became complete on a day."""

    __tablename__ = "received"
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    envelopes: Mapped[int]


class BatchRow(Base):
    """A batch of sealed cards or outcomes that waits to be collected."""

    __tablename__ = "mailbox"
    box: Mapped[str] = mapped_column(String(16), primary_key=True)
    batch: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class NonceRow(Base):
    """A signed request that was acted on, and the day on which its signature expires; or a daily job taken on."""

    __tablename__ = "nonces"
    token: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[int]
