"""A walk past every page of the reporter's site, the desk and the inbox, with something on each.

Whoever takes the walk is told at every page what it is called and which window shows it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from dropbox.web.languages import Language
from tests.browser.axe import Examined
from tests.browser.driver import wait_for
from tests.system.demo import Demo
from tests.system.people import Coordinator, Handler, Reporter
from tests.system.poison import poison

Visit = Callable[[str, Examined], None]
OpenExamined = Callable[[], Examined]

_TEXT: Final = {
    "nl": "Sinds het voorjaar wordt op onze post geld van de visumkas apart gehouden. De kassier telt elke vrijdag "
    "twee keer: één keer met de bonnen, en één keer zonder.\n\nIk heb dit zelf drie keer gezien. De foto is van het "
    "kasboek. Ik ben bang dat ik mijn baan verlies als dit uitkomt.",
    "en": "Since spring, money of the visa desk has been kept apart at our post. The cashier counts twice each Friday: "
    "once with the receipts, and once without.\n\nI saw this three times myself. The photo shows the cash book. I fear "
    "for my job if this comes out.",
}
_KEEP_FROM: Final = {"nl": "Het hoofd van de afdeling, en zijn zus bij de HR-dienst", "en": "The head of section"}
_REPLY: Final = {
    "nl": "Dank voor uw melding. Wij nemen haar in behandeling.\n\nTwee vragen: sinds welke maand ziet u dit? En weet "
    "iemand op de post dat u de foto's hebt gemaakt?",
    "en": "Thank you for your report.\n\nSince which month have you seen this? Does anybody know about the photos?",
}
_QUESTION: Final = {
    "nl": "Mogen wij een samenvatting in andere woorden naar de integriteitscoördinator sturen?",
    "en": "May we send a summary in other words to the integrity coordinator?",
}
_ANSWER: Final = {"nl": "Sinds april. Niemand weet van de foto's.", "en": "Since April. Nobody knows of the photos."}
_SUMMARY: Final = {
    "nl": "Volgens een melding komt bij een vestiging in de regio een deel van de ontvangsten niet in de boeken. "
    "Er is beeld van de administratie. Het bureau acht de melding geloofwaardig.",
    "en": "According to a report, part of the takings of an office in the region is left out of the books. There are "
    "pictures of the records. The bureau finds this credible.",
}
_OUTCOME: Final = {
    "nl": "De kascontrole in de hele regio is verscherpt. Voortaan tellen twee mensen.",
    "en": "Cash controls in the whole region are stricter. From now on two people count.",
}


class Tour:
    """One walk in one language."""

    def __init__(self, demo: Demo, language: Language, open_window: OpenExamined, visit: Visit) -> None:
        """Bring the people."""
        self.code = language.code
        self.reporter = Reporter(demo, open_window(), language)
        self.handler = Handler(demo, open_window(), language)
        self.coordinator = Coordinator(demo, open_window(), language)
        self._visit = visit

    def walk(self, files: list[Path]) -> None:
        """Take the whole walk; `files` go with the report."""
        self._public_pages()
        self._report(files)
        self._desk()
        self._reading()
        self._card()
        self._ministry()
        self._last_pages()

    def _see(self, name: str, person: Reporter | Handler | Coordinator) -> None:
        window = person.browser
        assert isinstance(window, Examined)
        self._visit(name, window)

    def first_page(self) -> None:
        """Go no further than the first page."""
        self.reporter.begin()
        self._see("reporter-start", self.reporter)

    def _public_pages(self) -> None:
        reporter, browser = self.reporter, self.reporter.browser
        self.first_page()
        browser.follow(reporter.say("How it works"))
        self._see("reporter-how", reporter)
        browser.open(f"{reporter.demo.reporter}/{self.code}/nothing-here")
        self._see("reporter-missing", reporter)

    def _report(self, files: list[Path]) -> None:
        reporter, browser = self.reporter, self.reporter.browser
        reporter.open_form()
        self._see("reporter-report", reporter)
        browser.submit(reporter.say("Seal and send"))
        self._see("reporter-report-refused", reporter)
        reporter.open_form()
        reporter.report(_TEXT[self.code], _KEEP_FROM[self.code], files)
        self._see("reporter-receipt", reporter)
        browser.submit(reporter.say("Show them as a QR code"))
        self._see("reporter-qr", reporter)
        reporter.open_reading()
        self._see("reporter-read", reporter)
        reporter.read([*reporter.paper[:11], "abandonn"])
        self._see("reporter-read-refused", reporter)

    def _desk(self) -> None:
        handler, browser = self.handler, self.handler.browser
        browser.open(handler.inbox)
        self._see("desk-sign-in", handler)
        handler.sign_in()
        number = wait_for("the report", self._newest_case)
        self._see("desk-inbox", handler)
        poison(handler.demo)
        wait_for("the envelope that does not open", lambda: self._reload(handler, handler.say("Why it does not open")))
        self._see("desk-failures", handler)
        browser.follow(number)
        handler.preview_reply(_REPLY[self.code])
        self._see("desk-preview", handler)
        handler.publish()
        self._see("desk-case-published", handler)
        for place, words in enumerate(("Write a reply", "Say where the case stands", "Write a notice")):
            browser.follow(handler.say(words))
            self._see(f"desk-write-{place + 1}", handler)
            browser.back()
        browser.follow(handler.say("Ask a question with fixed answers"))
        self._see("desk-question", handler)
        browser.fill(handler.say("Your question"), _QUESTION[self.code])
        browser.submit(handler.say("Preview"))
        self._see("desk-question-refused", handler)
        browser.fill(handler.say("Answer %(number)s", number=1), handler.say("Yes"))
        browser.fill(handler.say("Answer %(number)s", number=2), handler.say("No"))
        browser.submit(handler.say("Preview"))
        self._see("desk-question-preview", handler)
        handler.publish()

    def _newest_case(self) -> str:
        self.handler.browser.open(self.handler.inbox)
        numbers = self.handler.cases()
        return numbers[0] if numbers else ""

    def _reading(self) -> None:
        reporter, handler = self.reporter, self.handler
        wait_for("the reply", lambda: _REPLY[self.code].split("\n")[0] in reporter.read())
        question = reporter.say("Question from the bureau")
        wait_for("the question", lambda: question in reporter.read())
        self._see("reporter-answers", reporter)
        reporter.browser.submit(reporter.say("Seal and send"))
        self._see("reporter-answers-refused", reporter)
        wait_for("the question", lambda: question in reporter.read())
        reporter.answer(_ANSWER[self.code])
        self._see("reporter-answered", reporter)
        self._unknown_words()
        wait_for("the answer", lambda: self._reload(handler, _ANSWER[self.code]))
        self._see("desk-case", handler)

    def _unknown_words(self) -> None:
        spare = Reporter(self.reporter.demo, self.reporter.browser, self.reporter.language)
        spare.open_form()
        spare.read(spare.browser.words())
        self._see("reporter-nothing-yet", spare)

    @staticmethod
    def _reload(person: Handler | Coordinator, text: str) -> bool:
        person.browser.open(person.browser.address)
        return text in person.browser.text()

    def _card(self) -> None:
        handler, browser = self.handler, self.handler.browser
        handler.open_card()
        self._see("desk-card", handler)
        handler.fill_card(_SUMMARY[self.code])
        self._see("desk-card-refused", handler)
        handler.fill_card(_SUMMARY[self.code], handler.say("Yes"))
        self._see("desk-card-preview", handler)
        handler.release_card()
        browser.follow(handler.say("Discard as junk"))
        self._see("desk-discard", handler)
        browser.back()

    def _ministry(self) -> None:
        coordinator, browser = self.coordinator, self.coordinator.browser
        browser.open(coordinator.inbox)
        self._see("ministry-sign-in", coordinator)
        coordinator.sign_in()
        code = wait_for("the card", self._newest_card)
        self._see("ministry-inbox", coordinator)
        browser.follow(code)
        coordinator.received()
        self._see("ministry-card", coordinator)
        coordinator.measure_taken(_OUTCOME[self.code])
        self._see("ministry-card-answered", coordinator)
        browser.follow(coordinator.say("My password"))
        self._see("ministry-password", coordinator)

    def _newest_card(self) -> str:
        self.coordinator.browser.open(self.coordinator.inbox)
        codes = self.coordinator.cards()
        return codes[0] if codes else ""

    def _last_pages(self) -> None:
        handler, coordinator = self.handler, self.coordinator
        wait_for("the outcome", lambda: self._reload(handler, _OUTCOME[self.code]))
        self._see("desk-case-outcome", handler)
        handler.browser.follow(handler.say("My password"))
        self._see("desk-password", handler)
        for person, name in ((handler, "desk"), (coordinator, "ministry")):
            person.browser.submit(person.say("Sign out"))
            self._see(f"{name}-signed-out", person)


def example_files(folder: Path) -> list[Path]:
    """Two files for the report."""
    files = [folder / "kasboek-foto.jpg", folder / "overzicht visumkas 2026.xlsx"]
    for place, file in enumerate(files):
        file.write_bytes(bytes(range(256)) * 700 * (place + 1))
    return files
