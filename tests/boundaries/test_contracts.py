"""The import contracts hold, and they are alive: a forbidden import breaks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_LINT = Path(sys.executable).with_name("lint-imports")


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(_LINT), "--no-cache", "--no-logo", "--config", str(folder / ".importlinter")]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def test_the_import_contracts_hold() -> None:
    result = _lint(_ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("gateway", "from dropbox.protocol import opening"),
        ("gateway", "from dropbox.storage import errors"),
        ("intake", "from dropbox.protocol import receipt"),
        ("intake", "from dropbox.bureau import cli"),
        ("ministry", "from dropbox.protocol import thread"),
        ("bureau", "from dropbox.reporter import exchange"),
        ("protocol", "import socket"),
        ("protocol", "from pathlib import Path"),
        ("reporter", "import time"),
        ("web", "from dropbox.protocol import sizes"),
        ("onion", "from dropbox.protocol import sizes"),
        ("gateway", "from stem import control"),
        ("intake", "from dropbox.onion import control"),
        ("torlink", "from dropbox.protocol import errors"),
        ("native", "from dropbox.protocol import opening"),
        ("native", "from dropbox.web import catalogues"),
        ("native", "import tempfile"),
        ("gateway", "from dropbox.torlink import circuits"),
        ("auditor", "from dropbox.protocol import opening"),
        ("auditor", "from dropbox.gateway import paths"),
        ("auditor", "import sqlite3"),
    ],
)
def test_a_forbidden_import_breaks_a_contract(tmp_path: Path, module: str, statement: str) -> None:
    shutil.copy(_ROOT / ".importlinter", tmp_path)
    shutil.copytree(_ROOT / "dropbox", tmp_path / "dropbox", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "dropbox" / module / "intruder.py").write_text(f'"""Breaks the rules."""\n\n{statement}\n')
    result = _lint(tmp_path)
    assert result.returncode != 0
    assert "BROKEN" in result.stdout
