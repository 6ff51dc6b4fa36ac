"""Put a desk together: the vault, the courier to intake, the sync, the facade."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropbox.bureau import certificates
from dropbox.bureau.desk import Desk
from dropbox.bureau.errors import NotMadeError
from dropbox.bureau.host import Courier, Host
from dropbox.bureau.settings import Settings
from dropbox.bureau.sync import Sync
from dropbox.bureau.vault import Vault, held, open_vault, request
from dropbox.courier.client import CourierClient
from dropbox.courier.signing import CourierKey, audience
from dropbox.protocol import sizes
from dropbox.protocol.keys import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]


@dataclass(frozen=True)
class Running:
    """One desk, open: what pages use, what runs by itself, and what both stand on."""

    desk: Desk
    sync: Sync
    vault: Vault


def now() -> int:
    """Unix seconds, for everyone who is not told another clock."""
    return int(time.time())


@asynccontextmanager
async def opened(
    settings: Settings, passphrase: str, clock: Clock, random: Random, courier: Courier | None = None
) -> AsyncIterator[Running]:
    """Hold and open a vault while the body runs; nothing happens by itself before `sync.running()` is entered.

    `courier` replaces the signed requests to intake's socket.  Raises DeskError, StorageError.
    """
    if not settings.vault.is_dir():
        raise NotMadeError
    with held(settings.vault):
        vault = await open_vault(settings, passphrase)
        try:
            state = vault.publisher.state
            certificates.load(settings.keys_dir, settings.root).require(request(state), clock() // sizes.DAY)
            name = audience(str(Role.DESK_COURIER), settings.root.instance)
            key = CourierKey(state.courier_seed)
            client = CourierClient.over_unix_socket(settings.intake_socket, key, name, clock, random)
            async with client:
                sync = Sync(vault, settings, Host(courier or client), clock, random)
                yield Running(Desk(vault, settings, sync, clock, random), sync, vault)
        finally:
            await vault.close()
