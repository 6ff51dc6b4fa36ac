"""Runs the vectors against the protocol.

``load`` reads the files. ``run`` touches nothing outside its arguments, so that it can be called where files, sockets
and processes are refused. Anyone's implementation can be held against the same files: ``README.md`` says how.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropbox.protocol.errors import BadReceipt, ProtocolError
from tests.vectors.operations import OPERATIONS
from tests.vectors.values import Shared

HERE = Path(__file__).parent
SHARED = "shared"


@dataclass(frozen=True)
class Vector:
    """One file: one operation, its input, and the output or the name of the class that refuses it."""

    name: str
    about: str
    section: str
    operation: str
    input: Mapping[str, Any]
    output: Any
    refused: str | None
    shared: Shared


def load(folder: Path = HERE) -> list[Vector]:
    """All vectors below the folder, in the order of their names."""
    shared = {
        path.stem: base64.b64decode(json.loads(path.read_text("utf-8"))["base64"])
        for path in sorted((folder / SHARED).glob("*.json"))
    }
    vectors = []
    for path in sorted(folder.glob("*/*.json")):
        if path.parent.name == SHARED:
            continue
        name = f"{path.parent.name}/{path.stem}"
        content = json.loads(path.read_text("utf-8"))
        if set(content) not in ({*_COMMON, "output"}, {*_COMMON, "refused"}, {*_COMMON, "refused", "output"}):
            raise ValueError(f"a vector with other fields than vectors have: {name}")
        vectors.append(
            Vector(
                name=name,
                about=content["about"],
                section=content["section"],
                operation=content["operation"],
                input=content["input"],
                output=content.get("output"),
                refused=content.get("refused"),
                shared=shared,
            )
        )
    return vectors


_COMMON = ("about", "section", "operation", "input")


def outcome(operation: str, given: Mapping[str, Any], shared: Shared) -> tuple[Any, str | None]:
    """What the protocol makes of an input: the output, or the name of the class that it raises.

    A receipt that is refused has an output as well: what the reader is told.
    """
    try:
        return OPERATIONS[operation](given, shared), None
    except BadReceipt as error:
        told = {"fault": error.fault, "position": error.position, "found": error.found}
        return told, "BadReceipt"
    except ProtocolError as error:
        return None, type(error).__name__


def run(vector: Vector) -> None:
    """Raises ``AssertionError`` unless the protocol does what the vector says."""
    output, refused = outcome(vector.operation, vector.input, vector.shared)
    assert refused == vector.refused, f"{vector.name}: {refused} instead of {vector.refused}"
    assert output == vector.output, f"{vector.name}: another output"
