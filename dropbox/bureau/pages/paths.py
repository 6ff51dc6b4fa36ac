"""Where each page stands in each language: the one table of addresses."""

import enum
from typing import Final

from dropbox.web.languages import ENGLISH, Language


class Page(enum.Enum):
    """The pages of the desk; those of one case have its identity in their address."""

    INBOX = enum.auto()
    SIGN_IN = enum.auto()
    SIGN_OUT = enum.auto()
    ACCOUNT = enum.auto()
    CASE = enum.auto()
    WRITE = enum.auto()
    FILE = enum.auto()
    DISCARD = enum.auto()
    CARD = enum.auto()


_SLUGS: Final[dict[str, dict[Page, str]]] = {
    "nl": {
        Page.INBOX: "",
        Page.SIGN_IN: "inloggen",
        Page.SIGN_OUT: "uitloggen",
        Page.ACCOUNT: "wachtwoord",
        Page.CASE: "zaken/{case}",
        Page.WRITE: "zaken/{case}/schrijven/{kind}",
        Page.FILE: "zaken/{case}/bestanden/{file}",
        Page.DISCARD: "zaken/{case}/weggooien",
        Page.CARD: "zaken/{case}/kaart",
    },
    "en": {
        Page.INBOX: "",
        Page.SIGN_IN: "sign-in",
        Page.SIGN_OUT: "sign-out",
        Page.ACCOUNT: "password",
        Page.CASE: "cases/{case}",
        Page.WRITE: "cases/{case}/write/{kind}",
        Page.FILE: "cases/{case}/files/{file}",
        Page.DISCARD: "cases/{case}/discard",
        Page.CARD: "cases/{case}/card",
    },
}


def pattern(page: Page, language: Language) -> str:
    """Return the address of `page` with names in braces, as the router takes it."""
    slugs = _SLUGS.get(language.code, _SLUGS[ENGLISH.code])
    return f"/{language.code}/{slugs[page]}"


def path(page: Page, language: Language, **names: str) -> str:
    """Return the address of `page`; `names` fills in case, kind and file, and may hold more than that."""
    return pattern(page, language).format(**names)
