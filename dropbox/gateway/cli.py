"""`dropbox-gateway --config FILE`: serve the reporter's pages until SIGTERM, or check what they need."""

import argparse
import sys
import time
from pathlib import Path

from dropbox.gateway.confinement import overwrite_freed_memory
from dropbox.gateway.errors import BadSettings, NotStarted
from dropbox.gateway.settings import read_settings
from dropbox.gateway.supervisor import Supervisor


def main() -> int:
    """Run the command; the exit status is 2 when the settings or the socket are wrong, 1 when `check` found a fault."""
    overwrite_freed_memory()
    parser = argparse.ArgumentParser(prog="dropbox-gateway", description="Serves the reporter's pages.")
    parser.add_argument("action", nargs="?", choices=("serve", "check"), default="serve")
    parser.add_argument("--config", required=True, type=Path, metavar="FILE", help="the settings, in TOML")
    arguments = parser.parse_args()
    if arguments.action == "check":
        return _check(arguments.config)
    try:
        Supervisor(read_settings(arguments.config), lambda line: print(line, flush=True)).run()
    except (BadSettings, NotStarted, OSError) as error:
        sys.stderr.write(f"dropbox-gateway: {error}\n")
        return 2
    return 0


def _check(path: Path) -> int:
    from dropbox.gateway.checks import check  # noqa: PLC0415 - the acceptor's process must not load what this needs

    wrong = check(path, int(time.time()))
    for sentence in wrong:
        print(f"- {sentence}")
    print("Nothing is wrong." if not wrong else "Reporters cannot be served as they should.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
