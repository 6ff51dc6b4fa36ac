"""Where each page stands in each language: the one table of addresses."""

import enum
from typing import Final

from dropbox.web.languages import ENGLISH, Language


class Page(enum.Enum):
    """The pages of the inbox; those of one card have its reference in their address."""

    INBOX = enum.auto()
    SIGN_IN = enum.auto()
    SIGN_OUT = enum.auto()
    ACCOUNT = enum.auto()
    CARD = enum.auto()
    PROOF = enum.auto()
    DISMISS = enum.auto()


_SLUGS: Final[dict[str, dict[Page, str]]] = {
    "nl": {
        Page.INBOX: "",
        Page.SIGN_IN: "inloggen",
        Page.SIGN_OUT: "uitloggen",
        Page.ACCOUNT: "wachtwoord",
        Page.CARD: "kaarten/{card}",
        Page.PROOF: "kaarten/{card}/bewijs",
        Page.DISMISS: "geweigerd/{name}",
    },
    "en": {
        Page.INBOX: "",
        Page.SIGN_IN: "sign-in",
        Page.SIGN_OUT: "sign-out",
        Page.ACCOUNT: "password",
        Page.CARD: "cards/{card}",
        Page.PROOF: "cards/{card}/proof",
        Page.DISMISS: "refused/{name}",
    },
}


def pattern(page: Page, language: Language) -> str:
    """Return the address of `page` with names in braces, as the router takes it."""
    slugs = _SLUGS.get(language.code, _SLUGS[ENGLISH.code])
    return f"/{language.code}/{slugs[page]}"


def path(page: Page, language: Language, **names: str) -> str:
    """Return the address of `page`; `names` fills in card and name, and may hold more than that."""
    return pattern(page, language).format(**names)
