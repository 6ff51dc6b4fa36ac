"""What one run does, from its seed: the same seed makes the same plan."""

import random
from dataclasses import dataclass
from typing import Final

from tests.crash.faults import Fault

# How many points each phase may reach; a fault beyond the last one strikes nothing, and the run says so.
POINTS: Final = {
    "upload": 44,
    "fetch": 40,
    "open": 40,
    "confirm": 14,
    "reply": 14,
    "board": 20,
    "recover": 18,
    "settle": 60,
}
STEPS: Final = ("upload", "fetch", "open", "confirm", "reply", "board", "recover")
RESTORED: Final = ("keyrings", "database", "both")


@dataclass(frozen=True)
class Plan:
    """One run. `faults` strike one after the other, each in a process of its own.

    `restored` names what is put back from a copy, if anything; `again` sends anew what failed; `offers` gives intake
    all 61 bulletins at every start, as desks do: without it a run takes half the time.
    """

    seed: int
    faults: tuple[Fault, ...]
    restored: str
    file_bytes: int
    long_reply: bool
    again: bool
    offers: bool


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    source = random.Random(seed)
    step = source.choice(STEPS)
    faults = [_fault(source, step)]
    if source.random() < 0.3:
        faults.append(_fault(source, "settle"))
    restored = source.choice(RESTORED) if step == "recover" else ""
    sizes = (0, 3_000, 40_000, 1_100_000)
    size, long_reply, again = source.choice(sizes), source.random() < 0.5, source.random() < 0.5
    return Plan(seed, tuple(faults), restored, size, long_reply, again, source.random() < 0.1)


def _fault(source: random.Random, phase: str) -> Fault:
    return Fault(phase, 1 + source.randrange(POINTS[phase]), source.random() < 0.5, source.choice((0, 0, 2, 30)))
