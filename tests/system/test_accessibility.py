"""Every page, in both languages, in light and dark, on a wide and the narrowest screen, judged by axe-core."""

from pathlib import Path

import pytest

from dropbox.web.languages import LANGUAGES, Language
from tests.browser import windows
from tests.browser.axe import SCHEMES, SERIOUS, Examined, Finding
from tests.system.demo import Demo
from tests.system.tour import Tour, example_files

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time

NARROW, WIDE, HEIGHT = 360, 1280, 800


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_page_is_for_everybody(demo: Demo, language: Language, people_folder: Path) -> None:
    findings: list[Finding] = []
    too_wide: list[str] = []
    seen: list[str] = []

    def judge(name: str, window: Examined) -> None:
        seen.append(name)
        for scheme in SCHEMES:
            window.scheme(scheme)
            findings.extend(window.judge(f"{name} ({scheme})"))
        window.scheme("light")
        window.resize(NARROW, HEIGHT)
        if window.width_needed() > NARROW:
            too_wide.append(f"{name} needs {window.width_needed()} pixels")
        window.resize(WIDE, HEIGHT)

    with windows.examined(people_folder) as open_window:
        Tour(demo, language, open_window, judge).walk(example_files(people_folder))
    assert len(seen) > 30
    assert not too_wide
    told = "\n".join(map(str, findings))
    assert not [one for one in findings if one.impact in SERIOUS], told
    assert not [one for one in findings if one.impact == "moderate"], told
