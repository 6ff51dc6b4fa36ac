"""Fuzz every target, one after the other: `python -m tests.fuzz.all [CASES]`, a million by default.

Each target gets its share by what one input costs. New inputs and findings stand in `var/fuzz/TARGET/`, the figures in
`var/fuzz/result.json`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.fuzz.targets import TARGETS

_DEFAULT: Final = 1_000_000
_DONE: Final = re.compile(r"Done (\d+) runs in (\d+) second")


def main() -> None:
    """Exit status 1 with the first finding."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else _DEFAULT
    shares = sum(target.share for target in TARGETS.values())
    figures: dict[str, dict[str, int]] = {}
    for name, target in TARGETS.items():
        folder = Path("var/fuzz") / name
        folder.mkdir(parents=True, exist_ok=True)
        runs = -(-cases * target.share // shares)
        command = [sys.executable, "-m", "tests.fuzz.run", name, str(folder), f"-runs={runs}"]
        environment = {**os.environ, "TMPDIR": str(folder.resolve())}
        ended = subprocess.run(command, capture_output=True, check=False, env=environment)
        log = ended.stdout.decode(errors="replace") + ended.stderr.decode(errors="replace")
        (folder / "log").write_text(log)
        done = _DONE.search(log)
        if ended.returncode or done is None:
            sys.exit(f"{name}: a finding, see {folder}")
        figures[name] = {"cases": int(done[1]), "seconds": int(done[2])}
        sys.stdout.write(f"{name:12} {int(done[1]):>9} cases in {done[2]} s\n")
        sys.stdout.flush()
    total = sum(one["cases"] for one in figures.values())
    result = {"cases": total, "findings": 0, "targets": figures}
    Path("var/fuzz/result.json").write_text(json.dumps(result, indent=2) + "\n")
    sys.stdout.write(f"{'all':12} {total:>9} cases over {len(figures)} targets, no finding\n")


if __name__ == "__main__":
    main()
