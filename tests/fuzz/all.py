"""Fuzz every target, one after the other: `python -m tests.fuzz.all [CASES]`, a million by default.

Each target gets its share by what one input costs. New inputs and findings stand in `var/fuzz/TARGET/`.
"""

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
    total = 0
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
        total += int(done[1])
        sys.stdout.write(f"{name:12} {int(done[1]):>9} cases in {done[2]} s\n")
        sys.stdout.flush()
    sys.stdout.write(f"{'all':12} {total:>9} cases, no finding\n")


if __name__ == "__main__":
    main()
