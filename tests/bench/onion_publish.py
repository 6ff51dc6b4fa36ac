"""Puts the figures of the last `make bench-onion` into docs/: `python -m tests.bench.onion_publish`.

`var/bench/onion*.json` go into docs/performance-onion.json; what stands between two marks in docs/performance.md is
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

PUBLISHED: Final = DOCS / "performance-onion.json"
MARK: Final = "onion"


@dataclass(frozen=True)
class Line:
    """One line of the table. `least` and `most`: between which a figure is good, where there is such a bound."""

    key: str
    what: str
    least: float | None = None
    most: float | None = None

    def goal(self) -> str:
        """The figure to reach, in words."""
        if self.most is not None:
            return f"{self.most:g} or less"
        return "-" if self.least is None else f"{self.least:g} or more"

    def reached(self, value: float) -> bool:
        """Whether this is good enough."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


LINES: Final = (
    Line("visit_to_receipt_bytes", "bytes both ways from the first page to the receipt of a report of 1 KB"),
    Line("visit_to_receipt_round_trips", "times that this visitor waits for the other end"),
    Line("server_time_ratio", "time of a page on a new stream, against the same bytes from a bare server", most=1.2),
    Line("upload_ratio", "rate of a file of 50 MB, against a raw transfer over the same circuit", least=0.9),
    Line("flood_honest_success", "share of reports that arrive among 1,000 hostile circuits", least=0.95),
)
FURTHER: Final = {
    "page_ms": "that page, half of all, ms",
    "bare_page_ms": "the bare server's, half of all, ms",
    "page_on_open_stream_ms": "that page again on its open stream, half of all, ms",
    "bare_page_on_open_stream_ms": "the bare server's, half of all, ms",
    "upload_mb_per_s": "rate of the file, MB/s",
    "raw_mb_per_s": "rate of the raw transfer, MB/s",
    "paced_upload_ratio": "rate of the file against the raw transfer, where a visitor's own line has 40 Mbit/s",
    "paced_raw_mb_per_s": "rate of the raw transfer there, MB/s",
    "flood_hostile_circuits": "hostile circuits that came",
    "flood_hostile_connections": "connections that they opened",
    "flood_honest_reports": "reports of honest reporters meanwhile, each tried once",
    "flood_honest_report_s_p50": "an honest reporter's visit meanwhile, half of all, seconds",
    "load_per_core": "load of the machine for each core at the end, the network's tors and the client in it",
}


def table(published: Mapping[str, Any]) -> str:
    """Return what docs/performance.md has between the marks."""
    lines = ["| what | reach | measured |", "|---|---|---|"]
    for line in LINES:
        value = published["figures"][line.key]
        measured = f"**{number(value)}**" + ("" if line.reached(value) else ", falls short")
        lines.append(f"| {line.what} | {line.goal()} | {measured} |")
    lines += [f"| {words} | | {number(published['further'][key])} |" for key, words in FURTHER.items()]
    return "\n".join([*lines, "", machine(published["environment"])])


def main() -> int:
    """Publish; return the exit status."""
    found = {
        name: json.loads((VAR / file).read_text(encoding="utf-8"))
        for name, file in (
            ("figures", "onion.json"), ("further", "onion-further.json"), ("environment", "onion-environment.json"),
        )
    }  # fmt: skip
    PUBLISHED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), MARK, table(found)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
