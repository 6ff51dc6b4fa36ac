"""The vault's tables, as typed models.  `migrations/` creates them; a test compares the two.

`body` columns are sealed: under a case's key, a file's key or the publisher's storage key, with table and row as the
context.  Keys stand in keyrings, never here.  What is in the clear: random names, days of fetching, sizes of sealed
envelopes, reason codes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if TYPE_CHECKING:
    from sqlalchemy.engine.default import DefaultExecutionContext

ROW_ID: Final = BigInteger().with_variant(Integer, "sqlite")
"""63 bits; a key of this type is what SQLite knows a row by."""


class Base(DeclarativeBase):
    """Every table of the vault."""

    __table_args__: Any = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own form


def _number(context: DefaultExecutionContext) -> int:
    """Where a chunk stands: by a hash, so that neighbours have nothing in common and nothing counts up.

    Without row ids SQLite would read some nine neighbours from end to end to find a chunk: it compares whole rows.
    """
    row: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]  # the library has no type for it
    name: bytes = row["envelope"] if "envelope" in row else row["file"]
    return int.from_bytes(hashlib.sha256(name + row["place"].to_bytes(4, "big")).digest()[:8], "big") >> 1


class IncomingRow(Base):
    """An envelope that intake has or had.  `state` is one of `store.State`."""

    __tablename__ = "incoming"
    envelope: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[int]
    revision: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    first_day: Mapped[int]
    last_day: Mapped[int]
    tries: Mapped[int]


class IncomingChunkRow(Base):
    """At most 1 MiB of an envelope, still sealed by its reporter."""

    __tablename__ = "incoming_chunks"
    __table_args__ = (UniqueConstraint("envelope", "place"), {"sqlite_with_rowid": True})
    number: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False, default=_number)
    envelope: Mapped[bytes] = mapped_column(LargeBinary(16))
    place: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class SeenRow(Base):
    """A message that was opened, by a keyed hash of its thread and its id: the same one again is dropped."""

    __tablename__ = "seen"
    message: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    case_id: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)


class CaseRow(Base):
    """A case; `body` under its key."""

    __tablename__ = "cases"
    case_id: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class EntryRow(Base):
    """One entry of a dialogue; `body` under the case's key."""

    __tablename__ = "entries"
    entry: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    case_id: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    place: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class FileRow(Base):
    """A file: visible once `case_id` is set; until then it belongs to an envelope that is being opened."""

    __tablename__ = "files"
    file: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    case_id: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)


class FileChunkRow(Base):
    """At most 1 MiB of a file, under a key that stands in the entry."""

    __tablename__ = "file_chunks"
    __table_args__ = (UniqueConstraint("file", "place"), {"sqlite_with_rowid": True})
    number: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False, default=_number)
    file: Mapped[bytes] = mapped_column(LargeBinary(16))
    place: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class RecordRow(Base):
    """A live inner record of a board; `body` under the publisher's storage key."""

    __tablename__ = "records"
    record: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class PostingRow(Base):
    """The day on which something first went out: a note's entry or a card; `body` under the storage key."""

    __tablename__ = "postings"
    item: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class BulletinRow(Base):
    """A bulletin that was signed here; public."""

    __tablename__ = "bulletins"
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sent: Mapped[bool]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class CardRow(Base):
    """A card that was released for a case; `body` under the case's key."""

    __tablename__ = "cards"
    card: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    case_id: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class OutboxRow(Base):
    """A sealed card that waits for a batch, or a dummy in stock; `body` under the storage key says which."""

    __tablename__ = "outbox"
    item: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class BatchRow(Base):
    """A batch of cards on its way: sent again byte for byte until intake has it."""

    __tablename__ = "batches"
    batch: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class OutcomeBoxRow(Base):
    """A batch of sealed outcomes that was fetched on a day, or one outcome of it that was refused for a reason."""

    __tablename__ = "outcome_box"
    batch: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[int]
    reason: Mapped[str] = mapped_column(String(32))
    body: Mapped[bytes] = mapped_column(LargeBinary)


class OutcomeRow(Base):
    """An answer of the ministry to a card; `body` under the case's key."""

    __tablename__ = "outcomes"
    outcome: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    case_id: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class StateRow(Base):
    """Small things to remember, by name; `body` under the storage key."""

    __tablename__ = "state"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
