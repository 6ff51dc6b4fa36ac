"""When to ask the host: at times that say nothing about whoever works here.  Pure.

The host sees every request.  A time therefore comes from the clock, a period that everyone may know, and chance; it
does not know of people at the pages, of what has come, or of how long the last round took.
"""

from collections.abc import Callable
from typing import Final

MOST_JITTER: Final = 900
"""Seconds.  No more than an eighth of the period, either."""

_SHARE: Final = 8
_FIRST_WAIT: Final = 60
LONGEST_WAIT: Final = 3600
"""Seconds between two tries of a line that has failed many times."""

_MOST_DOUBLINGS: Final = 6  # 60 s become 3840


def jitter(period: int) -> int:
    """The most seconds that a time comes after its period begins."""
    return min(period // _SHARE, MOST_JITTER)


def next_time(now: int, period: int, random: Callable[[int], bytes]) -> int:
    """A second of the period after the one that `now` is in: its beginning, and a little by chance.

    Times are Unix seconds; periods are counted from midnight UTC, 1 January 1970.
    """
    return (now // period + 1) * period + _below(jitter(period) + 1, random)


def wait_after(failures: int, random: Callable[[int], bytes]) -> int:
    """Seconds until a line that failed so many times in a row (1 or more) is tried again, twice as long each time."""
    longest = min(_FIRST_WAIT << min(failures - 1, _MOST_DOUBLINGS), LONGEST_WAIT)
    return longest - _below(longest // 2 + 1, random)


def _below(limit: int, random: Callable[[int], bytes]) -> int:
    """A number from 0 to limit - 1; of 64 bits, so that none is likelier by anything that could be seen."""
    return int.from_bytes(random(8), "big") % limit
