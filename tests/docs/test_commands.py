"""The commands that the pages show exist, and the quick ones run."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_PAGES: Final = [page for page in (_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))) if page.exists()]
_SCRIPTS: Final = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["scripts"]
_MAKE: Final = re.compile(r"(?:^|`)make ([a-z][a-z-]*)", re.MULTILINE)
_ROLE: Final = re.compile(r"(?:^|`)(dropbox-[a-z]+)\b", re.MULTILINE)


def _make(*arguments: str) -> str:
    return subprocess.run(["make", *arguments], cwd=_ROOT, check=True, capture_output=True, text=True).stdout


def _targets() -> set[str]:
    return set(re.findall(r"^  make ([a-z-]+) ", _make("help"), re.MULTILINE))


def test_help_lists_every_target_with_a_word_on_it() -> None:
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", (_ROOT / "Makefile").read_text(), re.MULTILINE))
    assert phony == _targets()
    assert {"demo", "help", "lint", "test", "venv"} <= phony


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_commands_on_a_page_exist(page: Path) -> None:
    text = page.read_text()
    assert set(_MAKE.findall(text)) <= _targets()
    assert set(_ROLE.findall(text)) <= set(_SCRIPTS)


@pytest.mark.parametrize("name", sorted(_SCRIPTS))
def test_every_installed_command_says_what_it_does(name: str) -> None:
    command = _ROOT / ".venv/bin" / name
    result = subprocess.run([command, "--help"], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert name in result.stdout
