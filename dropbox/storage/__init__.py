"""Opens a SQLAlchemy engine on SQLite or PostgreSQL and runs Alembic migrations."""
