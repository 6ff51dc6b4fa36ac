"""With CI set, a skipped test is a failed one; without it, a skip is a skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_CONFTEST = Path(__file__).with_name("conftest.py")
_SKIPS = {
    "call": "import pytest\ndef test_it():\n    pytest.skip('no browser')\n",
    "mark": "import pytest\n@pytest.mark.skip(reason='no browser')\ndef test_it():\n    pass\n",
    "module": "import pytest\npytest.skip('no browser', allow_module_level=True)\n",
    "fixture": (
        "import pytest\n@pytest.fixture\ndef b():\n    pytest.skip('no browser')\n\ndef test_it(b):\n    pass\n"
    ),
}
_EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail(strict=True, reason='known')\ndef test_it():\n    assert False\n"


def _run(folder: Path, source: str, *, ci: bool) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(_CONFTEST.read_text())
    (folder / "test_it.py").write_text(source)
    environment = {name: value for name, value in os.environ.items() if name != "CI" and "PYTEST" not in name}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | ({"CI": "true"} if ci else {}),
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("how", sorted(_SKIPS))
def test_a_skip_fails_when_ci_is_set(tmp_path: Path, how: str) -> None:
    result = _run(tmp_path, _SKIPS[how], ci=True)
    assert result.returncode not in {0, 5}, result.stdout
    assert "nothing may be skipped: Skipped: no browser" in result.stdout


def test_a_skip_is_a_skip_without_ci(tmp_path: Path) -> None:
    result = _run(tmp_path, _SKIPS["call"], ci=False)
    assert result.returncode == 0, result.stdout
    assert "1 skipped" in result.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    result = _run(tmp_path, _EXPECTED_FAILURE, ci=True)
    assert result.returncode == 0, result.stdout
    assert "1 xfailed" in result.stdout
