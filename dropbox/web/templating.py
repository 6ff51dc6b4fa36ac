"""Templates: Jinja2 with nothing undefined, everything escaped, and one environment per language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from gettext import NullTranslations
from types import MappingProxyType
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from dropbox.web.catalogues import KIT, translations
from dropbox.web.languages import LANGUAGES, Language

_EPOCH = date(1970, 1, 1)
_FORMATS = {"en": "en_GB"}  # how dates and numbers are written; plain "en" means the United States


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go to: its address on this site and the words that name it."""

    url: str
    text: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Alternate:
    """The same page in another language."""

    url: str
    language: Language


@dataclass(frozen=True, slots=True)
class Frame:
    """What `base.html` draws around every page.

    `wide` gives lists and case screens the whole width; a page to read keeps a short line.
    """

    language: Language
    site_name: str
    home_url: str
    stylesheet_url: str
    navigation: tuple[Link, ...] = ()
    alternates: tuple[Alternate, ...] = ()
    wide: bool = False


class Templates:
    """The templates of one role, on top of the page kit's.

    `package` is the role's import name ("dropbox.gateway"): its `templates/` folder is searched first, so
    `{% extends "base.html" %}` finds the kit's base.
    """

    def __init__(self, package: str, languages: tuple[Language, ...] = LANGUAGES) -> None:
        """Load the catalogues of every language; raise `WrongSetup` if one is missing."""
        self.languages = languages
        self._texts = {language.code: translations(package, language) for language in languages}
        self._environments: Mapping[str, Environment] = MappingProxyType(
            {language.code: _environment(package, language, self._texts[language.code]) for language in languages}
        )

    def render(self, template: str, frame: Frame, **values: Any) -> str:  # noqa: ANN401 - templates take any value
        """Return the page in the language of its frame; a name that a template uses and nobody gave is an error."""
        environment = self._environments[frame.language.code]
        return environment.get_template(template).render(frame=frame, **values)

    def load_all(self) -> None:
        """Compile every template and load what dates and numbers need: a process that forks does it once for all."""
        for language in self.languages:
            environment = self._environments[language.code]
            for name in environment.list_templates(extensions=("html",)):
                environment.get_template(name)
            long_time(0, language)
            number(0, language)

    def text(self, language: Language, message: str, **values: object) -> str:
        """Translate a marked message and fill in its `%(name)s` values."""
        translated = self._texts[language.code].gettext(message)
        return translated % values if values else translated

    def texts(self, language: Language, one: str, many: str, count: int) -> str:
        """Translate a marked message that counts something; `%(count)s` stands for the number."""
        return self._texts[language.code].ngettext(one, many, count) % {"count": count}


def long_day(day: int, language: Language) -> str:
    """Write a day number (days since 1970-01-01 UTC) as people of `language` do: "24 november 2026"."""
    return format_date(_EPOCH + timedelta(days=day), format="long", locale=_FORMATS.get(language.code, language.code))


def long_time(seconds: int, language: Language) -> str:
    """Write a Unix time as people of `language` do, in UTC, which it names: only for times that are everybody's."""
    moment = datetime.fromtimestamp(seconds, UTC)
    day = format_date(moment.date(), format="long", locale=_FORMATS.get(language.code, language.code))
    return f"{day}, {format_time(moment.time(), 'HH:mm', locale=_FORMATS.get(language.code, language.code))} UTC"


def number(value: int, language: Language) -> str:
    """Write a whole number with the separators of `language`."""
    return format_decimal(value, locale=_FORMATS.get(language.code, language.code))


def _environment(package: str, language: Language, texts: NullTranslations) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, KIT))]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.filters["long_day"] = lambda day: long_day(day, language)
    environment.filters["long_time"] = lambda seconds: long_time(seconds, language)
    environment.filters["number"] = lambda value: number(value, language)
    return environment
