"""The Alembic folder of the vault's database."""
