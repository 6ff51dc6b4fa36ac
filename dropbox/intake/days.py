"""Which days count: all arithmetic on time that intake does. Times are Unix seconds, days are UTC day numbers."""

from dropbox.protocol import sizes


def day_of(now: int) -> int:
    """Give the UTC day."""
    return now // sizes.DAY


def accepts(now: int, day: int) -> bool:
    """Whether an envelope of this day may begin to arrive: from its day (12 hours early at most) to 7 days later."""
    return day_of(now) - sizes.ACCEPTED_DAYS <= day <= day_of(now + sizes.CLOCK_TOLERANCE)
