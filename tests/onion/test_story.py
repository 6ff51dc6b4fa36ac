"""The whole story over an onion address, in both browsers with JavaScript off: the same scenes as without tor."""

from pathlib import Path

import pytest

from tests.browser.windows import OpenWindow
from tests.onion.conftest import Reachable
from tests.system import traces
from tests.system.scenes import everybody, play

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time


def test_the_whole_story_over_an_onion_address(
    instance: Reachable, open_window: OpenWindow, people_folder: Path
) -> None:
    scene = everybody(instance.demo, open_window, people_folder)
    play(scene, people_folder)
    assert not traces.search(traces.below(instance.tor.folder.parent), scene.planted.all()), "what tor wrote"
    assert instance.host in scene.reporter.browser.address
