"""Every setting of every role stands in docs/settings.md, and nothing else does."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = _ROOT / "docs/settings.md"
_ROLES: Final = sorted(path.parent.name for path in (_ROOT / "dropbox").glob("*/settings.py"))
# Where the file's name is another one than the field's.
_IN_THE_FILE: Final = {"root": "root_key", "host": "listen", "port": "listen"}
_TABLES: Final = {"limits"}  # fields that are a table of their own, read from the module of that name


def _fields(module: Path, name: str) -> set[str]:
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            found = [item.target for item in node.body if isinstance(item, ast.AnnAssign)]
            return {target.id for target in found if isinstance(target, ast.Name)}
    return set()


def _settings(role: str) -> set[str]:
    folder = _ROOT / "dropbox" / role
    names = _fields(folder / "settings.py", "Settings")
    tables = names & _TABLES
    inner = {name for table in tables for name in _fields(folder / f"{table}.py", table.title())}
    ways = {"intake_onion", "tor_socks", "intake_socket"} if "way" in names else set()  # dropbox/torlink/ways.py
    return {_IN_THE_FILE.get(name, name) for name in names - tables - {"way"}} | inner | ways


def _documented(role: str) -> set[str]:
    section = re.split(r"^## ", _PAGE.read_text(), flags=re.MULTILINE)
    rows = [part for part in section if part.startswith(f"dropbox/{role}")]
    return set(re.findall(r"^\| `([a-z_]+)` \|", rows[0], re.MULTILINE)) if rows else set()


@pytest.mark.parametrize("role", _ROLES)
def test_every_setting_is_documented(role: str) -> None:
    assert _settings(role)
    assert _settings(role) == _documented(role)
