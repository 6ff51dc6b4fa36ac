"""Measures the browser's code in node, with and without a JIT compiler, and in the browsers: `make bench-browser`.

Writes `var/bench/browser.json`, what the code costs in node; `browser-further.json`, what people wait for in a browser;
and `browser-environment.json`. In node the network is left out: what is measured is what the browser has to do before
and after it.
"""

import base64
import gzip
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from dropbox.protocol.keys import Role
from dropbox.protocol.sizes import SLOTS
from tests.bench import in_browsers
from tests.bench.environment import environment
from tests.bench.in_browsers import ENTROPY, FILE, REPLIES, whole_board
from tests.bench.place import VAR
from tests.browser_code.node import MODES, ROOT, Lines, build, running
from tests.gateway.bureau import NOW, Bureau

RUNS: Final = 2


def main() -> int:
    """Measure; return the exit status."""
    where = environment()  # now: the working tree may change meanwhile
    figures: dict[str, float] = {"bundle_bytes": _bundle()}
    with tempfile.TemporaryDirectory() as name:
        script = Path(name) / "lines.mjs"
        build("lines", str(script))
        for mode, flags in MODES.items():
            with running(script, flags) as lines:
                figures |= _measured(lines, "" if mode == "with_jit" else "_nojit")
    figures["memory_500mb_mb"] = max(figures["memory_500mb_mb"], figures.pop("memory_500mb_mb_nojit"))
    _write("browser", figures)
    further: dict[str, float] = {}
    for kind in in_browsers.KINDS:
        further |= in_browsers.measure(kind)
        _write("browser-further", further)
    further["load_per_core"] = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    _write("browser-further", further)
    (VAR / "browser-environment.json").write_text(json.dumps(where, indent=2) + "\n", encoding="utf-8")
    return 0


def _write(name: str, figures: dict[str, float]) -> None:
    """Write what there is so far, and show it."""
    VAR.mkdir(parents=True, exist_ok=True)
    rounded = {key: round(value, 4) for key, value in figures.items()}
    (VAR / f"{name}.json").write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
    for key, value in rounded.items():
        sys.stdout.write(f"  {key:34} {value}\n")
    sys.stdout.flush()


def _bundle() -> int:
    return len(gzip.compress((ROOT / "dropbox/gateway/static/browser.js").read_bytes(), 9, mtime=0))


def _measured(lines: Lines, suffix: str) -> dict[str, float]:
    bureau = Bureau()
    common = {
        "root": bureau.root.public.raw.hex(), "bulletin": _written(bureau.signed_bulletin()), "entropy": ENTROPY.hex(),
        "now": NOW,
    }  # fmt: skip
    boards = common | {
        "board": _written(whole_board(bureau, ENTROPY)), "board_keys": [bureau.signing[Role.BOARD].public.hex()],
    }  # fmt: skip
    text = [_ask(lines, "bench/seal", common | {"bytes": 0}) for _ in range(5 * RUNS)]
    full = common | {"bulletin": _written(bureau.joined_by(SLOTS - 1).signed_bulletin()), "bytes": 0}
    to_four = [_ask(lines, "bench/seal", full)["seconds"] for _ in range(5 * RUNS)]
    found = [_ask(lines, "bench/find", boards) for _ in range(5 * RUNS)]
    if any(one["notes"] != REPLIES for one in found):
        raise AssertionError("the board does not give its four replies")
    sealed = [_ask(lines, "bench/seal", common | {"bytes": FILE}) for _ in range(RUNS)]
    return {
        f"text_s{suffix}": statistics.median(one["seconds"] for one in text),
        f"text_to_four_s{suffix}": statistics.median(to_four),
        f"ahead_s{suffix}": statistics.median(one["ahead_s"] for one in text),
        f"ahead_longest_step_s{suffix}": statistics.median(one["longest_step_s"] for one in text),
        f"seal_mb_per_s{suffix}": FILE / 1e6 / min(one["seconds"] for one in sealed),
        f"find_replies_s{suffix}": statistics.median(one["seconds"] for one in found),
        f"memory_500mb_mb{suffix}": max(one["memory_mb"] for one in sealed),
        f"longest_without_progress_s{suffix}": max(one["silent_s"] for one in sealed),
    }


def _ask(lines: Lines, operation: str, given: object) -> Any:  # noqa: ANN401 -- what JSON holds
    output, refused = lines.ask(operation, given)
    if refused is not None:
        raise AssertionError(refused)
    return output


def _written(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode()}


if __name__ == "__main__":
    sys.exit(main())
