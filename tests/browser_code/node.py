"""The browser's code in a node process that answers lines of JSON (`browser/tests/lines.ts`)."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
BROWSER: Final = ROOT / "browser"
PATIENCE: Final = 240  # seconds for one answer; without a JIT compiler and on a busy machine
MODES: Final = {"with_jit": (), "without_jit": ("--jitless",)}


def require_tools() -> None:
    """Skip where node or the locked tools are missing; with CI set that is a failure."""
    if shutil.which("node") is None or not (BROWSER / "node_modules/.package-lock.json").exists():
        pytest.skip("node or the tools of browser/ are not installed; make browser-tools installs them")


def build(what: str, *arguments: str, folder: Path = BROWSER) -> None:
    """Run the build."""
    subprocess.run(["node", "build.mjs", what, *arguments], cwd=folder, check=True, timeout=PATIENCE)


class Lines:
    """A running process; asked one thing at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Read its answers as they come, so that waiting for one can end."""
        self._process = process
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def end(self) -> None:
        """Let the process end; its output is read to the end before anybody closes it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join()

    def ask(self, operation: str, given: object) -> tuple[Any, str | None]:
        """Return the output, and the name of the class that refuses the input."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"operation": operation, "input": given}) + "\n")
        self._process.stdin.flush()
        line = self._answers.get(timeout=PATIENCE)
        assert line, "the process ended"
        answer = json.loads(line)
        assert "failed" not in answer, answer
        return answer.get("output"), answer.get("refused")


@contextmanager
def running(script: Path, flags: Sequence[str] = ()) -> Iterator[Lines]:
    """Run the built script; it ends with its input."""
    command = ["node", "--no-warnings", *flags, str(script), str(ROOT / "tests/vectors/shared")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        lines = Lines(process)
        try:
            yield lines
        finally:
            lines.end()
