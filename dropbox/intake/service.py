"""Run intake: three Unix sockets, the daily job, until told to stop."""

import asyncio
import fcntl
import hashlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from dropbox.intake.app import desk_app, ministry_app, reporters_app
from dropbox.intake.certificates import load_certificates
from dropbox.intake.errors import AlreadyRunningError, SettingsError
from dropbox.intake.settings import Settings
from dropbox.intake.store import Store
from dropbox.protocol import sizes
from dropbox.storage.errors import StorageError

logger = logging.getLogger("dropbox.intake")

SOCKET_MODE: Final = 0o660
"""Owner and group: the group of each socket is whom the service manager lets in."""

MAINTAIN_CHECK_SECONDS: Final = 60
"""How often to look whether the hour of the daily job has come, and whether something is still to be erased."""

SHUTDOWN_SECONDS: Final = 5
"""How long running requests may take to end when told to stop; what is not committed by then was not accepted."""

_BACKLOG: Final = 128
_HOUR: Final = 3600


@asynccontextmanager
async def serving(settings: Settings, clock: Callable[[], int], random: Callable[[int], bytes]) -> AsyncIterator[Store]:
    """Serve on three sockets while the body runs. Raises SettingsError, AlreadyRunningError, StorageError."""
    certificates = load_certificates(settings.keys_dir, settings.root)
    with alone(settings.runtime_dir):
        store = await Store.open(settings, clock, random)
        runners: list[web.AppRunner] = []
        try:
            await store.housekeeping.sweep()
            for name, app in (
                ("reporters", reporters_app(store)),
                ("desk", desk_app(store, certificates, clock)),
                ("ministry", ministry_app(store, certificates, clock)),
            ):
                runners.append(await _listen(app, settings.runtime_dir / f"{name}.sock"))
            daily = asyncio.create_task(_daily(store, settings.maintain_hour, clock))
            try:
                yield store
            finally:
                daily.cancel()
                with suppress(asyncio.CancelledError):
                    await daily
        finally:
            for runner in runners:
                await runner.cleanup()
            await store.close()


async def _listen(app: web.Application, path: Path) -> web.AppRunner:
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_silent(),
        handle_signals=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    await web.SockSite(runner, _socket(path)).start()
    return runner


def _silent() -> logging.Logger:
    """Give aiohttp a logger that says nothing: its texts quote what a stranger sent. Ours says what went wrong."""
    quiet = logging.getLogger("dropbox.intake.aiohttp")
    quiet.disabled = True
    return quiet


def _socket(path: Path) -> socket.socket:
    """Bind a Unix socket; its mode is set before anyone can connect, because nothing listens yet."""
    try:
        path.unlink(missing_ok=True)  # left by a process that was killed; `alone` has made sure that it is dead
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        listener.bind(str(path))
        path.chmod(SOCKET_MODE)
        listener.listen(_BACKLOG)
    except OSError:
        message = "The sockets cannot be made in runtime_dir."
        raise SettingsError(message) from None
    return listener


@contextmanager
def alone(runtime_dir: Path) -> Iterator[None]:
    """Hold the runtime folder's lock, so that no second process takes the sockets away."""
    try:
        lock = os.open(runtime_dir / "intake.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        message = "runtime_dir is not a folder that this account may write in."
        raise SettingsError(message) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise AlreadyRunningError from None
    try:
        yield
    finally:
        os.close(lock)


async def _daily(store: Store, hour: int, clock: Callable[[], int]) -> None:
    """Run the daily job once in each UTC day, at or after its hour. A failure is said and tried again the next day.

    Of several processes on one database, the first to take it on does it.

    In between, every minute, finish what a reader of the database prevented.
    """
    last = _maintenance_day(clock(), hour)
    while True:
        await asyncio.sleep(MAINTAIN_CHECK_SECONDS)
        with suppress(StorageError):  # it stays owed; the requests that fail with it are counted or logged
            await store.erasure.settle()
        day = _maintenance_day(clock(), hour)
        if day == last:
            continue
        last = day
        store.faults.report()
        try:
            if await store.nonces.remember(_job(day), clock()):
                await store.housekeeping.maintain()
        except StorageError as fault:
            logger.error("The daily job failed: %s", fault)  # noqa: TRY400 - a traceback may hold values


def _job(day: int) -> bytes:
    """Name the daily job of a day, as what is done once is named in the database: 16 bytes."""
    return hashlib.sha256(b"dropbox/v1/daily-job" + day.to_bytes(8, "big", signed=True)).digest()[:16]


def _maintenance_day(now: int, hour: int) -> int:
    return (now - hour * _HOUR) // sizes.DAY
