"""Uploads whose names are bound to their content: the hash of what is there of it."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add a column that uploads with random names leave empty."""
    op.add_column("uploads", sa.Column("content", sa.LargeBinary(32), nullable=True))
