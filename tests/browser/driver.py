"""What a person does in a browser, the same for both: open, read, fill in by label, press by name.

The drivers add the few primitives that differ. Everything is found as people find it, by the words on the page, so
that a story breaks when a label goes, not when a class name does.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

PATIENCE: Final = 240
"""Seconds after which waiting for something to show is a failure; a busy machine is slow, never that slow."""
POLL: Final = 0.2

Found = TypeVar("Found")


class NotOnPage(AssertionError):
    """The page lacks something that a person would look for; says what, and what is there instead."""


def literal(text: str) -> str:
    """Write a text as an XPath expression; XPath has no escapes."""
    if "'" not in text:
        return f"'{text}'"
    pieces = ', "\'", '.join(f"'{piece}'" for piece in text.split("'"))
    return f"concat({pieces})"


def wait_for(what: str, look: Callable[[], Found | None], patience: float = PATIENCE) -> Found:
    """Look until there is something, and return it."""
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise NotOnPage(what)
        time.sleep(POLL)


class Browser(ABC):
    """One window of one browser with a profile of its own."""

    def __init__(self, downloads: Path) -> None:
        """`downloads` is an empty folder for what is downloaded."""
        self.downloads = downloads

    # ------------------------------------------------------------------------------- what differs between browsers
    @abstractmethod
    def open(self, url: str) -> None:
        """Go to an address and wait until the page is there."""

    @abstractmethod
    def back(self) -> None:
        """Press Back."""

    @abstractmethod
    def reload(self) -> None:
        """Press Reload, and say yes when asked whether to send the form again."""

    @abstractmethod
    def new_circuit(self) -> None:
        """Load the page again past the cache, as Tor Browser's "New circuit for this site" does; say yes when asked."""

    @abstractmethod
    def run(self, expression: str) -> object:
        """Return what a script in the page gets for this expression."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The address of the page."""

    @property
    @abstractmethod
    def html(self) -> str:
        """The page's source as the browser has it now."""

    @abstractmethod
    def cookies(self) -> Sequence[Any]:
        """Every cookie that the browser holds, of whatever site."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Give the page this many pixels."""

    @abstractmethod
    def screenshot(self, file: Path) -> None:
        """Write the whole page as PNG."""

    @abstractmethod
    def close(self) -> None:
        """End; nothing is left running."""

    @abstractmethod
    def _texts(self, xpath: str) -> list[str]:
        """Return the visible text of every element."""

    @abstractmethod
    def _attribute(self, xpath: str, name: str) -> str:
        """Return an attribute of the first element."""

    @abstractmethod
    def _value(self, xpath: str) -> str:
        """Return what stands in a field now."""

    @abstractmethod
    def _press(self, xpath: str) -> None:
        """Click on something that changes this page."""

    @abstractmethod
    def _try(self, xpath: str) -> None:
        """Click on something that leads to a new page, whether that comes or not."""

    @abstractmethod
    def _follow(self, xpath: str) -> None:
        """Click on something that leads to a new page, and wait until that is there."""

    @abstractmethod
    def _write(self, xpath: str, text: str) -> None:
        """Put a text into a field, in place of what stands there."""

    @abstractmethod
    def _choose(self, xpath: str, option: str) -> None:
        """Choose an option of a list by its words."""

    @abstractmethod
    def _attach(self, xpath: str, files: Sequence[Path]) -> None:
        """Choose files."""

    @abstractmethod
    def _fetch(self, xpath: str) -> Path:
        """Click on something that downloads one file; return where it is when it is whole."""

    # ------------------------------------------------------------------------------------------ the same in both
    def text(self) -> str:
        """Return the page's visible text, in one line."""
        return " ".join(self._texts("//body")[0].split())

    def words(self) -> list[str]:
        """Return the twelve words that the page shows."""
        return [word.strip() for word in self._texts("//ol[@id='words']/li")]

    def in_tables(self) -> list[str]:
        """Return the names of the links in the page's tables."""
        return [name.strip() for name in self._texts("//table//a")]

    def follow(self, name: str) -> None:
        """Press the link or button of that name; a longer name that begins so will do."""
        self._follow(self._control(name))

    def follow_last(self, name: str) -> None:
        """Press the last of several links of that name."""
        self._follow(f"({self._exact(name)})[last()]")

    def submit(self, name: str) -> None:
        """Press the button of that name; the menu may have a link that is called the same."""
        self._follow(f"//button[normalize-space(.)={literal(name)}]")

    def try_to_submit(self, name: str) -> None:
        """Press the button of that name: the line is about to break, and no page of ours may come."""
        self._try(f"//button[normalize-space(.)={literal(name)}]")

    def press(self, name: str) -> None:
        """Open or close the part of the page of that name."""
        self._press(f"//summary[starts-with(normalize-space(.), {literal(name)})]")

    def click(self, name: str) -> None:
        """Press the button of that name, which changes this page."""
        self._press(f"//button[normalize-space(.)={literal(name)}]")

    def fetch(self, name: str) -> Path:
        """Download by the link or button of that name."""
        return self._fetch(self._control(name))

    def fetch_each(self, name: str) -> list[Path]:
        """Download by every link or button of that name."""
        found = f"//*[self::a or self::button][normalize-space(.)={literal(name)}]"
        return [self._fetch(f"({found})[{place}]") for place in range(1, len(self._texts(found)) + 1)]

    def fill(self, label: str, text: str) -> None:
        """Put a text into the field of that label."""
        self._write(self._field(label), text)

    def choose(self, label: str, option: str) -> None:
        """Choose from the list of that label."""
        self._choose(self._field(label), option)

    def tick(self, label: str) -> None:
        """Choose the radio button, or tick the box, of that label."""
        self._press(self._field(label))

    def attach(self, label: str, files: Sequence[Path]) -> None:
        """Choose files in the field of that label."""
        self._attach(self._field(label), files)

    def value(self, label: str) -> str:
        """Return what stands in the field of that label."""
        return self._value(self._field(label))

    def has(self, name: str) -> bool:
        """Tell whether there is a link or button of that name."""
        return bool(self._texts(self._exact(name)) or self._texts(self._beginning(name)))

    def expect(self, *texts: str) -> None:
        """Insist that each of these texts is on the page."""
        page = self.text()
        for text in texts:
            if text not in page:
                raise NotOnPage(f"{text!r} is not on {self.address}: {page}")

    def reload_until(self, address: str, *texts: str) -> None:
        """Open the address until these texts are there: boards come out on the clock, pages do not change alone."""

        def look() -> bool:
            self.open(address)
            page = self.text()
            return all(text in page for text in texts)

        try:
            wait_for(", ".join(texts), look)
        except NotOnPage as error:
            raise NotOnPage(f"{texts!r} did not come to {address}: {self.text()}") from error

    @staticmethod
    def _exact(name: str) -> str:
        return f"//*[self::a or self::button][normalize-space(.)={literal(name)}]"

    @staticmethod
    def _beginning(name: str) -> str:
        return f"//*[self::a or self::button][starts-with(normalize-space(.), {literal(name)})]"

    def _control(self, name: str) -> str:
        for xpath in (self._exact(name), self._beginning(name)):
            if self._texts(xpath):
                return f"({xpath})[1]"
        raise NotOnPage(f"nothing to press is called {name!r} on {self.address}: {self.text()}")

    def _field(self, label: str) -> str:
        for xpath in (
            f"//label[normalize-space(.)={literal(label)}]",
            f"//label[starts-with(normalize-space(.), {literal(label)})]",
        ):
            if self._texts(xpath):
                name = self._attribute(f"({xpath})[1]", "for")
                return f"//*[@id={literal(name)}]"
        raise NotOnPage(f"no field is called {label!r} on {self.address}: {self.text()}")
