"""The legal clocks of a case: acknowledgement within 7 days of receipt, feedback within 3 months of that.  Pure."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime
from typing import Final

from dropbox.bureau.views import Deadlines

ACKNOWLEDGE_DAYS: Final = 7  # Directive 2019/1937, article 9(1)(b)
FEEDBACK_MONTHS: Final = 3  # article 9(1)(f)
_DAY: Final = 86_400


def date_of(day: int) -> date:
    """The date of a UTC day number."""
    return datetime.fromtimestamp(day * _DAY, UTC).date()


def day_of(when: date) -> int:
    """The UTC day number of a date."""
    return when.toordinal() - date(1970, 1, 1).toordinal()


def months_later(day: int, months: int) -> int:
    """The same day of the month so many calendar months later; where that month is shorter, its last day."""
    start = date_of(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day_of(date(year, month + 1, min(start.day, last)))


def deadlines(received: int, acknowledged: int | None, feedback: int | None, *, running: bool) -> Deadlines:
    """The clocks of a case.  Feedback runs from the acknowledgement that was sent, else from when it was due.

    Each stops once it is met and at nothing else: closing a case is no feedback, its published reasons are.
    """
    acknowledge_due = received + ACKNOWLEDGE_DAYS
    start = acknowledge_due if acknowledged is None else min(acknowledged, acknowledge_due)
    feedback_due = months_later(start, FEEDBACK_MONTHS)
    open_clocks = []
    if running:
        open_clocks += [(acknowledge_due, "acknowledge")] if acknowledged is None else []
        open_clocks += [(feedback_due, "feedback")] if feedback is None else []
    next_due, next_name = min(open_clocks, default=(None, ""))
    return Deadlines(received, acknowledge_due, acknowledged, feedback_due, feedback, next_due, next_name)
