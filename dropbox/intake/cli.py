"""`dropbox-intake`: serve until told to stop, or check the settings."""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from dropbox.intake.checks import check
from dropbox.intake.errors import IntakeError
from dropbox.intake.service import serving
from dropbox.intake.settings import Settings, load
from dropbox.storage.errors import StorageError


def main() -> int:
    """Run the command; the exit status is 0, or 1 when something is wrong, with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="dropbox-intake", description="The untrusted store behind Unix sockets.")
    parser.add_argument("action", nargs="?", choices=("serve", "check"), default="serve")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
    arguments = parser.parse_args()
    return _check(arguments.config) if arguments.action == "check" else _serve(arguments.config)


def _now() -> int:
    return int(time.time())


def _check(path: Path) -> int:
    wrong = check(path, _now)
    for sentence in wrong:
        print(f"- {sentence}")
    print("Nothing is wrong." if not wrong else "Intake is not ready to serve.")
    return 1 if wrong else 0


def _serve(path: Path) -> int:
    try:
        asyncio.run(_until_stopped(load(path)))
    except (IntakeError, StorageError) as error:
        print(f"dropbox-intake: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_stopped(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    os.umask(0o077)
    async with serving(settings, _now, os.urandom):
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
