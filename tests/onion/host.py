"""A host's folder with the settings of dropbox-onion, the command, and a tor that stays off every network."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dropbox.onion import keeping
from dropbox.onion.checks import check
from dropbox.onion.keys import client_key
from dropbox.onion.record import read_record
from dropbox.onion.services import Service
from dropbox.onion.settings import Settings, read_settings
from dropbox.onion.torrc import torrc
from tests.browser.driver import wait_for

_ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "dropbox.onion.cli"]


@dataclass(frozen=True)
class OnionHost:
    """Where everything of one host stands."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "onion.toml"

    @property
    def control(self) -> Path:
        return self.folder / "control"

    @property
    def settings(self) -> Settings:
        return read_settings(self.config)

    def write(self, **instead: object) -> None:
        """Write the settings."""
        lines = {name: str(self.folder / f"{name.removesuffix('_socket')}.sock") for name in _SOCKETS}
        lines |= {"control": str(self.folder / "control"), "folder": str(self.folder / "keys")}
        lines |= {"addresses": str(self.folder / "addresses.json")}
        written = {name: f'"{value}"' for name, value in lines.items()} | {
            name: f'"{value}"' if isinstance(value, str) else str(value).lower() for name, value in instead.items()
        }
        self.config.write_text("".join(f"{name} = {value}\n" for name, value in written.items()), encoding="utf-8")

    def make_keys(self, *clients: str) -> None:
        """Make the keys of all services; let a client of each of these names use desk and ministry."""
        keeping.make_missing(self.settings, os.urandom)
        for name in clients:
            for service in (Service.DESK, Service.MINISTRY):
                keeping.allow(self.settings, service, name, client_key(os.urandom)[1])

    def run(self, *arguments: str, status: int = 0, path: str | None = None) -> str:
        """Run the command to its end; return what it said, on either output."""
        environment = None if path is None else {"PATH": path}
        command = [*COMMAND, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=_ROOT)
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout + done.stderr

    def keys(self, action: str, *arguments: str, status: int = 0) -> str:
        return self.run("keys", action, "--config", str(self.config), *arguments, status=status)

    def address(self, service: str) -> str:
        """The address that is known of a service."""
        return read_record(self.settings.addresses)[Service(service)].address

    def check(self) -> list[str]:
        """What is wrong, as `dropbox-onion check` says it."""
        return [*check(self.settings, datetime.now(UTC))]

    @contextlib.contextmanager
    def tor(self, *lines: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a tor as the torrc of this host says, which goes onto no network."""
        file = self.folder / "torrc"
        text = torrc(self.settings)
        data = self.folder / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        own = f"DataDirectory {data}\nDisableNetwork 1\nLog warn file {self.folder}/tor.log\n" + "\n".join(lines)
        file.write_text(text.replace("Log err syslog\n", "") + own + "\n", encoding="utf-8")
        with running_tor(file) as process:
            yield process

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Serving"]:
        """Run `dropbox-onion serve` until the block ends; it must end well."""
        pipe = asyncio.subprocess.PIPE
        command = [*COMMAND, "serve", "--config", str(self.config)]
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        assert process.stdout
        assert process.stderr
        assert await process.stdout.readline() == b"ready\n"
        try:
            yield Serving(process, process.stderr)
        finally:
            process.send_signal(signal.SIGTERM)
            await process.communicate()
            assert process.returncode == 0


@dataclass
class Serving:
    """A running `dropbox-onion serve`."""

    process: asyncio.subprocess.Process
    warnings: asyncio.StreamReader

    async def warning(self) -> str:
        """The next line on standard error."""
        async with asyncio.timeout(60):
            return (await self.warnings.readline()).decode().strip()


_SOCKETS = ("circuits_socket", "reporters_socket", "desk_socket", "ministry_socket")


@contextlib.contextmanager
def onion_host(**instead: object) -> Iterator[OnionHost]:
    """A host in a folder with a short path, with an empty folder for keys."""
    with tempfile.TemporaryDirectory(prefix="on") as name:
        host = OnionHost(Path(name))
        host.write(**instead)
        (host.folder / "keys").mkdir(mode=0o700)
        yield host


@contextlib.contextmanager
def running_tor(torrc: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run tor until the block ends, ready to be spoken to."""
    tor = shutil.which("tor")
    assert tor, "tor is not installed"
    command = [tor, "--defaults-torrc", "/dev/null", "-f", str(torrc), "--hush"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for("tor's socket", lambda: (torrc.parent / "control").is_socket() or process.poll() is not None)
            assert process.poll() is None, (torrc.parent / "tor.log").read_text()
            yield process
        finally:
            process.terminate()
            process.wait()
