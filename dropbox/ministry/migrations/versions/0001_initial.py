"""The first schema.  No column holds a clock time, and none holds a word of a card in the clear."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None


def _name() -> sa.Column[bytes]:
    return sa.Column("name", sa.LargeBinary(16), primary_key=True)


def _bytes(name: str, length: int | None = None) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(length), nullable=False)


def _day() -> sa.Column[int]:
    return sa.Column("day", sa.Integer, nullable=False)


def _create(name: str, *columns: sa.Column[bytes] | sa.Column[int] | sa.Column[str]) -> None:
    op.create_table(name, *columns, sqlite_with_rowid=False)


def upgrade() -> None:
    """Create every table; on SQLite without row ids."""
    _create("seen", sa.Column("digest", sa.LargeBinary(32), primary_key=True), _day())
    _create("incoming", _name(), _day(), sa.Column("reason", sa.String(32), nullable=False), _bytes("body"))
    _create("cards", _name(), _bytes("body"))
    _create(
        "answers",
        sa.Column("card", sa.LargeBinary(16), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        _bytes("outgoing", 16),
        _bytes("body"),
    )
    _create("outbox", _name(), _bytes("batch", 16), _bytes("body"))
    _create("sent", _name(), _day())
    _create("dummies", _name(), _bytes("box", 32), _bytes("body"))
    _create("batches", sa.Column("batch", sa.LargeBinary(16), primary_key=True), _bytes("body"))
