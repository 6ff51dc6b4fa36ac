"""The whole system as its README starts it: the demo's runner with the real commands as processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.browser.driver import wait_for
from tests.open_files import open_files

RUNNER: Final = Path("deploy/demo/run.py")
ROLES: Final = ("intake", "gateway", "desk", "ministry")
_STARTS_WITHIN: Final = 300
_ENDS_WITHIN: Final = 60


@dataclass(frozen=True)
class Demo:
    """A running instance. `output` is what the runner says; the roles' logs stand in the folder."""

    folder: Path
    output: Path
    process: subprocess.Popen[bytes]
    endpoints: dict[str, str]

    @property
    def reporter(self) -> str:
        """The gateway's address, without a slash at the end."""
        return self.endpoints["reporter_url"].rstrip("/")

    @property
    def desk(self) -> str:
        """The desk's address."""
        return self.endpoints["desk_url"].rstrip("/")

    @property
    def ministry(self) -> str:
        """The inbox's address."""
        return self.endpoints["ministry_url"].rstrip("/")

    def pids(self, role: str) -> list[int]:
        """Return the processes of a role."""
        own = str(self.folder / f"{role}.toml")
        return [pid for pid in descendants(self.process.pid) if own in _arguments(pid)]

    def logs(self) -> str:
        """What every process has said, for a failing test to show."""
        files = [self.output, *sorted((self.folder / "log").glob("*.log"))]
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')}" for file in files)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell the runner to end as a person would; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(_ENDS_WITHIN)


def descendants(pid: int) -> list[int]:
    """Return every process below one."""
    children = [int(child) for thread in _threads(pid) for child in _read(thread / "children").split()]
    return [*children, *(deeper for child in children for deeper in descendants(child))]


def is_running(pid: int) -> bool:
    """Tell whether a process lives; one that waits for its parent to notice its end does not."""
    state = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return bool(state) and state[0] != "Z"


def peak_memory(pid: int) -> int:
    """Return the most bytes of memory that a process has ever held at a time; 0 when it has ended."""
    lines = [line for line in _read(Path(f"/proc/{pid}/status")).splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def held_files(pid: int) -> set[Path]:
    """Return the regular files that a process holds open, deleted ones included."""
    names = open_files(pid)
    return {Path(name) for name in names if name.startswith("/") and not name.startswith(("/dev/", "/proc/"))}


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[Demo]:
    """Run an instance in `folder`; whatever happens, nothing of it is left running or lying there.

    `options`: the runner's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own, output = folder / "demo", folder / "demo.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(RUNNER), "--folder", str(own), *options],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    endpoints = own / "endpoints.json"
    try:
        wait_for("the demo", lambda: endpoints.exists() or process.poll() is not None, _STARTS_WITHIN)
        demo = Demo(own, output, process, json.loads(endpoints.read_text()) if endpoints.exists() else {})
        assert demo.endpoints, demo.logs()
        yield demo
        assert process.poll() is None or not process.returncode, demo.logs()
    finally:
        _end(process)
        shutil.rmtree(own, ignore_errors=True)  # a report of a gibibyte is there twice


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the runner; if it does not, or leaves somebody behind, end those too, so that one fault stays one."""
    left = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in filter(is_running, left):
        os.kill(pid, signal.SIGKILL)


def _threads(pid: int) -> list[Path]:
    try:
        return [*Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        return []


def _arguments(pid: int) -> list[str]:
    return _read(Path(f"/proc/{pid}/cmdline")).split("\0")


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
