"""Judges a page by axe-core, in a window where scripts run: the pages themselves have none."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import playwright.sync_api as playwright

from tests.browser.chromium import Chromium

_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SERIOUS: Final = ("serious", "critical")
SCHEMES: Final = ("light", "dark")


@dataclass(frozen=True)
class Finding:
    """One thing that axe objects to on one page."""

    page: str
    impact: str
    rule: str
    where: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.page}: {self.impact}: {self.rule}: {self.where}"


class Examined(Chromium):
    """A window of Chromium in which pages can be measured and judged.

    Its scripts are the driver's: our pages' policy would forbid them, so this window does not heed it. Unless it
    `seals`, it says that it has no secure context, so that pages are those of the server.
    """

    def __init__(self, browser: playwright.Browser, downloads: Path, *, seals: bool = False) -> None:
        """Open an empty window."""
        super().__init__(browser, downloads, scripts=True)
        if not seals:
            self._context.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
        self._axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def scheme(self, name: str) -> None:
        """Show pages as somebody sees them who asked for `light` or `dark`."""
        self._page.emulate_media(color_scheme="dark" if name == "dark" else "light")

    def width_needed(self) -> int:
        """Return how wide the page is; more than the window means that people must scroll sideways."""
        return int(self._page.evaluate("document.documentElement.scrollWidth"))

    def judge(self, name: str) -> list[Finding]:
        """Return what axe finds on the page that is open."""
        if not self._page.evaluate("'axe' in window"):
            self._page.evaluate(self._axe)
        found: list[dict[str, Any]] = self._page.evaluate(
            "async rules => (await axe.run({runOnly: rules, resultTypes: ['violations']})).violations", _RULES
        )
        return [
            Finding(name, one["impact"] or "minor", one["id"], "; ".join(_where(node) for node in one["nodes"][:4]))
            for one in found
        ]


def _where(node: dict[str, Any]) -> str:
    summary = " ".join(str(node.get("failureSummary", "")).split())
    return f"{node['html'][:160]} ({summary[:240]})"
