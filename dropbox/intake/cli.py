"""`dropbox-intake`: serve until told to stop, check the settings, or bring the database to this release."""

import argparse
import asyncio
import ctypes
import os
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from dropbox.intake.checks import check
from dropbox.intake.errors import IntakeError
from dropbox.intake.service import alone, serving
from dropbox.intake.settings import Settings, load
from dropbox.intake.store import MIGRATIONS
from dropbox.storage.errors import StorageError
from dropbox.storage.migrations import prepare

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3), glibc


def main() -> int:
    """Run the command; the exit status is 0, or 1 when something is wrong, with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="dropbox-intake", description="The untrusted store behind Unix sockets.")
    parser.add_argument("action", nargs="?", choices=("serve", "check", "migrate"), default="serve")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
    parser.add_argument("--rehearse", action="store_true", help="migrate, and take all of it back")
    arguments = parser.parse_args()
    os.umask(0o077)
    if arguments.action == "check":
        return _check(arguments.config)
    try:
        if arguments.action == "migrate":
            return _migrate(load(arguments.config), rehearse=arguments.rehearse)
        _keep_freed_memory()
        asyncio.run(_until_stopped(load(arguments.config)))
    except (IntakeError, StorageError) as error:
        print(f"dropbox-intake: {error}", file=sys.stderr)
        return 1
    return 0


def _now() -> int:
    return int(time.time())


def _check(path: Path) -> int:
    wrong = check(path, _now)
    for sentence in wrong:
        print(f"- {sentence}")
    print("Nothing is wrong." if not wrong else "Intake is not ready to serve.")
    return 1 if wrong else 0


def _migrate(settings: Settings, *, rehearse: bool) -> int:
    """Rehearsed beside the release that runs; done once that has stopped."""
    with nullcontext() if rehearse else alone(settings.runtime_dir):
        asyncio.run(prepare(settings.database, MIGRATIONS, rehearse=rehearse))
    print("It can be brought to this release." if rehearse else "The database is at this release.")
    return 0


def _keep_freed_memory() -> None:
    """Chunk follows chunk: what one of them frees, the next takes, and the kernel need not give every page anew."""
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, 4 << 20)
    libc.mallopt(_M_TRIM_THRESHOLD, 16 << 20)


async def _until_stopped(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(settings, _now, os.urandom):
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
