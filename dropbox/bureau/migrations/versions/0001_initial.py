"""The first schema: sealed bodies under random names."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_NAME: Final = sa.LargeBinary(16)


def upgrade() -> None:
    """Create every table."""
    _envelopes()
    _cases()
    for table, key in (("records", "record"), ("postings", "item"), ("outbox", "item"), ("batches", "batch")):
        _table(table, _key(key), _body())
    _table(
        "outcome_box",
        _key("batch"),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        _body(),
    )
    _table("state", sa.Column("name", sa.String(32), primary_key=True), _body())
    _table(
        "bulletins",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sent", sa.Boolean, nullable=False),
        _body(),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Ciphertext does not compress: trying only costs time.
        for table in ("incoming_chunks", "file_chunks"):
            op.execute(sa.text(f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL"))


def _envelopes() -> None:
    _table(
        "incoming",
        _key("envelope"),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("day", "revision", "first_day", "last_day", "tries")
        ),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
    )
    for table, key in (("incoming_chunks", "envelope"), ("file_chunks", "file")):
        _table(table, _key(key), sa.Column("place", sa.Integer, primary_key=True, autoincrement=False), _body())


def _cases() -> None:
    _table("cases", _key("case_id"), _body())
    for table, key in (("cards", "card"), ("outcomes", "outcome")):
        _table(table, _key(key), _of_case(), _body())
    _table("entries", _key("entry"), _of_case(), sa.Column("place", sa.Integer, nullable=False), _body())
    _table("seen", _key("message"), _of_case())
    _table("files", _key("file"), sa.Column("case_id", _NAME, nullable=True, index=True))


def _table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, *columns, sqlite_with_rowid=False)


def _key(name: str) -> sa.Column[bytes]:
    return sa.Column(name, _NAME, primary_key=True)


def _of_case() -> sa.Column[bytes]:
    return sa.Column("case_id", _NAME, nullable=False, index=True)


def _body() -> sa.Column[bytes]:
    return sa.Column("body", sa.LargeBinary, nullable=False)
