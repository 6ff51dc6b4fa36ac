"""Run an inbox: its pages on loopback and its exchange with intake, until told to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from dropbox.courier.client import CourierClient, Line
from dropbox.courier.signing import audience
from dropbox.ministry.app import create_app
from dropbox.ministry.errors import SettingsError
from dropbox.ministry.inbox import Inbox
from dropbox.ministry.keyring import CourierKeys, Folder
from dropbox.ministry.settings import Settings
from dropbox.ministry.store import Store
from dropbox.ministry.sync import Sync
from dropbox.protocol.keys import Role
from dropbox.torlink.connector import Reasons
from dropbox.torlink.ways import Way
from dropbox.web.serving import QuietRunner

SHUTDOWN_SECONDS: Final = 5


@asynccontextmanager
async def opened(
    settings: Settings,
    folder: Folder,
    service: CourierKeys,
    clock: Callable[[], int],
    random: Callable[[int], bytes],
) -> AsyncIterator[tuple[Inbox, Sync]]:
    """Give an inbox, locked, and its exchange, not yet begun.  The caller holds the folder's lock.

    Raises SettingsError and StorageError.
    """
    store = await Store.open(settings.database, random)
    try:
        inbox = Inbox(settings, folder, service, store, clock)
        inbox.read_certificates()
        name, reasons = audience(Role.MINISTRY_COURIER.value, settings.root.instance), Reasons()
        lines = [_line(settings.way, random, reasons) for _ in range(2)]
        async with (
            CourierClient(lines[0], service.courier, name, clock, random) as collecting,
            CourierClient(lines[1], service.courier, name, clock, random) as sending,
        ):
            yield inbox, Sync(inbox, collecting, random, sending=sending)
    finally:
        await store.close()


def _line(way: Way, random: Callable[[int], bytes], reasons: Reasons) -> Line:
    opened = way.open(random, reasons)
    return Line(opened.connector, opened.base, opened.failed)


@asynccontextmanager
async def serving(settings: Settings, inbox: Inbox, sync: Sync) -> AsyncIterator[str]:
    """Serve the pages and exchange with intake while the body runs; give the pages' address.

    Raises SettingsError when the port is taken.
    """
    runner = QuietRunner(create_app(inbox, sync), shutdown_seconds=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        port = await _listen(runner, settings)
        exchange = asyncio.create_task(sync.run())
        try:
            host = settings.listen[0]
            host = f"[{host}]" if ":" in host else host
            yield f"http://{host}:{port}"
        finally:
            exchange.cancel()
            with suppress(asyncio.CancelledError):
                await exchange
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> int:
    try:
        await web.TCPSite(runner, *settings.listen).start()
    except OSError:
        raise SettingsError(
            "listen names a port that is taken, or an address that this machine does not have."
        ) from None
    return int(runner.addresses[0][1])
