"""Languages of the pages: one list, the first of which is shown to whoever asked for none.

The language stands in the path, never in a cookie and never in `Accept-Language`: that header is a fingerprint.
"""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its BCP 47 code, its name in itself and the direction of its script."""

    code: str
    name: str
    direction: Direction = "ltr"


DUTCH = Language("nl", "Nederlands")
ENGLISH = Language("en", "English")

LANGUAGES: tuple[Language, ...] = (DUTCH, ENGLISH)


def language_in_path(path: str, languages: tuple[Language, ...] = LANGUAGES) -> Language:
    """Return the language that the first segment of `path` names, or the first language when it names none."""
    segment = path.lstrip("/").partition("/")[0]
    return next((language for language in languages if language.code == segment), languages[0])
