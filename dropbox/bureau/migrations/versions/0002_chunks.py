"""Chunks stand under numbers: SQLite read some nine neighbours to find one by a long row's own key (decision 64)."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

_ANY: Final = {
    "sqlite": "random() & 9223372036854775807",
    "postgresql": "floor(random() * 9223372036854774784)::bigint",  # the largest that a float holds below 2^63
}


def upgrade() -> None:
    """Copy what is there; rows keep what they say, only their numbers are new."""
    dialect = op.get_bind().dialect.name
    for table, key in (("incoming_chunks", "envelope"), ("file_chunks", "file")):
        op.rename_table(table, f"{table}_before")
        op.create_table(
            table,
            sa.Column(
                "number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
            ),
            sa.Column(key, sa.LargeBinary(16), nullable=False),
            sa.Column("place", sa.Integer, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.UniqueConstraint(key, "place"),
        )
        if dialect == "postgresql":
            op.execute(sa.text(f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL"))
        copied = f"INSERT INTO {table} (number, {key}, place, body) SELECT {_ANY[dialect]}, {key}, place, body"
        op.execute(sa.text(f"{copied} FROM {table}_before"))
        op.drop_table(f"{table}_before")
