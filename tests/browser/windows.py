"""Windows of either browser, as many as a story has people."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.browser import chromium, firefox
from tests.browser.axe import Examined
from tests.browser.chromium import Chromium
from tests.browser.driver import Browser
from tests.browser.firefox import Firefox

KINDS: Final = ("chromium", "firefox")

OpenWindow = Callable[[], Browser]


@contextmanager
def of_kind(kind: str, folder: Path, socks: int = 0) -> Iterator[OpenWindow]:
    """Give a function that opens a window with a profile of its own; all are closed at the end.

    `socks`: the port of a SOCKS proxy on loopback for all that is not loopback itself.
    Skips where the browser is not installed; with CI set that is a failure.
    """
    module = chromium if kind == "chromium" else firefox
    if not module.installed():
        pytest.skip(f"{kind} is not installed; make system-packages installs it")
    with ExitStack() as stack:
        if kind == "chromium":
            running = stack.enter_context(chromium.running())

            def open_one() -> Browser:
                window = Chromium(running, _new(folder, "downloads"), socks=socks)
                stack.callback(window.close)
                return window

        else:

            def open_one() -> Browser:
                downloads = _new(folder, "downloads")
                client = stack.enter_context(firefox.running(_new(folder, "firefox"), downloads, socks))
                return Firefox(client, downloads)

        yield open_one


@contextmanager
def examined(folder: Path) -> Iterator[Callable[[], Examined]]:
    """Give a function that opens windows in which pages can be judged."""
    if not chromium.installed():
        pytest.skip("chromium is not installed; make system-packages installs it")
    with chromium.running() as running, ExitStack() as stack:

        def open_one() -> Examined:
            window = Examined(running, _new(folder, "downloads"))
            stack.callback(window.close)
            return window

        yield open_one


def _new(folder: Path, name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
