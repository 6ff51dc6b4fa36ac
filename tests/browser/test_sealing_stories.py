"""The whole dialogue, sealed and opened in the browser: Chromium, Firefox ESR, and Firefox as at "Safer"."""

from pathlib import Path

import pytest

from dropbox.protocol.receipt import parse_receipt
from dropbox.protocol.reply import Acknowledgement, CaseStatus, Question, Reply, Status
from dropbox.reporter.transport import Request
from tests.browser.driver import wait_for
from tests.browser.sealing import KINDS, jpeg, png, running_world, window_of

TEXT = "De facturen van de kanselarij kloppen niet."
SECRET = b"52.0705 N, 4.3007 E"


@pytest.mark.timeout(900)  # stops a test that hangs
@pytest.mark.parametrize("kind", ["chromium", *KINDS])
def test_a_dialogue_of_which_the_host_gets_nothing_but_ciphertext(kind: str, tmp_path: Path) -> None:
    big = bytes(range(256)) * 20_000  # some chunks of 1 MiB
    files = {"foto.jpg": jpeg(SECRET), "schema.png": png(SECRET), "bijlage.bin": big}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with running_world() as world, window_of(kind, tmp_path) as browser:
        world.settled(browser, "/nl/melden", "Verzegeld in uw browser.")
        words = browser.words()
        assert len(words) == 12
        browser.fill("Wat is er gebeurd?", TEXT)
        browser.attach("Kies bestanden", [tmp_path / name for name in files])
        # Firefox is given one file after the other: what is said of all comes last.
        wait_for("the size of all", lambda: "een verzegeld pakket van 8 MB" in browser.text())
        browser.expect("foto.jpg is een foto.", "schema.png is een afbeelding.")
        browser.click("Verzegelen en versturen")
        wait_for("the next page", lambda: "Uw melding is verzegeld en verstuurd" in browser.text())
        browser.expect("Uw tekst en 3 bestanden zijn heel aangekomen.", "Alleen het bureau kan dit openen.")
        assert browser.words() == words
        opened = world.bureau.open(world.intake.envelopes[0])
        assert (opened.message.text, opened.message.language, opened.authentic) == (TEXT, "nl", True)
        assert [name for name, _ in opened.files] == [*files]
        assert opened.files[2][1] == big
        for _, content in opened.files[:2]:
            assert SECRET not in content
        assert opened.files[0][1].endswith(b"picture\xff\x00data\xff\xd0more\xff\xd9")

        thread = opened.head.thread_id
        question = Question(bytes(range(8)), "Speelt het nog?", ("Ja, nog steeds", "Nee"))
        said = (
            Acknowledgement(1, 3, world.bureau.day), Status(CaseStatus.ASSESSING, ""), Reply("Wij zoeken het uit."),
            question,
        )  # fmt: skip
        for note in said:
            world.bureau.reply(thread, note)
        world.intake.issue()
        world.intake.seen.clear()
        world.settled(browser, "/nl/antwoord", "Geopend in uw browser.")
        browser.fill("Uw twaalf woorden", ", ".join(words).upper())
        browser.click("Antwoord lezen")
        wait_for("the answers", lambda: "Wij zoeken het uit." in browser.text())
        browser.expect("Het bureau heeft 1 bericht van u geopend", "Speelt het nog?", "De volgende")
        browser.tick("Ja, nog steeds")
        browser.fill("Uw bericht aan het bureau", "Er is meer.")
        browser.click("Verzegelen en versturen")
        wait_for("the next page", lambda: "Uw bericht is verzegeld en verstuurd" in browser.text())
        world.bureau.knows(parse_receipt(" ".join(words)))
        later = world.bureau.open(world.intake.envelopes[1])
        assert (later.message.text, later.message.answers) == ("Er is meer.", ((bytes(range(8)), "Ja, nog steeds"),))
        assert (later.head.first, later.authentic) == (False, True)
        assert world.requests() == [
            "GET bulletin", "GET boards", "GET publication", "GET bulletin", "PUT uploads",
        ]  # fmt: skip
        assert not [one for one in world.intake.seen if _holds(one, words)]
        assert not browser.cookies()


def _holds(request: Request, words: list[str]) -> bool:
    body = request.body
    return TEXT.encode() in body or SECRET in body or " ".join(words).encode() in body or b"Er is meer" in body
