"""The native client through real circuits, to a real onion service: reported, read, answered, a sealed file sent."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest

from tests.browser.driver import wait_for
from tests.browser.windows import OpenWindow
from tests.native.person import sitting
from tests.onion.conftest import Reachable
from tests.onion.desk import cases_with, download, wait_for_all
from tests.onion.test_uploads import stored
from tests.onion.through_tor import PATIENCE
from tests.system import traces
from tests.system.people import Handler
from tests.system.scenes import digest
from tests.system.test_native import answered, leaflet, read, reported

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time

MIB: Final = 1 << 20


def arguments(instance: Reachable, folder: Path) -> tuple[str, ...]:
    """Tor's socket and the leaflet, as a reporter has both."""
    paper = leaflet(instance.demo, folder, instance.host)
    return "--socks", f"127.0.0.1:{instance.visitors.socks}", "--leaflet", str(paper)


def test_a_dialogue_from_a_terminal_over_an_onion_address(
    shared: Reachable, open_chromium: OpenWindow, people_folder: Path
) -> None:
    first, reply, second = (f"{word} {token_hex(8)}" for word in ("garage", "dank", "chauffeur"))
    file = people_folder / "factuur.bin"
    file.write_bytes(os.urandom(2_500_000))
    handler, given = Handler(shared.demo, open_chromium()), arguments(shared, people_folder)
    with sitting("report", "--language", "nl", *given, folder=people_folder, within=PATIENCE) as person:
        words = reported(person, first, file)
    handler.sign_in()
    answered(handler, first, reply)
    assert [digest(one) for one in download(handler, cases_with(handler, first)[0])] == [digest(file)]

    def read_it() -> bool:
        with sitting("read", "--language", "nl", *given, folder=people_folder, within=PATIENCE) as person:
            read(person, words)
            said = person.expects("Wilt u antwoorden")
            person.types("1")
            assert person.ends() == 0
        return reply in said

    wait_for("the reply", read_it, PATIENCE)
    with sitting("answer", "--language", "nl", *given, folder=people_folder, within=PATIENCE) as person:
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


def test_a_sealed_file_whose_circuit_is_closed_half_way_goes_on_and_arrives_once(
    shared: Reachable, open_chromium: OpenWindow, people_folder: Path
) -> None:
    text, film, made = f"film {token_hex(8)}", people_folder / "film.bin", people_folder / "verzegeld"
    film.write_bytes(os.urandom(30 * MIB))
    given = ("--language", "en", *arguments(shared, people_folder))
    keys = people_folder / "sleutels"
    with sitting("keys", str(keys), *given, folder=people_folder, within=PATIENCE) as person:
        person.expects("You can seal with them until")
        assert person.ends() == 0
    nowhere = ("--language", "en", "--socks", f"unix:{people_folder}/nowhere", "--leaflet", given[-1])
    with sitting("seal", str(made), "--keys", str(keys), *nowhere, folder=people_folder) as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.writes(text)
        person.answers("Where is the file?", str(film))
        person.answers("Where is the file?", "")
        person.expects("It must come in by")
        assert person.ends() == 0
    store = shared.demo.folder / "intake"
    before = stored(store)
    with sitting("send", str(made), *given, folder=people_folder, within=PATIENCE) as person:
        person.expects("Sending the sealed file.")
        wait_for("part of the file", lambda: stored(store) > before + 2 * MIB, PATIENCE)
        assert shared.close_circuits(), "nothing was interrupted"
        person.expects("Sent. The reporting point has all of it")
        assert person.ends() == 0
        assert "Trying again by another way." in " ".join(person.seen.split())
    with sitting("resume", str(made), *given, folder=people_folder, within=PATIENCE) as person:
        person.expects("All of this file was there already")
        assert person.ends() == 0
    handler = Handler(shared.demo, open_chromium())
    handler.sign_in()
    wait_for_all(handler, shared)
    (number,) = cases_with(handler, text)
    assert [digest(one) for one in download(handler, number)] == [digest(film)]
