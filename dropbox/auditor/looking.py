"""Going to the host: visits in an order and at moments drawn by chance, each on circuits of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dropbox.auditor.errors import LineError
from dropbox.auditor.line import OnionLine
from dropbox.auditor.visiting import ITINERARIES, Itinerary, Pause, Visit, Window, walk
from dropbox.torlink.visitor import Visitor

if TYPE_CHECKING:
    from dropbox.auditor.settings import Settings

Random = Callable[[int], bytes]

READERS: Final = tuple(one for one in ITINERARIES if one.reads)
SHORTEST_PAUSE: Final = 4  # seconds in which nobody reads a page
LONGEST_PAUSE: Final = 40
BETWEEN_VISITS: Final = 600  # seconds at most


def below(limit: int, random: Random) -> int:
    """A number from 0 to limit - 1; of 64 bits, so that none is likelier by anything that could be seen."""
    return int.from_bytes(random(8), "big") % limit


def shuffled(items: Sequence[Itinerary], random: Random) -> list[Itinerary]:
    """The same in an order of chance."""
    left, found = list(items), []
    while left:
        found.append(left.pop(below(len(left), random)))
    return found


def reading_last(itineraries: Sequence[Itinerary]) -> list[Itinerary]:
    """The same, the last one a reader's: what signed documents alone can vouch for is settled by then (`holding`)."""
    last = max(at for at, one in enumerate(itineraries) if one.reads)
    return [*itineraries[:last], *itineraries[last + 1 :], itineraries[last]]


@dataclass(frozen=True)
class Feet:
    """How somebody moves: `sleep` waits so many seconds, `random(n)` gives n bytes.

    `hurried` ones pause nowhere.  That shows at the host; it is for an operator who looks at their own.
    """

    random: Random = field(repr=False)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    hurried: bool = False

    async def rest(self, shortest: int, longest: int) -> None:
        """A while by chance."""
        if not self.hurried:
            await self.sleep(shortest + below(longest - shortest + 1, self.random))

    @property
    def pause(self) -> Pause:
        """The time in which a person reads a page."""
        return lambda: self.rest(SHORTEST_PAUSE, LONGEST_PAUSE)


def window(settings: Settings, feet: Feet, *, reading: bool = False) -> tuple[Window, Visitor]:
    """A new visitor's window, on new circuits; the caller hangs up."""
    onion = settings.reading_onion if reading and settings.reading_onion is not None else settings.onion
    visitor = Visitor(settings.tor_socks, onion, feet.random)
    return Window(OnionLine(visitor), settings.hosts), visitor


async def visit(settings: Settings, itinerary: Itinerary, feet: Feet, visits: list[Visit]) -> None:
    """One visit, which stands among `visits` from its first request on: what it saw counts, whatever ends it.

    Raises LineError where nothing came.
    """
    opened, visitor = window(settings, feet, reading=itinerary.reads)
    visits.append(opened.visit)
    async with visitor:
        await walk(opened, itinerary, feet.pause)


async def look(settings: Settings, feet: Feet, visits: list[Visit]) -> None:
    """Every page in every language, as several visitors see them, one after the other.

    A line that breaks ends one visit and not the others: they are other visitors to the host.  Raises LineError as long
    as nothing has come at all.
    """
    for itinerary in reading_last(shuffled(ITINERARIES, feet.random)):
        if visits:
            await feet.rest(0, BETWEEN_VISITS)
        try:
            await visit(settings, itinerary, feet, visits)
        except LineError:
            if all(one.empty for one in visits):
                raise


def drawn(random: Random) -> Itinerary:
    """One visit by chance; every second visitor comes to read."""
    among = READERS if below(2, random) else ITINERARIES
    return among[below(len(among), random)]
