"""Puts the figures of the last whole run into docs/: `python -m tests.bench.publish`.

`var/bench/*.json` go into docs/performance.json; the picture, and what stands between two marks in docs/performance.md,
are made from it.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from tests.bench.figures import FIGURES, PAGE, PICTURE, PUBLISHED, table
from tests.bench.picture import draw
from tests.bench.place import VAR

_BEGIN: Final = "<!-- {} -->\n"
_END: Final = "<!-- end -->\n"
_FURTHER: Final = {
    "cpu_ms_per_report_one_at_a_time": "processor time for a first report, one reporter at a time, ms",
    "reports_per_s_one_at_a_time": "reports in a second, one reporter at a time",
    "report_ms_p50_one_at_a_time": "a reporter waits, alone, half of all, ms",
    "report_ms_p95_one_at_a_time": "a reporter waits, alone, 19 of 20, ms",
    "report_ms_p50_16_at_once": "a reporter waits, 16 at once, half of all, ms",
    "report_ms_p95_16_at_once": "a reporter waits, 16 at once, 19 of 20, ms",
    "reports_per_s_while_boards_are_issued": "reports in a second, 16 at once, while a board is issued every second",
    "cpu_ms_per_report_while_boards_are_issued": "processor time for a report meanwhile, all server processes, ms",
    "client_cpu_ms_per_report": "processor time of the measuring client for a report, 16 at once, ms",
    "reports_sent": "reports sent, each fetched and opened afterwards",
    "upload_cpu_ms_per_mb": "processor time of all server processes for 1 MB of a file, ms",
    "upload_of_1_gib_mb_per_s": "rate of a file of 1 GiB, MB/s",
    "memory_before_upload_mb": "memory of all server processes before that file, MB",
    "memory_after_upload_mb": "and once it is durable and its process has ended, MB",
    "first_visit_bytes_in_chromium": "bytes of a first visit, as Chromium counts them",
    "copies_during_a_report": "copies in memory during a report, which the search must find",
    "copies_during_reading": "copies in memory while answers are read, which the search must find",
    "read_replies_ms": "a reader waits, form and answers, ms",
    "board_2048_issue_cpu_ms": "processor time of the desk for that board, ms",
}


def parts(published: Mapping[str, Any]) -> dict[str, str]:
    """Return what docs/performance.md has between its marks, by the name of the mark."""
    further = published["further"]
    lines = [f"| {words} | {further[key]:g} |" for key, words in _FURTHER.items()]
    return {
        "figures": table(published["figures"]),
        "further": "\n".join(["| what | measured |", "|---|---|", *lines]) + "\n",
        "environment": machine(published["environment"]),
    }


def machine(place: Mapping[str, Any]) -> str:
    """Return the sentence on where figures come from."""
    return (
        f"{place['cores']} cores ({place['processor']}), {place['memory_mb'] / 1000:.0f} GB of memory, Linux"
        f" {place['kernel']}, Python {place['python']}, on {place['day']}, commit `{place['commit'][:12]}`.\n"
    )


def put_in(page: str, published: Mapping[str, Any]) -> str:
    """Return the page with the published figures between its marks."""
    for name, text in parts(published).items():
        page = replaced(page, name, text)
    return page


def replaced(page: str, name: str, text: str) -> str:
    """Return the page with this text between the marks of that name."""
    before, mark, rest = page.partition(_BEGIN.format(name))
    _, end, after = rest.partition(_END)
    assert mark
    assert end
    return f"{before}{mark}{text}{end}{after}"


def main() -> int:
    """Publish; return the exit status."""
    found = {
        name: json.loads((VAR / file).read_text(encoding="utf-8"))
        for name, file in (
            ("figures", "main-job.json"), ("further", "further.json"), ("environment", "environment.json"),
        )
    }  # fmt: skip
    missing = {figure.key for figure in FIGURES} ^ found["figures"].keys() | _FURTHER.keys() ^ found["further"].keys()
    if missing:
        sys.stderr.write(f"The last run is not whole: {', '.join(sorted(missing))}. Run `make bench`.\n")
        return 1
    PUBLISHED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    PICTURE.write_text(draw(found["figures"]), encoding="utf-8")
    PAGE.write_text(put_in(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
