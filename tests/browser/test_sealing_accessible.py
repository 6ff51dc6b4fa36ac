"""The pages that the browser's code makes, in both languages, light and dark, wide and narrow, judged by axe-core."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from dropbox.protocol.reply import Acknowledgement, Question, Reply
from dropbox.protocol.sizes import MIB
from tests.browser import chromium
from tests.browser.axe import SCHEMES, Examined
from tests.browser.driver import wait_for
from tests.browser.sealing import World, running_world

pytestmark = pytest.mark.timeout(600)  # stops a test that hangs

NARROW, WIDE, HEIGHT = 360, 1280, 800


class Said(NamedTuple):
    """The words of the pages, in one language."""

    report: str
    sealed: str
    what: str
    choose: str
    send: str
    broken: str
    sent: str
    read: str
    opened: str
    words: str
    answer: str


LANGUAGES: Final = {
    "en": Said(
        "/en/report", "Sealed in your browser.", "What happened?", "Choose files", "Seal and send", "The line broke.",
        "Your report is sealed and sent", "/en/read", "Opened in your browser.", "Your twelve words", "Read the answer",
    ),
    "nl": Said(
        "/nl/melden", "Verzegeld in uw browser.", "Wat is er gebeurd?", "Kies bestanden", "Verzegelen en versturen",
        "De verbinding viel weg.", "Uw melding is verzegeld en verstuurd", "/nl/antwoord", "Geopend in uw browser.",
        "Uw twaalf woorden", "Antwoord lezen",
    ),
}  # fmt: skip


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Examined]:
    if not chromium.installed():
        pytest.skip("chromium is not installed; make system-packages installs it")
    with chromium.running() as running:
        made = Examined(running, tmp_path, seals=True)
        yield made
        made.close()


def judge(name: str, window: Examined) -> None:
    """No finding of axe that matters, and no scrolling sideways."""
    for scheme in SCHEMES:
        window.scheme(scheme)
        found = [one for one in window.judge(f"{name} ({scheme})") if one.impact != "minor"]
        assert not found, "\n".join(map(str, found))
    window.scheme("light")
    window.resize(NARROW, HEIGHT)
    assert window.width_needed() <= NARROW, name
    window.resize(WIDE, HEIGHT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_made_in_the_browser_is_for_everybody(window: Examined, language: str, tmp_path: Path) -> None:
    said = LANGUAGES[language]
    (tmp_path / "a.bin").write_bytes(os.urandom(3 * MIB))
    with running_world() as world:
        words = _sent(world, window, said, tmp_path / "a.bin")
        world.settled(window, said.read, said.opened)
        judge("reading", window)
        window.fill(said.words, "one")
        window.click(said.answer)
        wait_for("the problem", lambda: bool(window._page.query_selector("[aria-invalid=true]")))
        judge("reading, put right", window)
        thread = world.bureau.open(world.intake.envelopes[0]).head.thread_id
        question = Question(bytes(range(8)), "More?", ("Yes", "No"))
        for note in (Acknowledgement(1, 3, world.bureau.day), Reply("We look into it."), question):
            world.bureau.reply(thread, note)
        world.intake.issue()
        window.fill(said.words, " ".join(words))
        window.click(said.answer)
        wait_for("the answers", lambda: "We look into it." in window.text())
        judge("answers", window)


def _sent(world: World, window: Examined, said: Said, file: Path) -> list[str]:
    """A report through every state of its page. Returns its twelve words."""
    world.settled(window, said.report, said.sealed)
    judge("report", window)
    window.click(said.send)
    wait_for("the problem", lambda: bool(window._page.query_selector("[aria-invalid=true]")))
    judge("report, put right", window)
    window.fill(said.what, "What I saw on the fourth floor")
    window.attach(said.choose, [file])
    words = window.words()
    world.intake.refuse = ("POST", "not_ready", 503)
    window.click(said.send)
    wait_for("the line to be told", lambda: said.broken in window.text())
    judge("report, on its way", window)
    world.intake.refuse = None
    wait_for("the next page", lambda: said.sent in window.text())
    judge("sent", window)
    return words
