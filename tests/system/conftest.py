"""A running instance and windows of both browsers, for the tests of the whole system."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import windows
from tests.browser.windows import OpenWindow
from tests.system.debian import Debian, bare
from tests.system.demo import Demo, running_demo


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """An instance of this test's own."""
    with running_demo(tmp_path / "host") as running:
        yield running


@pytest.fixture(scope="session")
def bare_debian(tmp_path_factory: pytest.TempPathFactory) -> Debian:
    """A Debian on which nothing of ours is installed, to be copied."""
    return bare(tmp_path_factory.mktemp("debian"), tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def people_folder(tmp_path: Path) -> Path:
    """Where the people keep what is theirs: profiles, downloads, files to send."""
    folder = tmp_path / "people"
    folder.mkdir()
    return folder


@pytest.fixture(params=windows.KINDS)
def open_window(request: pytest.FixtureRequest, people_folder: Path) -> Iterator[OpenWindow]:
    """Windows of one kind of browser; each test runs with both."""
    with windows.of_kind(request.param, people_folder) as open_one:
        yield open_one


@pytest.fixture
def open_chromium(people_folder: Path) -> Iterator[OpenWindow]:
    """Windows of Chromium, where the kind of browser does not matter."""
    with windows.of_kind("chromium", people_folder) as open_one:
        yield open_one
