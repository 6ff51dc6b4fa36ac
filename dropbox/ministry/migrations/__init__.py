"""The Alembic folder of the inbox's database."""
