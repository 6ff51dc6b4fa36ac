"""The short crash runs, and proof that the harness sees what it looks for. `make crash` is the long one."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.crash.check import chain_keys
from tests.crash.journal import Journal
from tests.crash.plan import FROM_BACKUP, OLD, POINTS, STEPS, How, Who, plan_of

_ROOT: Final = Path(__file__).parents[2]
_RUNS: Final = 40


def runs(*options: str) -> subprocess.CompletedProcess[str]:
    # A process of its own: it forks, and a process that runs tests has threads.
    command = [sys.executable, "-m", "tests.crash.run", *options]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, check=False, text=True)


@pytest.mark.timeout(1200)
def test_whatever_strikes_nothing_promised_is_lost_and_nothing_else_is_left() -> None:
    ended = runs("--runs", str(_RUNS), "--seed", "1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    struck = re.search(r"nothing (\d+)", ended.stdout)
    assert struck is not None
    assert int(struck[1]) < _RUNS / 2, "most faults strike"


@pytest.mark.parametrize("name", OLD)
@pytest.mark.timeout(600)
def test_what_once_broke_a_promise_does_so_no_more(name: str) -> None:
    ended = runs("--plan", name)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("careless-files", "SealedDamagedError"),
        ("careless-database", "is shown 0 times"),
        ("careless-backup", "is shown 0 times"),
    ],
)
@pytest.mark.timeout(600)
def test_what_is_taken_from_the_careless_is_seen(name: str, seen: str) -> None:
    ended = runs("--plan", name)
    assert ended.returncode == 1
    assert seen in ended.stdout, ended.stdout + ended.stderr


def test_a_seed_makes_one_plan_and_many_make_every_step() -> None:
    assert plan_of(5) == plan_of(5)
    plans = [plan_of(seed) for seed in range(2000)]
    assert {fault.phase for plan in plans for fault in plan.faults} == {*STEPS, "settle"} == set(POINTS)
    assert {fault.how for plan in plans for fault in plan.faults} == set(How)
    assert {(plan.who, plan.postgres) for plan in plans} == {
        (who, postgres) for who in Who for postgres in (True, False)
    }


def test_a_chain_key_used_twice_is_seen(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.note("sealed", chain="a", inner="1")
    journal.note("sealed", chain="b", inner="2")
    assert list(chain_keys(journal)) == []
    journal.note("sealed", chain="a", inner="3")
    assert len(list(chain_keys(journal))) == 1


def test_after_a_restore_only_what_was_shown_counts_as_used(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.note("sealed", chain="a", inner="1")
    journal.note("restored", what_was="both")
    journal.note("sealed", chain="a", inner="2")
    journal.note("issued", records=["2"])
    assert list(chain_keys(journal)) == []
    journal.note("issued", records=["1"])
    assert len(list(chain_keys(journal))) == 1


def test_after_a_restore_from_a_backup_no_chain_key_seals_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.note("sealed", chain="a", inner="1")
    journal.note("restored", what_was=FROM_BACKUP)
    assert list(chain_keys(journal)) == []
    journal.note("sealed", chain="a", inner="2")
    assert len(list(chain_keys(journal))) == 1
