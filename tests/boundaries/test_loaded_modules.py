"""A fresh interpreter loads each role, and holds nothing that the role must not know."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.boundaries.table import BOUNDARIES, PUBLIC_PROTOCOL, Boundary

_LOAD = Path(__file__).with_name("load.py")
_ROOT = Path(__file__).parents[2]


def _loaded(boundary: Boundary) -> set[str]:
    command = [sys.executable, "-I", str(_LOAD), boundary.package, *sorted(boundary.without)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return set(json.loads(output))


def _name(boundary: Boundary) -> str:
    return boundary.package + ("_public" if boundary is PUBLIC_PROTOCOL else "")


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=_name)
def test_a_role_loads_nothing_forbidden(boundary: Boundary) -> None:
    loaded = _loaded(boundary)
    assert f"dropbox.{boundary.package}" in loaded
    assert not loaded & boundary.forbidden


def test_the_check_sees_a_forbidden_module() -> None:
    assert "dropbox.protocol.opening" in _loaded(Boundary("protocol", frozenset()))


def test_every_package_has_a_boundary() -> None:
    packages = {path.parent.name for path in (_ROOT / "dropbox").glob("*/__init__.py")}
    assert packages == {boundary.package for boundary in BOUNDARIES}
