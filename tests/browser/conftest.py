"""Both browsers for the tests of how they are driven, and a world for those of what is sealed in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import windows
from tests.browser.sealing import World, running_world
from tests.browser.windows import OpenWindow


@pytest.fixture(params=windows.KINDS)
def open_window(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenWindow]:
    """Windows of one kind of browser."""
    with windows.of_kind(request.param, tmp_path) as open_one:
        yield open_one


@pytest.fixture
def world() -> Iterator[World]:
    """A bureau, an intake in memory and a real gateway."""
    with running_world() as made:
        yield made
