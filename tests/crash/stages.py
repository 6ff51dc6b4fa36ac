"""The stages of one run: the day with its fault, a settling for each further one, and the check, each in processes of
its own that may die.
"""

import asyncio
import gc
import logging
import os
import signal
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.crash import shim
from tests.crash.check import violations
from tests.crash.faults import Faults, shadow_of
from tests.crash.journal import Journal
from tests.crash.office import Template
from tests.crash.plan import Fault, How, Plan, Who
from tests.crash.shared import Shared
from tests.crash.work import EXPECTED, Place, Work
from tests.crash.wraps import be_careless, install

_HANG_SECONDS: Final = 900  # of a machine on which others work too
_MISTAKE: Final = 3
_Doing = Callable[[Work], Coroutine[Any, Any, None]]


def play(template: Template, plan: Plan, folder: Path, journal: Journal) -> list[str]:
    """All stages; gives what went wrong with the stages themselves. Broken promises stand in the journal."""
    shared = Shared()
    shared.now = template.office.clock.now
    place = Place(template, folder, journal, shared)
    stages: list[tuple[Fault | None, _Doing]] = [(plan.faults[0], Work.day)]
    stages += [(fault, Work.settle) for fault in plan.faults[1:]]
    stages += [(None, _settle_and_check)]
    broken = []
    for number, (fault, doing) in enumerate(stages):
        broken += [f"stage {number} {text}" for text in _Stage(place, plan, fault, doing).run()]
    return broken + [line["trace"] for line in journal.lines("mistake")]


@dataclass
class _Stage:
    """One stage: the people and the desk in one process, intake in it too or in another."""

    place: Place
    plan: Plan
    fault: Fault | None
    doing: _Doing

    def run(self) -> list[str]:
        """Do it all; gives what should not have happened to the processes."""
        self._begin()
        kills = len(self._kills())
        alone = self.fault is None or self.plan.who is Who.BOTH
        host = None if alone else self._host(self.fault if self.plan.who is Who.INTAKE else None)
        people = self._fork(self._people, None if self.plan.who is Who.INTAKE else self.fault, alone=alone)
        ended: dict[int, int] = {}
        while people not in ended:
            child, status = os.wait()
            ended[child] = status
            if child == host:
                self._after_death()
                host = self._host(None) if self.plan.restart else None
        if host is not None:
            os.kill(host, signal.SIGKILL)
            ended[host] = os.waitpid(host, 0)[1] and 0
        self._after_death()
        killed = len(self._kills()) > kills
        return [text for status in ended.values() if (text := _wrong(status, killed=killed))]

    def _begin(self) -> None:
        self.place.shared.phase = ""
        if self.place.template.server is not None:
            self.place.template.server.wait()
        if self.fault is not None and self.fault.how is How.CUT:
            shim.note_durable(self.place.folder, shadow_of(self.place.folder))

    def _after_death(self) -> None:
        """Where the power went, what was not synced goes too: once, when whoever had no power is dead."""
        shadow = shadow_of(self.place.folder)
        if self.fault is None or self.fault.how is not How.CUT or not shadow.exists() or not self._kills():
            return
        shim.cut_power(self.place.folder, shadow, self.plan.who)
        shim.forget_durable(shadow)

    def _kills(self) -> list[dict[str, Any]]:
        return [line for line in self.place.journal.lines("fault") if line["kill"]]

    def _host(self, fault: Fault | None) -> int | None:
        """An intake that serves, or None where it died before it did."""
        reading, writing = os.pipe()
        if fault is not None and fault.phase == "start":
            self.place.shared.phase = "start"
        child = self._fork(lambda work: _serve(work, writing), fault, alone=False)
        os.close(writing)
        serves = os.read(reading, 1)
        os.close(reading)
        self.place.shared.phase = "" if self.place.shared.phase == "start" else self.place.shared.phase
        if serves:
            return child
        os.waitpid(child, 0)
        self._after_death()
        return None

    async def _people(self, work: Work) -> None:
        await self.doing(work)

    def _fork(self, doing: _Doing, fault: Fault | None, *, alone: bool) -> int:
        child = os.fork()
        if child:
            return child
        status = _MISTAKE
        place = self.place
        try:
            gc.disable()  # it ends soon
            signal.alarm(_HANG_SECONDS)
            logging.disable()  # a child's own words are of no use: its journal tells
            faults = Faults(place.folder, place.journal, fault, place.shared, place.template.server)
            install(faults, place.journal)
            if self.plan.careless:
                be_careless(self.plan.careless)
            _work(Work(place, self.plan, faults, alone=alone), self.fault, doing)
            status = 0
        except BaseException:  # noqa: BLE001 - all of it is told
            place.journal.note("mistake", trace=traceback.format_exc())
        finally:
            os._exit(status)


def _wrong(status: int, *, killed: bool) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "" if number == signal.SIGKILL and killed else f"ended by signal {number}"
    return f"ended with {os.WEXITSTATUS(status)}" if os.WEXITSTATUS(status) else ""


def _work(people: Work, fault: Fault | None, doing: _Doing) -> None:
    """A service that does not start, or stops, while its disk is full, says so and ends: that breaks no promise."""
    try:
        asyncio.run(doing(people))
    except EXPECTED as error:
        if fault is None:
            raise
        people.journal.note("failed", phase="start", error=type(error).__name__)


async def _serve(work: Work, ready: int) -> None:
    """Intake, until it is killed."""
    async with work.office.intake():
        os.write(ready, b"1")
        await asyncio.Event().wait()


async def _settle_and_check(work: Work) -> None:
    await work.settle()
    for text in await violations(work):
        work.journal.note("broken", text=text)
