"""Where the generators put what they make."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.vectors.runner import SHARED, outcome


class Book:
    """Vectors and shared bytes, by their paths. What is in it already when it is opened is only read for ``frozen``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: dict[str, str] = {}
        self.shared: dict[str, bytes] = {}

    def share(self, name: str, about: str, data: bytes) -> bytes:
        """Bytes that several vectors begin from."""
        self.shared[name] = data
        content = {"about": about, "base64": base64.b64encode(data).decode()}
        self.files[f"{SHARED}/{name}.json"] = _written(content)
        return data

    def frozen(self, name: str, about: str, make: Callable[[], bytes]) -> bytes:
        """The same for bytes in which a library's own randomness is: made once, then read back for ever.

        Delete the file to have it made anew.
        """
        path = self._folder / SHARED / f"{name}.json"
        data = base64.b64decode(json.loads(path.read_text("utf-8"))["base64"]) if path.exists() else make()
        return self.share(name, about, data)

    def add(self, path: str, about: str, operation: str, given: dict[str, Any], refused: str | None = None) -> Any:  # noqa: ANN401 -- what JSON holds
        """A vector. ``about`` begins with its section. Fails when the protocol does not refuse what it has to."""
        output, met = outcome(operation, given, self.shared)
        if met != refused:
            raise ValueError(f"{path}: {met} instead of {refused}")
        section, _, sentence = about.partition(" ")
        content: dict[str, Any] = {"about": sentence, "section": section, "operation": operation, "input": given}
        if refused is not None:
            content["refused"] = refused
        if output is not None:
            content["output"] = output
        if path in {name.removesuffix(".json") for name in self.files}:
            raise ValueError(f"{path}: two vectors of one name")
        self.files[f"{path}.json"] = _written(content)
        return output


def _written(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
