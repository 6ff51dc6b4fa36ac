"""The people of the story: what each does, by the words on the pages, in either language.

Pages' words are looked up as the pages do, so that the same people walk through both languages; what the story
promises stands in the tests in plain Dutch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dropbox.web.catalogues import translations
from dropbox.web.languages import DUTCH, Language
from tests.browser.driver import Browser
from tests.system.demo import Demo


@dataclass
class Person:
    """Somebody with a browser, who reads one language."""

    demo: Demo
    browser: Browser
    language: Language = DUTCH
    package: str = field(default="dropbox.web", init=False)

    def __post_init__(self) -> None:
        """Learn the language."""
        self._words = translations(self.package, self.language)

    def say(self, text: str, **values: object) -> str:
        """Return what a page calls this."""
        said = self._words.gettext(text)
        assert self.language.code == "en" or said != text or len(text.split()) < 2, f"not translated: {text}"
        return said % values if values else said


@dataclass
class Reporter(Person):
    """Somebody at a post. `paper` holds the twelve words, copied from the page."""

    package: str = field(default="dropbox.gateway", init=False)
    paper: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Come to the first page."""
        self.browser.open(f"{self.demo.reporter}/{self.language.code}/")

    def open_form(self) -> None:
        """Go to the report form, from the first page."""
        self.begin()
        self.browser.follow(self.say("Report something"))

    def report(self, text: str, keep_from: str = "", files: Sequence[Path] = ()) -> None:
        """Fill in the form that is open, writing down its words, and send it."""
        self.paper = self.browser.words()
        self.browser.choose(self.say("What is it about?"), self.say("Fraud or theft"))
        self.browser.fill(self.say("What happened?"), text)
        self.browser.tick(self.say("Yes, it is still going on"))
        self.browser.fill(self.say("Who must not hear of this?"), keep_from)
        if files:
            self.browser.attach(self.say("Choose files"), files)
        self.browser.submit(self.say("Seal and send"))

    def report_with_my_words(self, text: str) -> None:
        """Send the form that is open under the words on paper."""
        self.browser.press(self.say("I already have twelve words"))
        self.browser.fill(self.say("Your twelve words from before"), " ".join(self.paper))
        self.browser.fill(self.say("What happened?"), text)
        self.browser.submit(self.say("Seal and send"))

    def open_reading(self) -> None:
        """Go to the page that asks for the words, from the first page."""
        self.begin()
        self.browser.follow(self.say("Read the answer"))

    def read(self, words: Sequence[str] = ()) -> str:
        """Type the words, by default those on paper, and return what the page says."""
        self.open_reading()
        self.browser.fill(self.say("Your twelve words"), " ".join(words or self.paper))
        self.browser.submit(self.say("Read the answer"))
        return self.browser.text()

    def answer(self, text: str) -> None:
        """Answer on the page that shows the dialogue."""
        self.browser.fill(self.say("Your message to the bureau"), text)
        self.browser.submit(self.say("Seal and send"))


@dataclass
class Handler(Person):
    """A handler at the bureau's desk."""

    package: str = field(default="dropbox.bureau", init=False)

    @property
    def inbox(self) -> str:
        """The address of the list of reports."""
        return f"{self.demo.desk}/{self.language.code}/"

    def sign_in(self) -> None:
        """Sign in with the demo's account."""
        self.browser.open(self.inbox)
        self.browser.fill(self.say("Name"), self.demo.endpoints["desk_user"])
        self.browser.fill(self.say("Password"), self.demo.endpoints["desk_password"])
        self.browser.submit(self.say("Sign in"))

    def cases(self) -> list[str]:
        """Return the numbers of the cases on the list of reports."""
        return self.browser.in_tables()

    def open_case(self, number: str) -> None:
        """Open a case from the list."""
        self.browser.open(self.inbox)
        self.browser.follow(number)

    def preview_reply(self, text: str) -> None:
        """Write a reply in the case that is open and see what it will look like."""
        self.browser.fill(self.say("Reply"), text)
        self.browser.submit(self.say("Preview"))

    def publish(self) -> None:
        """Send what the preview shows."""
        self.browser.submit(self.say("Seal and publish"))

    def open_card(self) -> None:
        """Begin a card for the case that is open."""
        self.browser.follow(self.say("Refer to the ministry: write a card"))

    def fill_card(self, summary: str, consent: str = "") -> None:
        """Fill in the card and have it checked."""
        browser = self.browser
        browser.choose(self.say("Region"), self.say("Africa"))
        browser.choose(self.say("What it is about"), self.say("Fraud or theft"))
        browser.choose(self.say("Staff category"), self.say("Local staff"))
        browser.fill(self.say("When it happened"), "2026")
        browser.fill(self.say("Kind of evidence"), "document")
        browser.fill(self.say("Summary"), summary)
        browser.tick(self.say("2: serious"))
        browser.fill(self.say("What the bureau asks"), "Onderzoek de afdrachten van de regio.")
        browser.fill(self.say("What the ministry must not do"), "Geen navraag ter plaatse.")
        if consent:
            browser.tick(self.say("The reporter agrees that a card like this goes to the ministry."))
            browser.fill(self.say("In these words of theirs"), consent)
        browser.submit(self.say("Check and preview"))

    def release_card(self) -> None:
        """Release the card that the preview shows."""
        self.browser.submit(self.say("Sign and release"))


@dataclass
class Coordinator(Person):
    """The ministry's integrity coordinator."""

    package: str = field(default="dropbox.ministry", init=False)

    @property
    def inbox(self) -> str:
        """The address of the list of cards."""
        return f"{self.demo.ministry}/{self.language.code}/"

    def sign_in(self) -> None:
        """Sign in with the demo's account."""
        self.browser.open(self.inbox)
        self.browser.fill(self.say("Name"), self.demo.endpoints["ministry_user"])
        self.browser.fill(self.say("Password"), self.demo.endpoints["ministry_password"])
        self.browser.submit(self.say("Sign in"))

    def cards(self) -> list[str]:
        """Return the codes of the cards on the list."""
        return self.browser.in_tables()

    def open_card(self, code: str) -> None:
        """Open a card from the list."""
        self.browser.open(self.inbox)
        self.browser.follow(code)

    def received(self) -> None:
        """Answer that the card was received, on the card that is open."""
        self.browser.tick(self.say("Received"))
        self.browser.submit(self.say("Seal this answer"))

    def measure_taken(self, text: str) -> None:
        """Answer that a measure was taken, on the card that is open."""
        self.browser.tick(self.say("A measure was taken"))
        self.browser.choose(self.say("Kind of measure"), self.say("Change in the organisation"))
        self.browser.fill(self.say("Your words to the bureau"), text)
        self.browser.submit(self.say("Seal this answer"))
