"""The whole story in Dutch, by clicking real pages of real processes, in both browsers with JavaScript off."""

from pathlib import Path

import pytest

from tests.browser.windows import OpenWindow
from tests.system.demo import Demo
from tests.system.scenes import everybody, play

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time


def test_the_whole_story(demo: Demo, open_window: OpenWindow, people_folder: Path) -> None:
    play(everybody(demo, open_window, people_folder), people_folder)
