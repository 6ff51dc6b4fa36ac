"""The short run: every input that was kept, then some new ones for each target under the coverage-guided fuzzer.

`make fuzz` is the long one.
"""

import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.targets import CORPUS, TARGETS

_ROOT: Final = Path(__file__).parents[2]
_NEW_INPUTS: Final = {"upload": 60, "board": 300, "envelope": 300, "bulletin": 300}
_DEFAULT: Final = 1500

# atheris has no wheel for every Python and machine; what was kept is run on all of them.
_GUIDED: Final = list(TARGETS) if importlib.util.find_spec("atheris") else []


def _kept() -> list[tuple[str, Path]]:
    return [(name, folder) for name in TARGETS for folder in [CORPUS / name]]


@pytest.mark.parametrize(("name", "folder"), _kept(), ids=list(TARGETS))
def test_every_kept_input_is_read_or_refused_with_our_exceptions(name: str, folder: Path) -> None:
    kept = sorted(folder.iterdir())
    assert kept, "a target without a corpus"
    for path in kept:
        TARGETS[name](path.read_bytes())


@pytest.mark.parametrize("name", _GUIDED)
def test_new_inputs_find_nothing(name: str, tmp_path: Path) -> None:
    runs = len(list((CORPUS / name).iterdir())) + _NEW_INPUTS.get(name, _DEFAULT)
    command = [sys.executable, "-m", "tests.fuzz.run", name, str(tmp_path), f"-runs={runs}"]
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, check=False, text=True, errors="replace")
    assert ended.returncode == 0, ended.stderr[-4000:]
    done = re.search(r"Done (\d+) runs", ended.stderr)
    assert done is not None
    assert int(done[1]) >= runs


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("http", "dropbox.gateway.wire.Request.__init__"),
        ("form", "dropbox.gateway.drafts.faults"),
        ("upload", "dropbox.intake.uploads.Uploads.finish"),
        ("board", "dropbox.reporter.exchange._read_board"),
        ("sealed_file", "dropbox.reporter.handing_in.size_of_envelope"),
        ("envelope", "dropbox.protocol.payload._read_message"),
        ("signed", "dropbox.courier.signing._proven"),
        ("card", "dropbox.protocol.card.Referral.__post_init__"),
        ("bulletin", "dropbox.protocol.bulletin._from_body"),
        ("publication", "dropbox.protocol.publication._from_body"),
    ],
)
def test_what_is_kept_gets_past_the_first_checks(target: str, reached: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target whose every input is refused at the door fuzzes the door only."""
    passed = []
    real = pkgutil.resolve_name(reached)

    def counting(*arguments: object, **named: object) -> object:
        passed.append(reached)
        return real(*arguments, **named)

    monkeypatch.setattr(reached, counting)
    for path in (CORPUS / target).iterdir():
        TARGETS[target](path.read_bytes())
    assert passed


def test_corpora_belong_to_targets() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


def test_an_exception_that_is_not_ours_is_a_finding(tmp_path: Path) -> None:
    if not _GUIDED:
        return
    program = (
        "import sys, atheris\nfrom tests.fuzz.target import Target\n"
        "def run(data):\n    if data[:1] == b'!':\n        raise KeyError\n"
        "options = ['-runs=100000', '-artifact_prefix=' + sys.argv[1] + '/']\n"
        "atheris.Setup([sys.argv[0], *options], Target('x', run, list))\natheris.Fuzz()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=_ROOT, capture_output=True, check=False, text=True
    )
    assert ended.returncode != 0
    assert [path.read_bytes()[:1] for path in tmp_path.iterdir()] == [b"!"]
