"""What a form page needs besides its values: the problems, one sentence per field, and how to link to them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `field` is the id of the input; the sentence says what to do, in the page's language."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Problems:
    """All problems of one form, in the order of its fields; falsy when there is none."""

    items: tuple[Problem, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything to put right."""
        return bool(self.items)

    def of(self, field: str) -> str:
        """Return the sentence for `field`, or "" when it is in order."""
        return next((problem.sentence for problem in self.items if problem.field == field), "")


NO_PROBLEMS = Problems()


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a list of radio buttons or a select: its value, its words and a hint."""

    value: str
    text: str
    hint: str = ""
