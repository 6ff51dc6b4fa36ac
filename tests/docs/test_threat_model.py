"""What the threat model names exists: every test, every adversary."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
_TEXT: Final = (_ROOT / "docs" / "threat-model.md").read_text()
_NAMED: Final = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _TEXT)))


def _names(source: Path) -> set[str]:
    tree = ast.parse(source.read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return functions | {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize(("path", "name"), _NAMED, ids=[name for _, name in _NAMED])
def test_every_named_test_exists(path: str, name: str) -> None:
    assert name in _names(_ROOT / path)


def test_no_test_is_named_in_another_way() -> None:
    assert len(_NAMED) > 60
    assert len(re.findall(r"::\w+`", _TEXT)) == len(re.findall(r"`tests/[\w/]+\.py::\w+`", _TEXT))


@pytest.mark.parametrize(
    "adversary",
    [
        "The ministry and its managers", "Honest but curious", "Seized cold", "Seized running", "Malicious",
        "A network observer", "A flooder", "A nosy or coerced handler", "A finder of a device or of the receipt",
        "Harvest now, decrypt later",
    ],
)  # fmt: skip
def test_every_adversary_has_a_section_with_what_stops_it(adversary: str) -> None:
    sections = re.split(r"^##+ ", _TEXT, flags=re.MULTILINE)
    (section,) = [text for text in sections if text.startswith(adversary)]
    assert "::test_" in section
