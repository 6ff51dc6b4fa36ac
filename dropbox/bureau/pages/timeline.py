"""The legal clocks of a case as a picture: places on a line in percent. Pure."""

from dataclasses import dataclass

from dropbox.bureau.views import Deadlines

SOON_DAYS = 3
"""From here on a deadline is drawn as near."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the line. `name` is "received", "acknowledge" or "feedback", `place` is in percent of the line.

    It `runs` while the case is open and can be answered.
    """

    name: str
    day: int
    place: int
    met_day: int | None
    runs: bool

    def overdue(self, today: int) -> bool:
        """Tell whether it should have been met and was not."""
        return self.runs and self.met_day is None and today > self.day


@dataclass(frozen=True, slots=True)
class Timeline:
    """The line from receipt to the last deadline, or to today when that is later."""

    marks: tuple[Mark, ...]
    today: int
    here: int


def draw(deadlines: Deadlines, today: int) -> Timeline:
    """Place receipt, both deadlines and today between 0 and 100 percent."""
    start = deadlines.received_day
    due_first, due_last = deadlines.acknowledge_due, deadlines.feedback_due
    length = max(due_first, due_last, today, start + 1) - start
    runs = deadlines.next_due is not None

    def place(day: int) -> int:
        return min(100, max(0, round(100 * (day - start) / length)))

    marks = (
        Mark("received", start, 0, start, runs),
        Mark("acknowledge", due_first, place(due_first), deadlines.acknowledged_day, runs),
        Mark("feedback", due_last, place(due_last), deadlines.feedback_day, runs),
    )
    return Timeline(marks, today, place(today))


def urgency(due: int | None, today: int) -> str:
    """Return how a deadline is shown: "met" (none is left), "overdue", "soon" or "calm"."""
    if due is None:
        return "met"
    if today > due:
        return "overdue"
    return "soon" if due - today <= SOON_DAYS else "calm"
