"""Both browsers, for the tests of how they are driven."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import windows
from tests.browser.windows import OpenWindow


@pytest.fixture(params=windows.KINDS)
def open_window(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenWindow]:
    """Windows of one kind of browser."""
    with windows.of_kind(request.param, tmp_path) as open_one:
        yield open_one
