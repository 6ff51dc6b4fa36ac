"""The routes of a table of pages, in every language."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from aiohttp import web

from dropbox.web.failure_pages import Handler
from dropbox.web.languages import LANGUAGES, Language

Page = TypeVar("Page")


def add_routes(
    app: web.Application,
    address: Callable[[Page, Language], str],
    checked: Mapping[str, str],
    *,
    shown: Mapping[Page, Handler],
    submitted: Mapping[Page, Handler],
) -> None:
    """Add a route for every page that is shown (GET) or that takes a form (POST), in every language.

    `checked` gives each name in the braces of an address its pattern: "{card}" becomes "{card:[0-9a-f]{16}}".
    """

    def pattern(page: Page, language: Language) -> str:
        found = address(page, language)
        for name, regular in checked.items():
            found = found.replace(name, regular)
        return found

    for language in LANGUAGES:
        for page, handler in shown.items():
            app.router.add_get(pattern(page, language), handler)
        for page, handler in submitted.items():
            app.router.add_post(pattern(page, language), handler)
