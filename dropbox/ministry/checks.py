"""`dropbox-ministry check`: everything that can be wrong before the first card, as sentences."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dropbox.ministry.certificates import ROLES, keys_on, load_certificates
from dropbox.ministry.errors import MinistryError
from dropbox.ministry.keyring import COURIER_FILE, INBOX_FILE, CourierKeys, Folder
from dropbox.ministry.settings import Settings, load
from dropbox.ministry.store import MIGRATIONS
from dropbox.protocol import sizes
from dropbox.protocol.keys import Role
from dropbox.storage.database import open_database, probe
from dropbox.storage.errors import SchemaMissingError, StorageError
from dropbox.storage.migrations import require_schema

SOON_DAYS: Final = 30
"""A certificate that has run out in so many days is worth a sentence today."""


def check(path: Path, passphrase: str | None, clock: Callable[[], int]) -> list[str]:
    """Give what is wrong with a settings file and what it names; nothing wrong is an empty list.

    With the service's passphrase the certificates are also compared with the keys in the folder.
    """
    try:
        settings = load(path)
    except MinistryError as error:
        return [str(error)]
    found = _folder(settings)
    found += _certificates(settings, clock() // sizes.DAY)
    if not found and passphrase is not None:
        found += _own_keys(settings, passphrase, clock() // sizes.DAY)
    found += asyncio.run(settings.way.faults(os.urandom))
    return found + asyncio.run(_database(settings))


def _folder(settings: Settings) -> list[str]:
    if not Folder(settings.folder).is_made:
        return ["folder holds no inbox yet: run `dropbox-ministry init` first."]
    files = [path for name in (COURIER_FILE, INBOX_FILE) if (path := settings.folder / name).exists()]
    open_to_others = [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    return [f"{name} can be read by other accounts: set its mode to 0600." for name in open_to_others]


def _certificates(settings: Settings, today: int) -> list[str]:
    try:
        certificates = load_certificates(settings.keys_dir, settings.root)
    except MinistryError as error:
        return [str(error)]
    found = []
    for role in ROLES:
        if not keys_on(certificates, role, today):
            found.append(f"keys_dir holds no certificate for {role.value} that is valid today.")
        elif not keys_on(certificates, role, today + SOON_DAYS):
            found.append(f"The certificate for {role.value} runs out within {SOON_DAYS} days: ask for a new one.")
    return found


def _own_keys(settings: Settings, passphrase: str, today: int) -> list[str]:
    try:
        certificates = load_certificates(settings.keys_dir, settings.root)
        keys: CourierKeys = Folder(settings.folder).open_courier(passphrase)
    except (MinistryError, StorageError) as error:
        return [str(error)]
    ours = (
        (Role.MINISTRY_COURIER, keys.courier.public),
        (Role.MINISTRY_CARD_BOX, keys.box_public),
        (Role.OUTCOME, keys.outcome_public),
    )
    return [
        f"The certificate for {role.value} names another key than this folder holds."
        for role, key in ours
        if key not in keys_on(certificates, role, today)
    ]


async def _database(settings: Settings) -> list[str]:
    try:
        database = open_database(settings.database)
    except StorageError as error:
        return [str(error)]
    try:
        await probe(database)
        await require_schema(database, MIGRATIONS)
    except SchemaMissingError:
        return []  # a new database: the service migrates it when it starts
    except StorageError as error:
        return [str(error)]
    finally:
        await database.close()
    return []
