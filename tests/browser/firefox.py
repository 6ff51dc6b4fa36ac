"""Debian's Firefox ESR, the base of Tor Browser, driven by Marionette: Playwright drives only a patched one."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.browser.driver import PATIENCE, Browser, wait_for

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of a library that the driver loads
    from marionette_driver import errors, geckoinstance
    from marionette_driver.by import By
    from marionette_driver.marionette import Marionette, WebElement

COMMANDS: Final = ("firefox-esr", "firefox")
NO_PAGE: Final = errors.MarionetteException
"""What the driver raises, also when the browser shows an error page of its own in place of ours."""
_END_WITHIN: Final = 20
_PREFERENCES: Final[dict[str, object]] = {
    "javascript.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.startup.homepage": "about:blank",
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "network.proxy.type": 1,  # whatever is not loopback ends at a closed port
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.dns.disabled": True,
    "dom.confirm_repost.testing.always_accept": True,
    "browser.download.folderList": 2,
    "browser.download.useDownloadDir": True,
    "browser.download.always_ask_before_handling_new_types": False,
    "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
    "browser.download.alwaysOpenPanel": False,
}

SCRIPTS: Final[dict[str, object]] = {"javascript.enabled": True, "dom.disable_beforeunload": False}
SAFER: Final[dict[str, object]] = SCRIPTS | {
    "javascript.options.ion": False,
    "javascript.options.baselinejit": False,
    "javascript.options.native_regexp": False,
    "javascript.options.asmjs": False,
    "javascript.options.wasm": False,
    "dom.securecontext.allowlist_onions": True,
    "network.dns.blockDotOnion": False,
}


def installed() -> str | None:
    """Return where the system's Firefox is."""
    return next(filter(None, map(shutil.which, COMMANDS)), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _through(socks: int) -> dict[str, object]:
    """Return the preferences for a SOCKS proxy on loopback, which looks names up itself."""
    ours = {"network.proxy.socks": "127.0.0.1", "network.proxy.socks_port": socks, "network.proxy.socks_version": 5}
    return ours | {"network.proxy.socks_remote_dns": True, "network.proxy.http": "", "network.proxy.ssl": ""}


def _write_profile(profile: Path, downloads: Path, port: int, socks: int, more: Mapping[str, object]) -> None:
    base = geckoinstance.GeckoInstance.required_prefs
    quiet = {name: value for name, value in base.items() if "%(server)s" not in str(value)}
    ours = {"browser.download.dir": str(downloads), "marionette.port": port}
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});"
        for name, value in {**quiet, **_PREFERENCES, **(_through(socks) if socks else {}), **ours, **more}.items()
    ]
    (profile / "user.js").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def running(
    folder: Path, downloads: Path, socks: int = 0, preferences: Mapping[str, object] = MappingProxyType({})
) -> Iterator[Marionette]:
    """Run a browser without a screen, with a profile in `folder`. No script of a page runs in it.

    `socks`: the port of a SOCKS proxy on loopback for all that is not loopback itself. `preferences` beyond ours, or
    instead of them: `SCRIPTS` lets scripts run, `SAFER` as Tor Browser does at "Safer".
    """
    command = installed()
    assert command, "Firefox is not installed"
    profile = folder / "profile"
    profile.mkdir(parents=True)
    port = _free_port()
    _write_profile(profile, downloads, port, socks, preferences)
    # A home of its own: Firefox refuses to run as root in somebody else's.
    environment = {**os.environ, "HOME": str(folder), "MOZ_HEADLESS": "1", "MOZ_CRASHREPORTER_DISABLE": "1"}
    arguments = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", str(profile)]
    with (folder / "firefox.log").open("wb") as log:
        process = subprocess.Popen(
            [command, *arguments], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        with _session(port) as client:
            yield client
    finally:
        _end(process)


@contextmanager
def _session(port: int) -> Iterator[Marionette]:
    wait_for("Firefox's port", lambda: _listens(port))  # the driver's own attempts leave sockets open
    client = Marionette(host="127.0.0.1", port=port, socket_timeout=PATIENCE)
    client.start_session(timeout=PATIENCE)
    try:
        client.timeout.page_load = PATIENCE
        yield client
    finally:
        with suppress(errors.MarionetteException, OSError):
            client.delete_session()
        if client.client is not None:
            client.client.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Firefox with its content processes, which are in its group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_WITHIN)
            return


class Firefox(Browser):
    """The one window of one Firefox."""

    def __init__(self, client: Marionette, downloads: Path) -> None:
        """Use a running Firefox."""
        super().__init__(downloads)
        self._client = client

    def open(self, url: str) -> None:
        """Go there."""
        self._client.navigate(url)

    def back(self) -> None:
        """Press Back."""
        self._client.go_back()

    def reload(self) -> None:
        """Press Reload; a preference says yes."""
        self._client.refresh()

    def new_circuit(self) -> None:
        """Load it again past the cache."""
        before = self._one("/html")
        self._reload_past_the_cache()
        self._wait_for_the_page_after(before)

    def _reload_past_the_cache(self) -> None:
        self.ask_before_leaving(ask=False)
        self._in_chrome("gBrowser.selectedBrowser.reloadWithFlags(Ci.nsIWebNavigation.LOAD_FLAGS_BYPASS_CACHE)")

    def _in_chrome(self, line: str) -> None:
        with self._client.using_context("chrome"):
            self._client.execute_script(line)

    def ask_before_leaving(self, *, ask: bool) -> None:
        """Whether pages may ask somebody who leaves them."""
        self._in_chrome(f"Services.prefs.setBoolPref('dom.disable_beforeunload', {json.dumps(not ask)})")

    def run_to_the_next_page(self, expression: str) -> None:
        """Run something that leads to a new page, and wait until that is there."""
        before = self._one("/html")
        self.run(expression)
        self._wait_for_the_page_after(before)

    def new_circuit_that_fails(self) -> None:
        """The same while loopback ends at the closed port of the proxy too: the browser shows a page of its own."""
        self._send_loopback_to_the_proxy(there=True)
        try:
            self._reload_past_the_cache()
            wait_for("the browser's own page", lambda: "about:neterror" in str(self.run("document.documentURI")))
        finally:
            self._send_loopback_to_the_proxy(there=False)

    def _send_loopback_to_the_proxy(self, *, there: bool) -> None:
        self._in_chrome(f"Services.prefs.setBoolPref('network.proxy.allow_hijacking_localhost', {json.dumps(there)})")

    def run(self, expression: str) -> object:
        """Run it."""
        found: object = self._client.execute_script(f"return {expression}")
        return found

    @property
    def address(self) -> str:
        """Where we are."""
        return str(self._client.get_url())

    @property
    def html(self) -> str:
        """The document."""
        return str(self._client.page_source)

    def cookies(self) -> Sequence[Any]:
        """All of this profile: the browser's own list, since the driver's shows one page's only."""
        with self._client.using_context("chrome"):
            found: list[Any] = self._client.execute_script("return Services.cookies.cookies.map(one => one.name);")
        return found

    def resize(self, width: int, height: int) -> None:
        """Change the window."""
        self._client.set_window_rect(width=width, height=height)

    def screenshot(self, file: Path) -> None:
        """Write the page."""
        file.write_bytes(base64.b64decode(self._client.screenshot(full=True)))

    def close(self) -> None:
        """Nothing to do: the window ends with its browser."""

    def _all(self, xpath: str) -> list[WebElement]:
        return [*self._client.find_elements(By.XPATH, xpath)]

    def _one(self, xpath: str) -> WebElement:
        return self._client.find_element(By.XPATH, xpath)

    def _texts(self, xpath: str) -> list[str]:
        return [element.text for element in self._all(xpath)]

    def _attribute(self, xpath: str, name: str) -> str:
        return self._one(xpath).get_attribute(name) or ""

    def _value(self, xpath: str) -> str:
        return str(self._one(xpath).get_property("value"))

    def _press(self, xpath: str) -> None:
        self._one(xpath).click()

    def _try(self, xpath: str) -> None:
        with suppress(errors.UnknownException):  # "Reached error page"
            self._one(xpath).click()

    def _follow(self, xpath: str) -> None:
        before = self._one("/html")
        self._one(xpath).click()  # returns early when the answer takes long: a large form is still being sent
        self._wait_for_the_page_after(before)

    def _wait_for_the_page_after(self, before: WebElement) -> None:
        def gone() -> bool:
            try:
                before.tag_name  # noqa: B018 - asks the browser
            except errors.MarionetteException:
                return bool(self._all("//footer")) or bool(self._all("//body"))
            return False

        wait_for("a new page", gone)
        wait_for("the whole page", lambda: self._client.execute_script("return document.readyState") == "complete")

    def _write(self, xpath: str, text: str) -> None:
        field = self._one(xpath)
        field.clear()
        field.send_keys(text)

    def _choose(self, xpath: str, option: str) -> None:
        chosen = next(one for one in self._all(f"{xpath}/option") if one.text == option)
        chosen.click()

    def _attach(self, xpath: str, files: Sequence[Path]) -> None:
        for file in files:
            self._one(xpath).send_keys(str(file))

    def _fetch(self, xpath: str) -> Path:
        before = {*self.downloads.iterdir()}
        self._one(xpath).click()

        def whole() -> Path | None:
            new = {*self.downloads.iterdir()} - before
            parts = [file for file in new if file.suffix == ".part"]
            done = [file for file in new if file.suffix != ".part" and file.stat().st_size]
            return done[0] if done and not parts else None

        return wait_for("a download", whole)
