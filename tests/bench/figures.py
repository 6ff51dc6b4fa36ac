"""The figures to reach, what others have at the same places, and how both are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[2] / "docs"
PUBLISHED: Final = DOCS / "performance.json"
PICTURE: Final = DOCS / "performance.svg"
PAGE: Final = DOCS / "performance.md"


@dataclass(frozen=True)
class Figure:
    """One line of the table. `bound` is <= or >=: on which side of `reach` a figure is good."""

    key: str
    what: str
    unit: str
    reach: float
    bound: str
    securedrop: str
    globaleaks: str

    def reached(self, value: float) -> bool:
        """Whether this is good enough."""
        return value <= self.reach if self.bound == "<=" else value >= self.reach

    def goal(self) -> str:
        """The figure to reach, in words."""
        bound = "" if not self.reach else " or less" if self.bound == "<=" else " or more"
        return f"{self.written(self.reach)}{bound}"

    def written(self, value: float) -> str:
        """A value of this figure, with its unit."""
        return f"{number(value)} {self.unit}".strip()


FIGURES: Final = (
    Figure(
        "cpu_ms_per_report",
        "processor time for a first report of 1 KB, form and sending, all server processes, 16 at once",
        "ms",
        8,
        "<=",
        "42-63 ms, and 3,400 ms once per source",
        "60-66 ms",
    ),
    Figure("reports_per_s", "reports of 1 KB in a second, 16 at once", "", 120, ">=", "23-27", "3"),
    Figure("reports_lost", "of these lost, or answered with an error", "", 0, "<=", "some", "a third to two thirds"),
    Figure(
        "upload_mb_per_s",
        "a file of 100 MB, durable when it is answered",
        "MB/s",
        100,
        ">=",
        "10-24 MB/s",
        "45-50 MB/s",
    ),
    Figure(
        "upload_memory_growth_mb",
        "growth of memory for a file of 1 GiB, all server processes",
        "MB",
        16,
        "<=",
        "533 MB for 490 MB",
        "3 MB for 100 MB",
    ),
    Figure("first_visit_requests", "requests of a first visit", "", 2, "<=", "15", "34"),
    Figure("first_visit_bytes", "bytes of a first visit on the wire", "B", 14 * 1024, "<=", "84 KB", "2.21 MB"),
    Figure(
        "residue_copies",
        "copies of receipt, text, file and answer in memory after the visit",
        "",
        0,
        "<=",
        "8 of the codename and 36 of the message after a minute",
        "passes through, kept unlocked",
    ),
    Figure(
        "read_replies_cpu_ms",
        "processor time for reading ten answers on a whole board of 2,048 records, all server processes",
        "ms",
        60,
        "<=",
        "600-900 ms",
        "1,450 ms for signing in",
    ),
    Figure("board_2048_issue_ms", "issuing a board of 2,048 records, until intake has it", "ms", 100, "<=", "-", "-"),
    Figure(
        "open_1000_envelopes_s",
        "opening and committing 1,000 waiting envelopes, one of them poisoned",
        "s",
        30,
        "<=",
        "minutes at 100 sources, its users say",
        "-",
    ),
)


def number(value: float) -> str:
    """Write a number as people read it."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(values: Mapping[str, float]) -> str:
    """Return the table of docs/performance.md."""
    lines = ["| what | reach | measured | SecureDrop 2.11 | GlobaLeaks 5.0.95 |", "|---|---|---|---|---|"]
    for figure in FIGURES:
        value = values[figure.key]
        measured = f"**{figure.written(value)}**" + ("" if figure.reached(value) else ", falls short")
        lines.append(f"| {figure.what} | {figure.goal()} | {measured} | {figure.securedrop} | {figure.globaleaks} |")
    return "\n".join(lines) + "\n"
