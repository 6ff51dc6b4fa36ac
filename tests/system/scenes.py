"""The scenes of the whole story in Dutch, by clicking pages in a browser with JavaScript off.

At the end everything that was written anywhere is searched for what was planted.
"""

import hashlib
import os
import random
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dropbox.protocol.receipt import Receipt, parse_receipt
from tests.browser.driver import wait_for
from tests.browser.windows import OpenWindow
from tests.system import traces
from tests.system.demo import Demo
from tests.system.people import Coordinator, Handler, Reporter

LARGE: Final = 30_000_000
NASTY_NAME: Final = '..\\..\\nota \u202egpj.één; "x".exe'
NOTHING_YET: Final = "Nog niets voor deze woorden"


def planted(word: str) -> str:
    """Return a text that stands nowhere else in the world."""
    return f"{word}{secrets.token_hex(12)}"


@dataclass
class Planted:
    """What people write and send; none of it may be found in plain text afterwards."""

    report: str = field(default_factory=lambda: planted("melding"))
    keep_from: str = field(default_factory=lambda: planted("chef"))
    second: str = field(default_factory=lambda: planted("aanvulling"))
    third: str = field(default_factory=lambda: planted("wederwoord"))
    reply: str = field(default_factory=lambda: planted("antwoord"))
    summary: str = field(default_factory=lambda: planted("kaart"))
    outcome: str = field(default_factory=lambda: planted("maatregel"))
    content: str = field(default_factory=lambda: planted("bestand"))
    small: str = field(default_factory=lambda: planted("klein"))

    def all(self) -> list[str]:
        """Return every planted text."""
        return [*vars(self).values()]


@dataclass
class Scene:
    """Everybody in the story."""

    demo: Demo
    reporter: Reporter
    handler: Handler
    coordinator: Coordinator
    planted: Planted
    files: list[Path]
    case: str = ""


def everybody(demo: Demo, open_window: OpenWindow, people_folder: Path) -> Scene:
    """Put everybody before a window.

    The desk and the inbox are in one browser: that is how the demo is looked at, and neither may disturb the other.
    """
    bureau = open_window()
    plant = Planted()
    return Scene(
        demo, Reporter(demo, open_window()), Handler(demo, bureau), Coordinator(demo, bureau), plant,
        files_to_send(people_folder, plant),
    )  # fmt: skip


def files_to_send(folder: Path, plant: Planted) -> list[Path]:
    """A large file with the planted text every few pages, and a small one whose name is an attack."""
    large = bytearray(random.Random(plant.content).randbytes(LARGE))
    for place in range(0, LARGE, 1 << 20):
        large[place : place + len(plant.content)] = plant.content.encode()
    files = [folder / "afschriften.pdf", folder / NASTY_NAME]
    files[0].write_bytes(large)
    files[1].write_text(plant.small)
    return files


def play(scene: Scene, people_folder: Path) -> None:
    """Play the whole story."""
    start = time.time()
    reads_how_it_works(scene)
    reports_with_files(scene)
    loses_nothing_by_reload_and_back(scene)
    adds_with_the_words_from_before(scene)
    bureau_reads_and_downloads(scene)
    bureau_replies(scene)
    wrong_words_are_told_apart_as_far_as_can_be(scene)
    reporter_reads_and_answers(scene)
    bureau_reads_the_answer_in_the_same_case(scene)
    bureau_refers_to_the_ministry(scene)
    ministry_answers(scene)
    bureau_passes_it_on(scene)
    assert not scene.reporter.browser.cookies()
    nothing_is_left_in_plain_text(scene, people_folder, start)


def reads_how_it_works(scene: Scene) -> None:
    browser = scene.reporter.browser
    browser.open(scene.demo.reporter + "/")
    browser.expect(
        "Meld wat er mis is, zonder uw naam te noemen", "Nu in gevaar?", "Geen cookies. Alles werkt ook zonder scripts."
    )
    browser.follow("Hoe het werkt, en waartegen wij u niet kunnen beschermen")
    browser.expect("Waartegen wij u niet kunnen beschermen", "Uw eigen woorden.")
    browser.follow("Iets melden")
    browser.expect("1. Schrijf deze twaalf woorden nu op")


def reports_with_files(scene: Scene) -> None:
    reporter, browser = scene.reporter, scene.reporter.browser
    shown = browser.words()
    assert len(shown) == 12
    text = f"De kasboeken kloppen niet.\n{scene.planted.report} staat in de afschriften die ik meestuur."
    reporter.report(text, scene.planted.keep_from, scene.files)
    browser.expect("Uw melding is verzegeld en verstuurd", "Uw tekst en 2 bestanden zijn heel aangekomen.")
    assert browser.words() == shown == reporter.paper


def loses_nothing_by_reload_and_back(scene: Scene) -> None:
    reporter, browser = scene.reporter, scene.reporter.browser
    browser.reload()
    browser.expect("Uw melding is verzegeld en verstuurd")
    assert browser.words() == reporter.paper
    browser.back()
    browser.expect("2. Vertel wat er is gebeurd")
    assert not browser.cookies()


def adds_with_the_words_from_before(scene: Scene) -> None:
    reporter, browser = scene.reporter, scene.reporter.browser
    reporter.open_form()
    assert browser.words() != reporter.paper
    reporter.report_with_my_words(f"Nog iets: {scene.planted.second}")
    browser.expect("Uw bericht is verzegeld en verstuurd")
    assert browser.words() == reporter.paper


def bureau_reads_and_downloads(scene: Scene) -> None:
    handler, browser = scene.handler, scene.handler.browser
    handler.sign_in()
    browser.expect("Meldingen")
    browser.reload_until(handler.inbox, "2 berichten", "2 bestanden")
    browser.expect("1 open zaak")
    (scene.case,) = handler.cases()
    handler.open_case(scene.case)
    browser.expect(scene.planted.report, scene.planted.second, scene.planted.keep_from, "Fraude of diefstal")
    downloaded = browser.fetch_each("Downloaden")
    assert sorted(map(digest, downloaded)) == sorted(map(digest, scene.files))


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def bureau_replies(scene: Scene) -> None:
    handler, browser = scene.handler, scene.handler.browser
    handler.preview_reply(f"Dank voor uw melding.\n{scene.planted.reply}: om welk jaar gaat het?")
    browser.expect("Zo leest de melder het", "Bericht van het bureau", scene.planted.reply, "van hoogstens 8 vakken")
    handler.publish()
    browser.expect("Verzegeld. Het gaat mee met het volgende bord, op de vaste tijd.", scene.planted.reply)


def wrong_words_are_told_apart_as_far_as_can_be(scene: Scene) -> None:
    reporter, browser = scene.reporter, scene.reporter.browser
    mistyped = [*reporter.paper]
    mistyped[4] = "olifant"
    reporter.read(mistyped)
    browser.expect("Er is een probleem", "Woord 5 bestaat niet in onze woordenlijst.")
    assert browser.value("Uw twaalf woorden").split() == mistyped
    reporter.read(Receipt(os.urandom(15)).words())
    browser.expect(NOTHING_YET, "Kijk elk woord na op uw papier.")


def reporter_reads_and_answers(scene: Scene) -> None:
    reporter, browser = scene.reporter, scene.reporter.browser
    wait_for("the reply", lambda: scene.planted.reply in reporter.read())
    browser.expect(
        "Het bureau heeft 2 berichten van u geopend", "Daar zaten 2 bestanden bij.", "om welk jaar gaat het?"
    )
    assert scene.planted.report not in browser.html, "what was sent must not be readable with the words"
    reporter.answer(f"Het gaat om vorig jaar. {scene.planted.third}")
    browser.expect("Uw bericht is verzegeld en verstuurd")
    assert browser.words() == reporter.paper


def bureau_reads_the_answer_in_the_same_case(scene: Scene) -> None:
    handler, browser = scene.handler, scene.handler.browser
    browser.reload_until(handler.inbox, "3 berichten", "2 bestanden")
    browser.expect("1 open zaak", "1 nieuw")
    assert handler.cases()[0].startswith(scene.case)
    handler.open_case(scene.case)
    browser.expect(scene.planted.third, scene.planted.reply)


def bureau_refers_to_the_ministry(scene: Scene) -> None:
    handler, browser = scene.handler, scene.handler.browser
    handler.open_card()
    handler.fill_card("De melder schrijft: de kasboeken kloppen niet, dat staat in de afschriften die ik meestuur.")
    browser.expect("Er is een probleem", "Toestemming:", "staat in de afschriften die")
    handler.fill_card(f"Bij een vestiging wijken ontvangsten af. {scene.planted.summary}", "Ja, dat mag.")
    browser.expect("Zo leest het ministerie het", scene.planted.summary, "Afrika")
    handler.release_card()
    browser.expect("De kaart is ondertekend en verzegeld.")


def ministry_answers(scene: Scene) -> None:
    coordinator, browser = scene.coordinator, scene.coordinator.browser
    coordinator.sign_in()

    def card() -> str:
        browser.open(coordinator.inbox)
        return "".join(coordinator.cards())

    coordinator.open_card(wait_for("the card", card))
    browser.expect(scene.planted.summary, "Geen navraag ter plaatse.", "Fraude of diefstal")
    for text in (scene.case, scene.planted.report, scene.planted.keep_from, "afschriften.pdf"):
        assert text not in browser.html
    coordinator.received()
    coordinator.measure_taken(f"De werkwijze is aangepast. {scene.planted.outcome}")
    browser.expect(scene.planted.outcome)


def bureau_passes_it_on(scene: Scene) -> None:
    handler, browser, reporter = scene.handler, scene.handler.browser, scene.reporter
    handler.open_case(scene.case)  # still signed in: the inbox's session is another one
    browser.reload_until(browser.address, scene.planted.outcome)
    browser.follow_last("Hiermee een antwoord beginnen")
    assert scene.planted.outcome in browser.value("Tekst")
    browser.follow("Voorbeeld")
    handler.publish()
    wait_for("the outcome", lambda: scene.planted.outcome in reporter.read())
    reporter.browser.expect(
        "Het ministerie heeft na uw melding een maatregel genomen.", "een verandering in de organisatie"
    )
    handler.browser.open(handler.inbox)
    handler.browser.expect("1 open zaak", "3 berichten", "2 bestanden")


def nothing_is_left_in_plain_text(scene: Scene, people_folder: Path, start: float) -> None:
    receipt = parse_receipt(" ".join(scene.reporter.paper))
    words, digits = receipt.words(), receipt.digits()
    wanted = [
        *scene.planted.all(), " ".join(words), "\n".join(words), ",".join(words), " ".join(words[:4]), digits,
        digits.replace(" ", ""), receipt.entropy.hex(),
    ]  # fmt: skip
    host = scene.demo.folder.parent
    assert traces.found_in(scene.files[0], wanted) == [scene.planted.content], "the search itself must find things"
    assert not traces.search(traces.below(host), wanted), "while it runs"
    assert scene.demo.stop() == 0
    assert not traces.search(traces.below(host), wanted), "after it has ended"
    assert not traces.search(traces.temporary_since(start, people_folder, host), wanted)
