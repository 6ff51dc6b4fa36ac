"""The first schema. No column holds a clock time, an address or a serial; every key is random or public."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create every table; on SQLite without row ids that it counts up: they would tell the order of arrival."""
    _documents()
    _envelopes()
    op.create_table(
        "mailbox",
        sa.Column("box", sa.String(16), primary_key=True),
        sa.Column("batch", sa.LargeBinary(16), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "nonces",
        sa.Column("token", sa.LargeBinary(16), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        # Ciphertext does not compress: trying costs time, and one size more or less would say something.
        for table in ("chunks", "mailbox", "boards"):
            op.execute(sa.text(f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL"))


def _documents() -> None:
    op.create_table(
        "bulletins",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("recipients", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "boards",
        sa.Column("recipient", sa.LargeBinary(16), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "publications",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _envelopes() -> None:
    op.create_table(
        "uploads",
        sa.Column("upload", sa.LargeBinary(16), primary_key=True),
        sa.Column("envelope", sa.LargeBinary(16), nullable=False),
        sa.Column("started_day", sa.Integer, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chunks",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.LargeBinary(16), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("envelope", "place"),
    )
    op.create_table(
        "envelopes",
        sa.Column("envelope", sa.LargeBinary(16), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "confirmations",
        sa.Column("envelope", sa.LargeBinary(16), primary_key=True),
        sa.Column("recipient", sa.LargeBinary(16), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tombstones",
        sa.Column("token", sa.LargeBinary(16), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "received",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("envelopes", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
