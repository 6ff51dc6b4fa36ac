"""Run in a fresh interpreter: load every module of one package and print what the interpreter holds then.

Usage: load.py PACKAGE [MODULE TO LEAVE OUT ...].  Migrations are Alembic's and are loaded by it, from files.
"""

import json
import pkgutil
import sys


def main(package: str, without: list[str]) -> None:
    """Import and report."""
    root = f"dropbox.{package}"
    __import__(root)
    folder = sys.modules[root].__path__
    for module in pkgutil.walk_packages(folder, f"{root}."):
        if ".migrations" not in module.name and module.name not in without:
            __import__(module.name)
    json.dump(sorted(sys.modules), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
