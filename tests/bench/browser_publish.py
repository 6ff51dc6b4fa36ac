"""Puts the figures of the last `make bench-browser` into docs/: `python -m tests.bench.browser_publish`.

`var/bench/browser*.json` go into docs/performance-browser.json; what stands between two marks in docs/performance.md is
made from it.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.figures import DOCS, PAGE, number
from tests.bench.place import VAR
from tests.bench.publish import machine, replaced

PUBLISHED: Final = DOCS / "performance-browser.json"
MARK: Final = "browser"
PARTS: Final = {"figures": "browser", "further": "browser-further", "environment": "browser-environment"}
ENGINES: Final = {
    "": "node", "_nojit": "node without JIT", "_chromium": "Chromium", "_firefox": "Firefox ESR",
    "_firefox_safer": 'Firefox ESR as at "Safer"',
}  # fmt: skip
LINES: Final = {
    "text_s": "a text, from pressing the button until it is sent, s",
    "text_to_four_s": "the same to four recipients, s",
    "ahead_s": "made before that, while the page is idle, s",
    "ahead_longest_step_s": "the longest step of it, s",
    "seal_mb_per_s": "a file of 500 MB, MB/s",
    "memory_500mb_mb": "growth of memory meanwhile, MB",
    "longest_without_progress_s": "longest time meanwhile without a sign of progress, s",
    "find_replies_s": "four answers, found and opened on a board of 2,048 records, s",
}
_BOTH: Final = "memory_500mb_mb"  # in node one figure for both
_NODE: Final = ("", "_nojit")


@dataclass(frozen=True)
class Goal:
    """What is to be reached, and the bound for each engine that it is about."""

    text: str
    bounds: Mapping[str, float]
    at_least: bool = False

    def missed(self, engine: str, value: float) -> bool:
        """Whether this engine falls short."""
        bound = self.bounds.get(engine, value)
        return value < bound if self.at_least else value > bound


GOALS: Final = {
    "text_s": Goal("0.5 or less", dict.fromkeys(ENGINES, 0.5)),
    "seal_mb_per_s": Goal("60 or more in node", dict.fromkeys(_NODE, 60), at_least=True),
    "memory_500mb_mb": Goal("100 or less in node", dict.fromkeys(_NODE, 100)),
    "longest_without_progress_s": Goal("1 or less", dict.fromkeys(_NODE, 1)),
    "find_replies_s": Goal(
        "0.3 or less, without JIT 1", dict.fromkeys(ENGINES, 0.3) | dict.fromkeys(("_nojit", "_firefox_safer"), 1)
    ),
}
_NO_GOAL: Final = Goal("-", {})


def keys() -> set[str]:
    """Every figure that a run gives."""
    in_node = {f"{line}{engine}" for line in LINES for engine in ("", "_nojit")} - {f"{_BOTH}_nojit"}
    shown = ("text_s", "seal_mb_per_s", "memory_500mb_mb", "find_replies_s")
    in_browsers = {f"{line}{engine}" for line in shown for engine in [*ENGINES][2:]}
    return in_node | in_browsers | {"bundle_bytes", "load_per_core"}


def table(published: Mapping[str, Any]) -> str:
    """Return what docs/performance.md has between the marks."""
    values = published["figures"] | published["further"]
    lines = [f"| what | reach | {' | '.join(ENGINES.values())} |", f"|---|---|{'---|' * len(ENGINES)}"]
    for key, what in LINES.items():
        goal = GOALS.get(key, _NO_GOAL)
        cells = (_cell(values.get(f"{key}{engine}"), goal, engine) for engine in ENGINES)
        lines.append(f"| {what} | {goal.text} | {' | '.join(cells)} |")
    size = f"The code that a browser gets has {number(values['bundle_bytes'])} bytes, compressed."
    load = f"Load of the machine for each core at the end: {number(values['load_per_core'])}."
    return "\n".join([*lines, "", f"{size} {load}", "", machine(published["environment"])])


def _cell(value: float | None, goal: Goal, engine: str) -> str:
    if value is None:
        return "-"
    return f"**{number(value)}**" + (", falls short" if goal.missed(engine, value) else "")


def main() -> int:
    """Publish; return the exit status."""
    found = {part: json.loads((VAR / f"{name}.json").read_text(encoding="utf-8")) for part, name in PARTS.items()}
    if missing := keys() ^ (found["figures"].keys() | found["further"].keys()):
        sys.stderr.write(f"The last run is not whole: {', '.join(sorted(missing))}. Run `make bench-browser`.\n")
        return 1
    PUBLISHED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), MARK, table(found)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
