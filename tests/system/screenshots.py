"""Draws every page for the documentation, on a wide screen and on the narrowest: `make screenshots`.

    python -m tests.system.screenshots docs/screenshots

Runs the demo, walks past every page in Dutch (and the first one in English) and fails where a page is wider than the
screen, after it has drawn everything.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from dropbox.web.languages import DUTCH, ENGLISH
from tests.browser import windows
from tests.browser.axe import Examined
from tests.system.demo import running_demo
from tests.system.tour import Tour, example_files

WIDTHS: Final = (360, 1280)
HEIGHT: Final = 800


def draw(folder: Path) -> list[str]:
    """Write the pictures into `folder`; return what is too wide, a line each."""
    too_wide: list[str] = []

    def visit(name: str, window: Examined) -> None:
        for width in WIDTHS:
            window.resize(width, HEIGHT)
            window.screenshot(folder / f"{name}-{width}.png")
            if window.width_needed() > width:
                too_wide.append(f"{name} at {width} pixels needs {window.width_needed()}")

    with tempfile.TemporaryDirectory(prefix="screenshots-") as own:
        people = Path(own, "people")
        people.mkdir()
        with running_demo(Path(own)) as demo, windows.examined(people) as open_window:
            tour = Tour(demo, DUTCH, open_window, lambda name, window: visit(f"{name}-nl", window))
            tour.walk(example_files(people))
            english = Tour(demo, ENGLISH, open_window, lambda name, window: visit(f"{name}-en", window))
            english.first_page()
    return too_wide


def main() -> int:
    """Draw into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    faults = draw(folder)
    sys.stdout.write("".join(f"{line}\n" for line in faults) or f"Every page fits its screen; see {folder}.\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
