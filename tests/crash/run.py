"""Crash runs: `python -m tests.crash.run [--runs N] [--seed FIRST] [--jobs N] [--keep] [--plan NAME]`.

Each run has a seed of its own, counted from the first one. A broken promise is told with the seed and the step; the
same seed (`--runs 1 --seed N`) does the same again, `--plan` a plan with a name. The figures stand in
`var/crash/result.json` afterwards. Exit status 1 when a promise was broken.
"""

import argparse
import collections
import gc
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.crash import shim
from tests.crash.faults import shadow_of
from tests.crash.journal import Journal
from tests.crash.office import Template
from tests.crash.plan import CONTROL, OLD, Plan, plan_of
from tests.crash.server import Server
from tests.crash.shared import PHASES
from tests.crash.stages import play
from tests.crash.wraps import hurry

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder with a random name in it; a killed process needs no disk
_RESULT: Final = Path("var/crash/result.json")
_TELL_EVERY: Final = 30  # seconds


@dataclass(frozen=True)
class Result:
    """One run: what struck where, and which promises were broken."""

    plan: Plan
    struck: tuple[tuple[str, str], ...]  # the step, and what
    broken: tuple[str, ...]


class Progress:
    """A line now and then: how many runs there were, and about how long the others take."""

    def __init__(self, asked: int) -> None:
        self._asked, self._done, self._broken = asked, 0, 0
        self._began = self._told = time.monotonic()

    def count(self, *, broken: bool) -> None:
        """One more run."""
        self._done += 1
        self._broken += broken
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            left = (now - self._began) / self._done * (self._asked - self._done) / 60
            sys.stderr.write(
                f"{self._done} of {self._asked} runs, {self._broken} broken, some {left:.0f} minutes left\n"
            )


class Worker:
    """Runs one plan after the other."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self._folder, self._keep = folder, keep
        hurry()
        self._templates: dict[tuple[bool, bool], Template] = {}

    def run(self, plan: Plan) -> Result:
        """Work, faults, restarts, and the check."""
        template = self._template(postgres=plan.postgres, backed=plan.backed)
        folder = self._folder / str(plan.seed)
        template.copied(folder)
        journal = Journal(folder / "journal")
        try:
            broken = [*play(template, plan, folder, journal), *(line["text"] for line in journal.lines("broken"))]
            struck = tuple(_told(line) for line in journal.lines("fault"))
            if broken and self._keep:
                _save(folder, Path("var/crash") / str(plan.seed))
        finally:
            journal.close()
            template.removed(folder)
            shutil.rmtree(shadow_of(folder), ignore_errors=True)
        return Result(plan, struck, tuple(broken))

    def stop(self) -> None:
        """No more runs."""
        for template in self._templates.values():
            if template.server is not None:
                template.server.stop()

    def _template(self, *, postgres: bool, backed: bool) -> Template:
        if (postgres, backed) not in self._templates:
            server = Server() if postgres else None
            folder = self._folder / f"t{postgres:d}{backed:d}"
            self._templates[postgres, backed] = Template.make(folder, server, backed=backed)
            gc.collect()
            gc.freeze()  # children share these pages as long as nobody counts what is in them
        return self._templates[postgres, backed]


def _save(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("*.sock"))


def _told(line: dict[str, Any]) -> tuple[str, str]:
    phase = line["phase"] if isinstance(line["phase"], str) else PHASES[line["phase"]]
    return phase, f"{line['point']} ({line['where']}), number {line['number']}"


def main() -> None:
    """The command."""
    named = {**OLD, **CONTROL}
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", action="store_true", help="keep the folders of runs that broke a promise")
    parser.add_argument("--plan", choices=named, help="instead of seeds: one that broke a promise once, or has to")
    asked = parser.parse_args()
    shim.preload(Path(tempfile.mkdtemp(prefix="cs")))
    plans = (
        [named[asked.plan]] if asked.plan else [plan_of(seed) for seed in range(asked.seed, asked.seed + asked.runs)]
    )
    with tempfile.TemporaryDirectory(prefix="cr", dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        results = list(_all(plans, min(asked.jobs, len(plans)), Path(name), keep=asked.keep))
    _summarise(results, len(plans))
    sys.exit(len(results) < len(plans) or any(result.broken for result in results))


def _all(plans: list[Plan], jobs: int, folder: Path, *, keep: bool) -> Iterator[Result]:
    """Share the plans among processes; each says what it found as a line, as soon as it knows."""
    reading, writing = os.pipe()
    children = []
    for job in range(jobs):
        child = os.fork()
        if not child:
            os.close(reading)
            _job(plans[job::jobs], folder / str(job), writing, keep=keep)
        children.append(child)
    os.close(writing)
    of_seed = {plan.seed: plan for plan in plans}
    progress = Progress(len(plans))
    with os.fdopen(reading, "rb") as lines:
        for line in lines:
            seed, struck, broken = json.loads(line)
            result = Result(of_seed[seed], tuple((step, what) for step, what in struck), tuple(broken))
            if result.broken:
                _tell(result)
            progress.count(broken=bool(result.broken))
            yield result
    for child in children:
        os.waitpid(child, 0)


def _job(plans: list[Plan], folder: Path, found: int, *, keep: bool) -> None:
    folder.mkdir()
    worker = Worker(folder, keep=keep)
    status = 1
    try:
        for plan in plans:
            result = worker.run(plan)
            data = json.dumps((plan.seed, result.struck, [one[-3000:] for one in result.broken[:5]])).encode() + b"\n"
            while data:
                data = data[os.write(found, data) :]
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is: a forked process must not return into the parent's work
        traceback.print_exc()
    finally:
        worker.stop()
        sys.stdout.flush()
        os._exit(status)


def _tell(result: Result) -> None:
    plan = result.plan
    where = f"{plan.who}{', PostgreSQL' if plan.postgres else ''}"
    sys.stdout.write(f"seed {plan.seed} ({where}): {'; '.join(f'{step}: {what}' for step, what in result.struck)}\n")
    for line in result.broken:
        sys.stdout.write(f"    {line}\n")
    sys.stdout.flush()


def _summarise(results: list[Result], asked: int) -> None:
    """What struck in which step, how often, on which database and in which process."""
    steps: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    places: collections.Counter[str] = collections.Counter()
    for result in results:
        places[f"{result.plan.who} on {'PostgreSQL' if result.plan.postgres else 'SQLite'}"] += bool(result.struck)
        for step, what in result.struck:
            steps[step][what.partition(":")[0]] += 1
    failed = sorted(result.plan.seed for result in results if result.broken)
    nothing = sum(not result.struck for result in results)
    for step in (one for one in PHASES if one in steps):
        how = ", ".join(f"{name} {count}" for name, count in sorted(steps[step].items()))
        sys.stdout.write(f"{step:14} {steps[step].total():>6}   {how}\n")
    sys.stdout.write(f"{', '.join(f'{name} {count}' for name, count in sorted(places.items()))}\n")
    sys.stdout.write(f"{len(results)} of {asked} runs, {len(failed)} with a broken promise, nothing {nothing} times\n")
    _RESULT.parent.mkdir(parents=True, exist_ok=True)
    figures = {"runs": len(results), "broken": failed, "struck_nothing": nothing, "steps": steps, "places": places}
    _RESULT.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
