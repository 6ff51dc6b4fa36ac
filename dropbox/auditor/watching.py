"""When to visit, on and on: moments that say nothing of whoever watches.  Pure.

The gaps are exponential: how long the last one was says nothing about the next, as with people who come by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

_DAY: Final = 86_400
SHORTEST: Final = 300  # seconds
_BITS: Final = 53  # what a double holds


def next_gap(visits_a_day: int, random: Callable[[int], bytes]) -> int:
    """Seconds until the next visit, so many a day on average; five minutes at least, three days at most."""
    mean = _DAY / visits_a_day - SHORTEST
    share = ((int.from_bytes(random(8), "big") >> (64 - _BITS)) + 1) / (1 << _BITS)  # above 0, at most 1
    return min(SHORTEST + round(-math.log(share) * mean), 3 * _DAY)


def canary_moment(day: int, now: int, random: Callable[[int], bytes]) -> int:
    """When to send the canary of this UTC day, in Unix seconds: any moment of it that is still to come.

    The first visit after midnight would do, and all canaries would be reports of the small hours.
    """
    begin = max(day * _DAY, now)
    left = max((day + 1) * _DAY - begin, 1)
    return begin + int.from_bytes(random(8), "big") % left


def canary_due(sent_day: int, now: int, random: Callable[[int], bytes]) -> int:
    """When to send the next canary, in Unix seconds, if the last one went on `sent_day`."""
    today = now // _DAY
    return canary_moment(today + (sent_day == today), now, random)


def holds(due: int, now: int) -> bool:
    """Whether this moment still is one to wait for: neither past, nor set by a clock that was ahead."""
    return now < due < (now // _DAY + 2) * _DAY


def until_next(gap: int, due: int | None, now: int) -> int:
    """Seconds to wait: until the next visit, or the canary where that comes first.

    Waiting is not by the clock: a machine that slept, or was set right, comes some time after it woke and never makes
    up for what it missed, so that no moment tells of another.
    """
    return min(gap, due - now) if due is not None and due > now else gap
