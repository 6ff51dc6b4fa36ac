"""Measures what docs/performance.md shows: `python -m tests.bench.main [MEASURE ...]`, or `make bench ONLY=reports`.

A whole run writes `var/bench/main-job.json`, the figures; `further.json`, what goes with them; and
`environment.json`, where they come from. Part of a run writes only what it measured, into `part.json`. Exit status 1
when a measure failed.
"""

import argparse
import asyncio
import json
import sys
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tests.bench import envelopes, first_visit, issuing, reading, reports, residue, upload
from tests.bench.environment import environment
from tests.bench.place import VAR

Found = tuple[dict[str, float], dict[str, float]]

MEASURES: Final[dict[str, Callable[[], Coroutine[Any, Any, Found]]]] = {
    "reports": reports.measure,
    "upload": upload.measure,
    "first_visit": first_visit.measure,
    "residue": residue.measure,
    "reading": reading.measure,
    "issuing": issuing.measure,
    "envelopes": envelopes.measure,
}


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(prog="tests.bench.main", description="Measures what docs/performance.md shows.")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=", ".join(MEASURES) + "; all of them by default")
    wanted = parser.parse_args().measures or [*MEASURES]
    if unknown := set(wanted) - MEASURES.keys():
        parser.error("not a measure: " + ", ".join(sorted(unknown)))
    VAR.mkdir(parents=True, exist_ok=True)
    figures: dict[str, float] = {}
    further: dict[str, float] = {}
    status = 0
    for name in wanted:
        began = time.monotonic()
        try:
            found, more = asyncio.run(MEASURES[name]())
        except Exception:  # noqa: BLE001 - the other figures are worth having
            traceback.print_exc()
            status = 1
            continue
        figures |= {key: _rounded(value) for key, value in found.items()}
        further |= {key: _rounded(value) for key, value in more.items()}
        for key, value in (found | more).items():
            sys.stdout.write(f"  {key:34} {_rounded(value)}\n")
        sys.stdout.write(f"{name}: {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    if set(wanted) == MEASURES.keys():
        _write("main-job.json", figures)
        _write("further.json", further)
        _write("environment.json", environment())
    else:
        _write("part.json", figures | further)
    return status


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.4g}")


def _write(name: str, values: object) -> None:
    (VAR / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
