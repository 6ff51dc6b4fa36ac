"""The Alembic folder of intake's database."""
