"""Message catalogues, read from their `.po` files when a process starts.

Compiled `.mo` files would be a second copy that can be forgotten or go stale; reading the source once costs a few
milliseconds and writes nothing. English is the language of the message ids and needs no catalogue.
"""

import gettext
import io
from importlib import resources
from importlib.resources.abc import Traversable

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from dropbox.web.errors import WrongSetup
from dropbox.web.languages import ENGLISH, Language

DOMAIN = "messages"
KIT = "dropbox.web"


def mark(message: str) -> str:
    """Return `message` unchanged: marks a text that is translated later, where the language is known."""
    return message


def catalogue_file(package: str, language: Language) -> Traversable:
    """Return where the catalogue of `package` in `language` stands."""
    return resources.files(package) / "locale" / language.code / "LC_MESSAGES" / f"{DOMAIN}.po"


def read_catalogue(package: str, language: Language) -> Catalog:
    """Read one catalogue; raise `WrongSetup` when it is missing or does not parse."""
    try:
        text = catalogue_file(package, language).read_bytes()
        return read_po(io.BytesIO(text), locale=language.code, domain=DOMAIN, abort_invalid=True)
    except (OSError, ValueError) as error:
        message = f"the catalogue of {package} in {language.code} cannot be read"
        raise WrongSetup(message) from error


def translations(package: str, language: Language) -> gettext.NullTranslations:
    """Return the texts of `package` in `language`, with those of the page kit behind them."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    own = _compiled(package, language)
    if package != KIT:
        own.add_fallback(_compiled(KIT, language))
    return own


def _compiled(package: str, language: Language) -> gettext.GNUTranslations:
    machine = io.BytesIO()
    write_mo(machine, read_catalogue(package, language))
    machine.seek(0)
    return gettext.GNUTranslations(machine)
