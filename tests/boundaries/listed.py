"""The files that a host's list names."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def listed(role: str) -> list[str]:
    """The lines of a list, each a glob from the root of the repository."""
    lines = (ROOT / "deploy/files" / f"{role}.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def files(role: str) -> list[Path]:
    """What they name."""
    found = {path for line in listed(role) for path in ROOT.glob(line)}
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)
