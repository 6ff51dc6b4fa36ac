"""Where each page stands in each language: the one table of addresses."""

import enum

from dropbox.web.languages import ENGLISH, Language


class Page(enum.Enum):
    """The pages of the gateway."""

    START = enum.auto()
    HOW = enum.auto()
    REPORT = enum.auto()
    READ = enum.auto()
    ANSWER = enum.auto()
    QR = enum.auto()
    TEXTS = enum.auto()
    SEALED = enum.auto()


_SLUGS: dict[str, dict[Page, str]] = {
    "nl": {
        Page.START: "",
        Page.HOW: "hoe-het-werkt",
        Page.REPORT: "melden",
        Page.READ: "antwoord",
        Page.ANSWER: "antwoord/sturen",
        Page.QR: "twaalf-woorden",
        Page.TEXTS: "teksten",
        Page.SEALED: "verzegeld-bestand",
    },
    "en": {
        Page.START: "",
        Page.HOW: "how-it-works",
        Page.REPORT: "report",
        Page.READ: "read",
        Page.ANSWER: "read/answer",
        Page.QR: "twelve-words",
        Page.TEXTS: "texts",
        Page.SEALED: "sealed-file",
    },
}


def path(page: Page, language: Language) -> str:
    """Return the address of `page`; a language without words of its own in addresses uses the English ones."""
    slugs = _SLUGS.get(language.code, _SLUGS[ENGLISH.code])
    return f"/{language.code}/{slugs[page]}"
