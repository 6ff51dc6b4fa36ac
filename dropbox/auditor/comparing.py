"""Whether observations tell of one host that serves everybody the same.  Pure.

What the bureau signs has one value for each name, whoever asks and whenever: two values prove two views.  Pages and
files are not signed; a new release changes them, on one day and for everybody.  So two values on one day are two
views, unless an auditor who came before and after the change saw both; and a value that comes back after another one
was there is a second view too.  Of boards and publications the order counts as well: who is shown one that is older
than what somebody else saw on an earlier day is shown what was kept back for them.

Boards are named by the day only, and stand for the bulletin to which they belong: two boards of one day may belong to
two revisions of it, and the bulletin of each was shown to somebody.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dropbox.protocol.observation import Observation, Sighting

SIGNED: Final = frozenset({"bulletin", "publication"})
_PARTS: Final = 2  # of the names of boards and bulletins


@dataclass(frozen=True)
class Seen:
    """One sighting, and by whom."""

    auditor: bytes
    sighting: Sighting


@dataclass(frozen=True)
class Difference:
    """Two views: the code of what differs, the name of the thing, and who saw it otherwise."""

    code: str
    name: str
    auditors: frozenset[bytes]


def compare(observations: Iterable[Observation]) -> tuple[Difference, ...]:
    """Everything in which these contradict each other, or themselves."""
    seen = [Seen(one.auditor, sighting) for one in observations for sighting in one.sightings]
    named: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for one in seen:
        named[one.sighting.kind, one.sighting.name].append(one)
    found: set[Difference] = set()
    bulletins = {one.sighting.value for one in seen if one.sighting.kind == "bulletin"}
    for (kind, name), of_name in named.items():
        if kind == "board":
            if (auditors := _of_signed(of_name)) and not bulletins.issuperset(one.sighting.value for one in of_name):
                found.add(Difference("board-keys", name, auditors))
            continue
        check = _of_signed if kind in SIGNED else _of_unsigned
        if auditors := check(of_name):
            found.add(Difference(f"views-{kind}", name, auditors))
    found.update(_going_back("board", seen, _order_in_pairs))
    found.update(_going_back("bulletin", seen, _order_in_pairs))
    found.update(_going_back("publication", seen, _publication_order))
    return tuple(sorted(found, key=lambda one: (one.code, one.name)))


def _of_signed(seen: Sequence[Seen]) -> frozenset[bytes]:
    """Everybody who saw it, when it has more than one value."""
    several = len({one.sighting.value for one in seen}) > 1
    return frozenset(one.auditor for one in seen) if several else frozenset()


def _of_unsigned(seen: Sequence[Seen]) -> frozenset[bytes]:
    days: dict[bytes, list[int]] = defaultdict(list)
    for one in seen:
        days[one.sighting.value].append(one.sighting.day)
    spans = [(min(of_value), max(of_value)) for of_value in days.values()]
    for left, right in itertools.combinations(sorted(spans), 2):
        if left[1] > right[0]:  # one came back after the other
            return frozenset(one.auditor for one in seen)
        if left[1] == right[0] and not _changed_on(left[1], seen):
            return frozenset(one.auditor for one in seen)
    return frozenset()


def _changed_on(day: int, seen: Iterable[Seen]) -> bool:
    """Whether somebody saw it change on this day."""
    of_day: dict[bytes, set[bytes]] = defaultdict(set)
    for one in seen:
        if one.sighting.day == day:
            of_day[one.auditor].add(one.sighting.value)
    return any(len(values) > 1 for values in of_day.values())


_Order = tuple[str, int]  # what is ordered, and where in the order this one stands


def _order_in_pairs(name: str) -> _Order | None:
    """Boards of one recipient by the day of issue; bulletins of one day by revision."""
    parts = name.split("/")
    return (parts[0], int(parts[1])) if len(parts) == _PARTS and parts[1].isdecimal() else None


def _publication_order(name: str) -> _Order | None:
    return ("", int(name)) if name.isdecimal() else None


def _going_back(kind: str, seen: Iterable[Seen], order: Callable[[str], _Order | None]) -> Iterable[Difference]:
    """What somebody was shown after somebody, on an earlier day, was shown a later one."""
    streams: dict[str, list[tuple[int, int, Seen]]] = defaultdict(list)
    for one in seen:
        if one.sighting.kind == kind and (place := order(one.sighting.name)) is not None:
            streams[place[0]].append((one.sighting.day, place[1], one))
    for stream in streams.values():
        latest: tuple[int, bytes] | None = None  # what was seen on the days before, and by whom
        for _, of_day in itertools.groupby(sorted(stream, key=lambda item: item[0]), key=lambda item: item[0]):
            items = list(of_day)
            for _, standing, one in items:
                if latest is not None and standing < latest[0]:
                    yield Difference(f"back-{kind}", one.sighting.name, frozenset({one.auditor, latest[1]}))
            newest = max(items, key=lambda item: item[1])
            if latest is None or newest[1] > latest[0]:
                latest = (newest[1], newest[2].auditor)
