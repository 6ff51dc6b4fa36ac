"""`dropbox-gateway --config FILE`: serve the reporter's pages until SIGTERM."""

import argparse
import asyncio
import os
import signal
import sys
import time
import warnings
from pathlib import Path

from aiohttp import web

from dropbox.gateway.app import make_app
from dropbox.gateway.confinement import forbid_writing
from dropbox.gateway.errors import BadSettings
from dropbox.gateway.settings import Listen, Settings, read_settings
from dropbox.web.serving import QuietRunner

SOCKET_MODE = 0o660


def main() -> int:
    """Run the command; the exit status is 2 when the settings or the socket are wrong."""
    parser = argparse.ArgumentParser(prog="dropbox-gateway", description="Serves the reporter's pages.")
    parser.add_argument("--config", required=True, type=Path, metavar="FILE", help="the settings, in TOML")
    arguments = parser.parse_args()
    # aiohttp warns about odd headers with the header in the text: a stranger's words on the host's log.
    warnings.simplefilter("ignore")
    try:
        asyncio.run(serve(read_settings(arguments.config)))
    except (BadSettings, OSError) as error:
        sys.stderr.write(f"dropbox-gateway: {error}\n")
        return 2
    return 0


async def serve(settings: Settings) -> None:
    """Listen, say "ready", give up the right to write files, and serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    runner = QuietRunner(make_app(settings, lambda: int(time.time()), os.urandom))
    await runner.setup()
    try:
        sys.stdout.write(f"ready {await _listen(runner, settings.listen)}\n")
        sys.stdout.flush()
        forbid_writing()
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, listen: Listen) -> str:
    """Bind the socket and return where it is."""
    if isinstance(listen, Path):
        if listen.is_socket():
            listen.unlink()  # left behind by a process that was killed
        await web.UnixSite(runner, listen).start()
        listen.chmod(SOCKET_MODE)
        return str(listen)
    await web.TCPSite(runner, listen.host, listen.port).start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}/"


if __name__ == "__main__":
    sys.exit(main())
