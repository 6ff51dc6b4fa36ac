"""Crash runs: `python -m tests.crash.run [--runs N] [--seed FIRST] [--keep]`.

Each run has a seed of its own, counted from the first one. A broken promise is told with the seed and the step; the
same seed (`--runs 1 --seed N`) does the same again. Exit status 1 when a promise was broken.
"""

import argparse
import asyncio
import collections
import logging
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.crash.check import violations
from tests.crash.faults import Fault, Faults, install
from tests.crash.journal import Journal
from tests.crash.office import Template
from tests.crash.plan import Plan, plan_of
from tests.crash.work import EXPECTED, Work

_HANG_SECONDS: Final = 180
_MISTAKE: Final = 3
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder with a random name in it; a killed process needs no disk


@dataclass(frozen=True)
class Result:
    """One run: what struck where, and which promises were broken."""

    plan: Plan
    struck: tuple[str, ...]
    broken: tuple[str, ...]


def run(template: Template, plan: Plan, folder: Path) -> Result:
    """Work, faults, restarts, and the check, each in a process of its own."""
    template.copied(folder)
    journal = Journal(folder / "journal")
    stages: list[tuple[Fault | None, Callable[[Work], Coroutine[Any, Any, None]]]] = [(plan.faults[0], Work.day)]
    stages += [(fault, Work.settle) for fault in plan.faults[1:]]
    stages += [(None, _settle_and_check)]
    broken = []
    for place, (fault, work) in enumerate(stages):
        status = _in_child(template, plan, folder, fault, work)
        if os.WIFSIGNALED(status):
            killed = [
                line for line in journal.lines("fault") if line["kill"] or line["point"] in {"overwrite", "replaced"}
            ]
            if os.WTERMSIG(status) != signal.SIGKILL or not killed:
                broken.append(f"stage {place} ended by signal {os.WTERMSIG(status)}")
        elif os.WEXITSTATUS(status):
            broken += [line["trace"] for line in journal.lines("mistake")] or [f"stage {place} failed"]
    broken += [line["text"] for line in journal.lines("broken")]
    struck = tuple(f"{one['phase']} {one['number']}: {one['point']} {one['where']}" for one in journal.lines("fault"))
    return Result(plan, struck, tuple(broken))


def _in_child(
    template: Template, plan: Plan, folder: Path, fault: Fault | None, work: Callable[[Work], Coroutine[Any, Any, None]]
) -> int:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    status = _MISTAKE
    try:
        signal.alarm(_HANG_SECONDS)
        logging.disable()  # a child's own words are of no use: its journal tells
        journal = Journal(folder / "journal")
        faults = Faults(journal, fault, f"{plan.seed} {fault}")
        install(faults, journal)
        _work(Work(template, plan, folder, faults, journal), fault, work)
        status = 0
    except BaseException:  # noqa: BLE001 - all of it is told
        Journal(folder / "journal").note("mistake", trace=traceback.format_exc())
    finally:
        os._exit(status)


def _work(people: Work, fault: Fault | None, work: Callable[[Work], Coroutine[Any, Any, None]]) -> None:
    """A service that does not start, or stops, while its disk is full, says so and ends: that breaks no promise."""
    try:
        asyncio.run(work(people))
    except EXPECTED as error:
        if fault is None:
            raise
        people.journal.note("failed", phase="start", error=type(error).__name__)


async def _settle_and_check(work: Work) -> None:
    await work.settle()
    for text in await violations(work):
        work.journal.note("broken", text=text)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folders of runs that broke a promise")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cr", dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        template = Template.make(Path(name) / "t")
        struck: collections.Counter[str] = collections.Counter()
        failed = 0
        for seed in range(asked.seed, asked.seed + asked.runs):
            folder = Path(name) / str(seed)
            result = run(template, plan_of(seed), folder)
            struck.update(one.split()[0] for one in result.struck)
            struck["nothing"] += not result.struck
            if result.broken:
                failed += 1
                _tell(result)
                if asked.keep:
                    shutil.copytree(folder, Path("var/crash") / str(seed), dirs_exist_ok=True)
            shutil.rmtree(folder)
    summary = ", ".join(f"{phase} {count}" for phase, count in sorted(struck.items()))
    sys.stdout.write(f"{asked.runs} runs, {failed} with a broken promise. Struck: {summary}\n")
    sys.exit(bool(failed))


def _tell(result: Result) -> None:
    sys.stdout.write(f"seed {result.plan.seed}: {'; '.join(result.struck)}\n")
    for line in result.broken:
        sys.stdout.write(f"    {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
