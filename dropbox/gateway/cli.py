"""`dropbox-gateway --config FILE`: serve the reporter's pages until SIGTERM."""

import argparse
import sys
from pathlib import Path

from dropbox.gateway.confinement import overwrite_freed_memory
from dropbox.gateway.errors import BadSettings, NotStarted
from dropbox.gateway.settings import read_settings
from dropbox.gateway.supervisor import Supervisor


def main() -> int:
    """Run the command; the exit status is 2 when the settings or the socket are wrong."""
    overwrite_freed_memory()
    parser = argparse.ArgumentParser(prog="dropbox-gateway", description="Serves the reporter's pages.")
    parser.add_argument("--config", required=True, type=Path, metavar="FILE", help="the settings, in TOML")
    arguments = parser.parse_args()
    try:
        Supervisor(read_settings(arguments.config), lambda line: print(line, flush=True)).run()
    except (BadSettings, NotStarted, OSError) as error:
        sys.stderr.write(f"dropbox-gateway: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
