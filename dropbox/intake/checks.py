"""`dropbox-intake check`: everything that can be wrong before the first request, as sentences."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dropbox.intake.certificates import COURIERS, keys_on, load_certificates
from dropbox.intake.days import day_of
from dropbox.intake.errors import IntakeError
from dropbox.intake.settings import Settings, load
from dropbox.intake.store import MIGRATIONS
from dropbox.storage.database import accepts_alone, open_database, probe
from dropbox.storage.errors import SchemaMissingError, StorageError
from dropbox.storage.migrations import require_schema

ALONE: Final = (
    "What is accepted stands on one machine only, and is gone with it: give PostgreSQL a replica, and set its "
    "synchronous_standby_names (docs/operations.md)."
)


def check(path: Path, clock: Callable[[], int]) -> list[str]:
    """Give what is wrong with a settings file and what it names; nothing wrong is an empty list."""
    try:
        settings = load(path)
    except IntakeError as error:
        return [str(error)]
    return [*_folders(settings), *_keys(settings, clock), *asyncio.run(_database(settings))]


def _folders(settings: Settings) -> list[str]:
    if settings.runtime_dir.is_dir() and os.access(settings.runtime_dir, os.W_OK):
        return []
    return ["runtime_dir is not a folder that this account may write in."]


def _keys(settings: Settings, clock: Callable[[], int]) -> list[str]:
    try:
        certificates = load_certificates(settings.keys_dir, settings.root)
    except IntakeError as error:
        return [str(error)]
    today = day_of(clock())
    return [
        f"keys_dir holds no certificate for {role.value} that is valid today: its socket will refuse everything."
        for role in COURIERS
        if not keys_on(certificates, role, today)
    ]


async def _database(settings: Settings) -> list[str]:
    try:
        database = open_database(settings.database)
    except StorageError as error:
        return [str(error)]
    try:
        await probe(database)
        if await accepts_alone(database):
            return [ALONE]
        await require_schema(database, MIGRATIONS)
    except SchemaMissingError:
        return []  # a new database: the service migrates it when it starts
    except StorageError as error:
        return [str(error)]
    finally:
        await database.close()
    return []
