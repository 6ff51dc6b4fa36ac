"""`dropbox-desk check`: everything that keeps a desk from its work, as sentences for who runs it."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Final

from dropbox.bureau import certificates
from dropbox.bureau.copies import Medium
from dropbox.bureau.errors import DeskError
from dropbox.bureau.keyring import PublisherKeyring, PublisherState
from dropbox.bureau.vault import MIGRATIONS, request
from dropbox.storage.database import open_database
from dropbox.storage.errors import StorageError
from dropbox.storage.migrations import require_schema

if TYPE_CHECKING:
    from dropbox.bureau.settings import Settings

NO_BACKUP: Final = "There is no backup: name a folder on another disk with `backup`."
ONE_RECIPIENT: Final = "There is one recipient. What waits for a desk that is lost opens for nobody, backup or not."
_OLD: Final = 2  # days
_EPOCH: Final = dt.date(1970, 1, 1)


async def check(settings: Settings, passphrase: str, today: int) -> list[str]:
    """Give what is wrong; nothing wrong is an empty list."""
    found: list[str] = []
    try:
        state = PublisherKeyring.open(settings.vault, passphrase).state
        found += _backup(settings, state, today)
        certificates.load(settings.keys_dir, settings.root).require(request(state), today)
    except FileNotFoundError:
        found.append("The vault holds no desk yet: run `dropbox-desk init` first.")
    except (DeskError, StorageError) as error:
        found.append(str(error))
    try:
        database = open_database(settings.database)
        try:
            await require_schema(database, MIGRATIONS)
        finally:
            await database.close()
    except StorageError as error:
        found.append(str(error))
    return found + await settings.way.faults(os.urandom)


def notes(settings: Settings) -> list[str]:
    """What an operator has chosen, and should know."""
    return [ONE_RECIPIENT, *([NO_BACKUP] if settings.backup is None else [])]


def _backup(settings: Settings, state: PublisherState, today: int) -> list[str]:
    if settings.backup is None:
        return []
    medium = Medium(settings.backup)
    try:
        if not medium.is_begun:
            return ["The folder of the backup holds none: mount it, or start the desk and sign in, and one is made."]
        listing = medium.listing(state.storage_key)
        same = settings.backup.stat().st_dev == settings.vault.stat().st_dev
    except (DeskError, OSError) as error:
        return [str(error) if isinstance(error, DeskError) else "The folder of the backup cannot be read."]
    found = ["The backup stands on the vault's own disk, and is lost with it: use another one."] if same else []
    if today - listing.day >= _OLD:
        last = _EPOCH + dt.timedelta(days=listing.day)
        found.append(f"The backup is of {last}: see what the desk's page says is wrong, or sign in once.")
    return found
