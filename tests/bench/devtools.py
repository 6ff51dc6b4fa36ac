"""Debian's Chromium, told over its debugging port what to do, with nobody listening to what it sends.

Playwright listens: Chromium copies the body of each request to it, as text. With a file of 500 MB these copies took
most of the time and of the memory that were measured.
"""

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.browser.chromium import FLAGS, installed
from tests.browser.driver import PATIENCE, POLL, NotOnPage, wait_for

_PORT_FILE: Final = "DevToolsActivePort"  # in its profile; the first line is the port
_TEXT: Final = "document.body ? document.body.innerText : ''"


class Page:
    """One page; every call waits until it is done."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        """`line`: the page's own."""
        self._line = line
        self._asked = 0

    async def settled(self, url: str, text: str) -> None:
        """Go to an address and wait until the page says this. Raises `NotOnPage`."""
        await self._call("Page.navigate", url=url)
        end = time.monotonic() + PATIENCE
        while text not in await self.evaluate(_TEXT):
            if time.monotonic() > end:
                raise NotOnPage(text)
            await asyncio.sleep(POLL)

    async def attach(self, selector: str, file: Path) -> None:
        """Choose a file for a field."""
        found = await self._call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        await self._call("DOM.setFileInputFiles", files=[str(file)], objectId=found["result"]["objectId"])

    async def evaluate(self, script: str) -> Any:  # noqa: ANN401 - what JSON holds
        """Return what a script gives, or promises."""
        done = await self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise AssertionError(done["exceptionDetails"])
        return done["result"].get("value")

    async def _call(self, method: str, **params: object) -> dict[str, Any]:
        self._asked += 1
        await self._line.send_json({"id": self._asked, "method": method, "params": params})
        while (answer := await self._line.receive_json()).get("id") != self._asked:
            pass  # an event
        if "error" in answer:
            raise AssertionError(answer["error"])
        return dict(answer["result"])


@contextlib.contextmanager
def running(profile: Path) -> Iterator[int]:
    """Run a browser with a profile of its own; give its port."""
    command = installed()
    assert command, "Chromium is not installed"
    file = profile / _PORT_FILE
    with subprocess.Popen(
        [command, *FLAGS, "--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield int(wait_for("the port", lambda: file.read_text().split() if file.exists() else None)[0])
        finally:
            process.terminate()


@contextlib.asynccontextmanager
async def page(port: int) -> AsyncIterator[Page]:
    """Give the browser's page."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            (target,) = (one for one in await answer.json() if one["type"] == "page")
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as line:
            yield Page(line)
