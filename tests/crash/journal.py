"""What was promised to whom, written down outside the process that may be killed at any moment."""

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """Lines of JSON in a file; a line that was written survives the death of the writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    @property
    def descriptor(self) -> int:
        """The open file, for the shim."""
        return self._file

    def close(self) -> None:
        """No more lines by this process."""
        os.close(self._file)

    def note(self, what: str, **values: Any) -> None:  # noqa: ANN401 - what JSON holds
        """One line."""
        os.write(self._file, json.dumps({"what": what, **values}).encode() + b"\n")

    def lines(self, what: str) -> list[dict[str, Any]]:
        """All lines about one thing, in order."""
        found = [json.loads(line) for line in self._path.read_text("utf-8").splitlines()]
        return [line for line in found if line["what"] == what]

    def sealed_for(self) -> dict[str, set[str]]:
        """The inner records that were sealed for each reply."""
        found: dict[str, set[str]] = {}
        text = ""
        for line in (json.loads(line) for line in self._path.read_text("utf-8").splitlines()):
            if line["what"] in {"answering", "answered", "failed"}:
                text = line["text"] if line["what"] == "answering" else ""
            elif line["what"] == "sealed" and text:
                found.setdefault(text, set()).add(line["inner"])
        return found
