"""Runs a whole instance on this machine, to look at: the real commands as separate processes, on loopback.

    python deploy/demo/run.py --folder var/demo

makes a new instance in the folder (an older one there is removed), starts intake, gateway, desk and ministry inbox,
says where each page is and with which account, and runs until Ctrl-C or SIGTERM.  Nothing is left running.

The passphrases stand in files beside the data, so that the demo starts by itself: never run people's reports on it.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

BIN = Path(sys.executable).parent
MARK = "demo-instance"  # a folder with this file in it is ours to remove
BOARD_PERIOD = 10  # seconds
CARD_PERIOD = 10  # seconds
CARDS_PER_BATCH = 4
READY_WITHIN = 180  # seconds; a busy machine derives the keys of passphrases slowly
STOP_WITHIN = 15  # seconds
SOCKET_PATH_MOST = 107  # bytes, Linux
USERS = {"desk": "behandelaar", "ministry": "coordinator"}


class DemoFailed(Exception):
    """A command did not start or ended by itself; its own words stand in its log."""


@dataclass(frozen=True)
class Onion:
    """A tor that somebody else runs: it leads ``url`` to the socket, with the circuit's number before each stream."""

    socket: Path
    url: str


def prepare(folder: Path) -> None:
    """An empty folder of the demo's own.  Raises ``DemoFailed`` rather than remove somebody's files."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise DemoFailed(f"{folder} holds files that are not the demo's; choose another folder with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / MARK).touch()
    (folder / "log").mkdir()


def secret_file(folder: Path, name: str) -> Path:
    """A new passphrase in a file that only this account reads."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text("-".join(secrets.token_hex(3) for _ in range(4)) + "\n")
    return path


async def make_instance(folder: Path, runtime: Path) -> None:
    """Runs ``dropbox-keys instance``."""
    arguments = [
        "--folder", folder, "--runtime", runtime, "--passphrase-file", secret_file(folder, "root.passphrase"),
        "--board-period", BOARD_PERIOD, "--card-period", CARD_PERIOD, "--cards-per-batch", CARDS_PER_BATCH,
    ]  # fmt: skip
    for role, user in USERS.items():
        arguments += [f"--{role}-user", user, f"--{role}-password-file", secret_file(folder, f"{role}.password")]
        arguments += [f"--{role}-passphrase-file", secret_file(folder, f"{role}.passphrase")]
    log = folder / "log" / "keys.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            BIN / "dropbox-keys", "instance", *map(str, arguments), stdout=output, stderr=output
        )
        if await process.wait():
            raise DemoFailed(f"The instance could not be made; see {log}.")


def put_behind(onion: Onion, settings: Path) -> None:
    """Lets the gateway listen on the socket for tor, and for nothing else."""
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("listen = ")]
    settings.write_text("\n".join([*lines, f"listen = {json.dumps(str(onion.socket))}", "proxy = true", ""]))


@asynccontextmanager
async def running(folder: Path, role: str, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """One command as a process in a group of its own; gives it with what follows ``ready`` in its first line.

    A group of its own: Ctrl-C in the terminal is for this program, which then stops the others in order.
    """
    with (folder / "log" / f"{role}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            BIN / f"dropbox-{role}",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        try:
            where = await ready(process, role, folder)
            copying = asyncio.create_task(copy(process.stdout, log))  # a full pipe would stop the command
            yield process, where
            copying.cancel()
        finally:
            await stop(process)


def end_with_parent() -> None:
    """Runs in the child: when this program is killed, the kernel ends the child too (prctl(2), Linux)."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


async def copy(stream: asyncio.StreamReader | None, log: BinaryIO) -> None:
    """What a command says after it is ready goes to its log."""
    assert stream is not None
    while data := await stream.read(4096):
        log.write(data)
        log.flush()


async def ready(process: asyncio.subprocess.Process, role: str, folder: Path) -> str:
    """Waits for the line that says that the command serves."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_WITHIN):
            async for line in process.stdout:
                if line.startswith(b"ready"):
                    return line.decode().removeprefix("ready").strip()
    except TimeoutError:
        pass
    raise DemoFailed(f"dropbox-{role} did not start; see {folder / 'log' / f'{role}.log'}.")


async def stop(process: asyncio.subprocess.Process) -> None:
    """Asks the process to end, and ends it when it does not."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def write_endpoints(folder: Path, urls: dict[str, str]) -> dict[str, str]:
    """``endpoints.json``, in one step: who sees the file sees all of it."""
    endpoints = {
        "reporter_url": urls["gateway"],
        "desk_url": urls["desk"],
        "ministry_url": urls["ministry"],
        "root_fingerprint": (folder / "keys" / "fingerprint.txt").read_text().splitlines()[0],
    }
    for role, user in USERS.items():
        endpoints[f"{role}_user"] = user
        endpoints[f"{role}_password"] = (folder / f"{role}.password").read_text().strip()
    beside = folder / ".endpoints.json"
    beside.write_text(json.dumps(endpoints, indent=2) + "\n")
    beside.replace(folder / "endpoints.json")
    return endpoints


def say(endpoints: dict[str, str], folder: Path) -> None:
    """What a person needs to go on."""
    secret = endpoints["ministry_password"]
    print(
        f"""
Reporting point   {endpoints["reporter_url"]}
Desk (bureau)     {endpoints["desk_url"]}   account {endpoints["desk_user"]}, password {endpoints["desk_password"]}
Ministry's inbox  {endpoints["ministry_url"]}   account {endpoints["ministry_user"]}, password {secret}
Root fingerprint  {endpoints["root_fingerprint"]}

The board comes out every {BOARD_PERIOD} seconds, cards travel every {CARD_PERIOD} seconds.
Try: send a report, sign in at the desk, reply, and come back with the twelve words.
Logs are in {folder / "log"}. Ctrl-C ends everything.
""",
        flush=True,
    )


def let_audit(auditor: str, settings: Path) -> None:
    """Lets the desk answer this auditor's canaries."""
    settings.write_text(f"canary_keys = {json.dumps([auditor])}\n{settings.read_text()}")


async def run(
    folder: Path,
    onion: Onion | None = None,
    show: Callable[[], Awaitable[None]] | None = None,
    auditor: str | None = None,
) -> None:
    """The demo, until it is told to end or one of the processes ends by itself.

    ``onion``: how reporters come, when not by loopback. ``show``: what to do once everything serves. ``auditor``: whose
    canaries the desk answers.
    """
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    prepare(folder)
    async with AsyncExitStack() as stack:
        runtime = folder / "run"
        if len(os.fsencode(runtime / "reporters.sock")) > SOCKET_PATH_MOST:
            runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dropbox-demo-")))
        print("Making an instance with its own keys ...", flush=True)
        await make_instance(folder, runtime)
        if onion is not None:
            put_behind(onion, folder / "gateway.toml")
        if auditor is not None:
            let_audit(auditor, folder / "desk.toml")
        processes, urls = {}, {}
        for role in ("intake", "desk", "ministry", "gateway"):
            arguments = ["--config", str(folder / f"{role}.toml")]
            if role in USERS:
                arguments = ["serve", *arguments, "--passphrase-file", str(folder / f"{role}.passphrase")]
            print(f"Starting {role} ...", flush=True)
            processes[role], urls[role] = await stack.enter_async_context(running(folder, role, *arguments))
        if onion is not None:
            urls["gateway"] = onion.url
        say(write_endpoints(folder, urls), folder)
        if show is not None:
            await show()
        ends = {asyncio.create_task(process.wait()): role for role, process in processes.items()}
        waiting = asyncio.create_task(told.wait())
        done, _ = await asyncio.wait({waiting, *ends}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not told.is_set():
            role = ends[next(iter(done))]
            raise DemoFailed(f"dropbox-{role} ended by itself; see {folder / 'log' / f'{role}.log'}.")
        print("Ending ...", flush=True)


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("var/demo"))
    parser.add_argument("--onion", nargs=2, metavar=("SOCKET", "URL"), help="a tor leads this address to this socket")
    parser.add_argument(
        "--auditor", metavar="KEY", help="the public key of an auditor, whose canaries the desk answers"
    )
    arguments = parser.parse_args()
    onion = Onion(Path(arguments.onion[0]), arguments.onion[1]) if arguments.onion else None
    try:
        asyncio.run(run(arguments.folder.resolve(), onion, auditor=arguments.auditor))
    except DemoFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
