"""Debian's Chromium, driven by Playwright; Playwright's own browsers are never used."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import playwright.sync_api as playwright

from tests.browser.driver import PATIENCE, Browser

COMMANDS: Final = ("chromium", "chromium-browser")
NO_PAGE: Final = playwright.Error
"""What the driver raises, also when the browser shows an error page of its own in place of ours."""
WIDTH: Final = 1280
HEIGHT: Final = 900
# Chromium refuses its sandbox to root, and to anybody where the kernel keeps user namespaces to root, as in containers.
# Nothing but our own pages on loopback is opened.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-lcd-text",
)  # fmt: skip


def installed() -> str | None:
    """Return where the system's Chromium is."""
    return next(filter(None, map(shutil.which, COMMANDS)), None)


@contextmanager
def running() -> Iterator[playwright.Browser]:
    """Run a browser without a screen."""
    command = installed()
    assert command, "Chromium is not installed"
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=command, headless=True, args=[*FLAGS])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def with_profile(profile: Path, downloads: Path) -> Iterator["Kept"]:
    """Run a browser that is not in private mode: what it keeps is in that folder when it has ended. Scripts run."""
    command = installed()
    assert command, "Chromium is not installed"
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile, executable_path=command, headless=True, args=[*FLAGS], accept_downloads=True,
            viewport={"width": WIDTH, "height": HEIGHT},
        )  # fmt: skip
        yield Kept(context, downloads)
        context.close()


class Chromium(Browser):
    """A window of its own: cookies and history are shared with no other. No script of a page runs in it, unless
    asked.
    """

    def __init__(
        self,
        browser: playwright.Browser,
        downloads: Path,
        *,
        scripts: bool = False,
        policy: bool = False,
        socks: int = 0,
    ) -> None:
        """Open an empty window. With `policy` what the pages forbid is forbidden to scripts too.

        `socks`: the port of a SOCKS proxy on loopback for all that is not loopback itself.
        """
        super().__init__(downloads)
        self._use(
            browser.new_context(
                java_script_enabled=scripts, bypass_csp=scripts and not policy, accept_downloads=True,
                viewport={"width": WIDTH, "height": HEIGHT},
                proxy={"server": f"socks5://127.0.0.1:{socks}", "bypass": "127.0.0.1"} if socks else None,
            )
        )  # fmt: skip

    def _use(self, context: playwright.BrowserContext) -> None:
        self._context = context
        self._context.set_default_timeout(PATIENCE * 1000)
        self._page = self._context.new_page()

    def open(self, url: str) -> None:
        """Go there."""
        self._page.goto(url)

    def back(self) -> None:
        """Press Back."""
        self._page.go_back()

    def reload(self) -> None:
        """Press Reload; the driver says yes by itself."""
        self._page.reload()

    def new_circuit(self) -> None:
        """Load it again past the cache."""

        def leave(dialog: playwright.Dialog) -> None:
            dialog.accept()

        self._page.on("dialog", leave)
        with self._page.expect_navigation():
            self._context.new_cdp_session(self._page).send("Page.reload", {"ignoreCache": True})
        self._page.remove_listener("dialog", leave)

    def run(self, expression: str) -> object:
        """Run it."""
        found: object = self._page.evaluate(expression)
        return found

    @property
    def address(self) -> str:
        """Where we are."""
        return self._page.url

    @property
    def html(self) -> str:
        """The document."""
        return self._page.content()

    def cookies(self) -> Sequence[Any]:
        """All of this window."""
        return self._context.cookies()

    def resize(self, width: int, height: int) -> None:
        """Change the viewport."""
        self._page.set_viewport_size({"width": width, "height": height})

    def screenshot(self, file: Path) -> None:
        """Write the page."""
        self._page.screenshot(path=file, full_page=True)

    def close(self) -> None:
        """Close the window."""
        self._context.close()

    def _locate(self, xpath: str) -> playwright.Locator:
        return self._page.locator(f"xpath={xpath}")

    def _texts(self, xpath: str) -> list[str]:
        try:
            return self._locate(xpath).all_inner_texts()
        except playwright.Error as error:
            if "context was destroyed" not in error.message:
                raise
        return self._locate(xpath).all_inner_texts()  # another page came while this one was read

    def _attribute(self, xpath: str, name: str) -> str:
        return self._locate(xpath).get_attribute(name) or ""

    def _value(self, xpath: str) -> str:
        return self._locate(xpath).input_value()

    def _press(self, xpath: str) -> None:
        self._locate(xpath).click()

    def _try(self, xpath: str) -> None:
        with self._page.expect_event("framenavigated"):  # to the browser's own page about the line, if to no other
            self._locate(xpath).click(no_wait_after=True)
        self._page.wait_for_load_state()

    def _follow(self, xpath: str) -> None:
        with self._page.expect_navigation():
            self._locate(xpath).click()

    def _write(self, xpath: str, text: str) -> None:
        self._locate(xpath).fill(text)

    def _choose(self, xpath: str, option: str) -> None:
        self._locate(xpath).select_option(label=option)

    def _attach(self, xpath: str, files: Sequence[Path]) -> None:
        self._locate(xpath).set_input_files([*files])

    def _fetch(self, xpath: str) -> Path:
        with self._page.expect_download() as waiting:
            self._locate(xpath).click()
        file = self.downloads / f"{len([*self.downloads.iterdir()])}.download"
        waiting.value.save_as(file)
        return file


class Kept(Chromium):
    """The window of a profile on disk."""

    def __init__(self, context: playwright.BrowserContext, downloads: Path) -> None:
        """Use it."""
        Browser.__init__(self, downloads)
        self._use(context)
