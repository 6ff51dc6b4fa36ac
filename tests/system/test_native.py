"""The native client against the real processes: reported, opened by the desk, answered, read and answered again."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

import pytest

from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.receipt import fingerprint_words
from dropbox.torlink.addresses import SocksAddress
from tests.browser.driver import wait_for
from tests.browser.windows import OpenWindow
from tests.native.conftest import ONION, tor_running
from tests.native.person import Person, sitting
from tests.simulators.socks import SimulatedTor
from tests.system import traces
from tests.system.demo import Demo
from tests.system.people import Handler

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time


def leaflet(demo: Demo, folder: Path, address: str) -> Path:
    """What stands on the leaflet of a running instance, as a file."""
    text = (demo.folder / "gateway.toml").read_text()
    digits = next(line.split('"')[1] for line in text.splitlines() if line.startswith("root_key"))
    words = fingerprint_words(RootPublicKey.from_hex(digits).fingerprint)
    file = folder / "leaflet.txt"
    file.write_text(f"address: {address}\nfingerprint: {' '.join(words)}\n")
    return file


def answered(handler: Handler, text: str, reply: str) -> None:
    """Find the case with a text at the desk and reply to it."""

    def found() -> bool:
        for number in handler.cases():
            handler.open_case(number)
            if text in handler.browser.text():
                return True
            handler.browser.open(handler.inbox)
        handler.browser.open(handler.inbox)
        return False

    wait_for("the case", found, 120)
    if reply:
        handler.preview_reply(reply)
        handler.publish()


def read(person: Person, words: list[str]) -> None:
    person.answers("Wilt u ze wel zien?", "1")
    person.answers("Typ uw twaalf woorden op één regel", " ".join(words))


def test_a_dialogue_from_a_terminal(demo: Demo, open_chromium: OpenWindow, people_folder: Path) -> None:
    first, reply, second = (f"{word} {token_hex(8)}" for word in ("garage", "dank", "chauffeur"))
    file = people_folder / "factuur.bin"
    file.write_bytes(os.urandom(2_500_000))
    tor, socks = SimulatedTor({ONION.name: int(demo.reporter.rpartition(":")[2])}), people_folder / "socks"
    handler = Handler(demo, open_chromium())
    given = ("--language", "nl", "--socks", f"unix:{socks}", "--leaflet", str(leaflet(demo, people_folder, ONION.name)))
    with tor_running(tor, SocksAddress(path=str(socks))):
        with sitting("report", *given, folder=people_folder) as person:
            words = reported(person, first, file)
        handler.sign_in()
        answered(handler, first, reply)

        def read_it() -> bool:
            with sitting("read", *given, folder=people_folder) as person:
                read(person, words)
                said = person.expects("Wilt u antwoorden")
                person.types("1")
                assert person.ends() == 0
            return reply in said

        wait_for("the reply", read_it, 120)
        with sitting("answer", *given, folder=people_folder) as person:
            read(person, words)
            person.answers("Wilt u antwoorden", "2")
            person.answers("eigen regel", second, ".")
            person.answers("Is uw tekst klaar?", "1")
            person.answers("Waar staat het bestand?", "")
            person.answers("Nu versturen?", "1")
            person.expects("Een behandelaar van het bureau leest")
            assert person.ends() == 0
        handler.browser.open(handler.inbox)
        answered(handler, second, "")
        assert first in handler.browser.text(), "not the same case"
    own = [one for one in traces.below(people_folder) if one.parent == people_folder]
    assert not traces.search(own, [first, reply, second, " ".join(words)])


def reported(person: Person, text: str, file: Path) -> list[str]:
    """A first report in Dutch; gives the words that were on the screen."""
    person.answers("Hebt u al twaalf woorden", "1")
    words = person.takes_new_words_in("Staan de woorden op papier?", "gevraagd.", "van uw papier", "Goed.")
    person.answers("Waar gaat het over?", "7")
    person.answers("eigen regel", text, ".")
    person.answers("Is uw tekst klaar?", "1")
    person.answers("Gaat het nog door?", "")
    person.answers("Wie mag dit niet horen?", "")
    person.answers("Waar staat het bestand?", str(file))
    person.answers("Waar staat het bestand?", "")
    person.expects("een verzegeld pakket van 4 MB")
    person.answers("Nu versturen?", "1")
    person.expects("Binnen 7 dagen")
    assert person.ends() == 0
    return words
