"""Alembic's entry: everything is in `dropbox.storage.migrations`."""

from dropbox.storage.migrations import run

run()
