"""The headers of a visitor of ours against those that the real browser sends for the same requests."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import pytest

from dropbox.torlink.as_browsers import Kind, headers
from tests.browser import firefox
from tests.browser.driver import wait_for
from tests.simulators.socks import onion

ONION = onion("intake")
UPLOAD = "/v1/uploads/" + "0" * 32
SYSTEM = re.compile(r"\([^)]*\) Gecko/20100101 Firefox/[0-9.]+")
SCRIPT = """
const go = (method, path, body) => new Promise((done) => {
  const call = new XMLHttpRequest();
  call.open(method, path);
  call.responseType = "arraybuffer";
  call.onloadend = done;
  call.send(body ?? null);
});
(async () => {
  await go("GET", "/v1/bulletin");
  await go("PUT", "UPLOAD/0", new Uint8Array(100));
  await go("GET", "UPLOAD");
  await go("POST", "UPLOAD/finish", new TextEncoder().encode("{}"));
  await fetch("/kept.txt");
  await fetch("/fresh", { cache: "no-store" });
  await go("DELETE", "UPLOAD");
})();
""".replace("UPLOAD", UPLOAD)
PAGE = """<!doctype html><html lang="en"><head><title>page</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css"></head><body><a href="/second">on</a><script src="/script.js" defer></script>
</body></html>"""
SECOND = "<!doctype html><html lang='en'><head><title>second</title><link rel='icon' href='data:,'></head></html>"
FILES = {
    "/": ("text/html", PAGE),
    "/second": ("text/html", SECOND),
    "/style.css": ("text/css", ""),
    "/script.js": ("text/javascript", SCRIPT),
}
EXPECTED = {
    ("GET", "/"): (Kind.PAGE, 0),
    ("GET", "/style.css"): (Kind.STYLE, 0),
    ("GET", "/script.js"): (Kind.SCRIPT, 0),
    ("GET", "/second"): (Kind.LINKED_PAGE, 0),
    ("GET", "/v1/bulletin"): (Kind.DATA, 0),
    ("GET", UPLOAD): (Kind.DATA, 0),
    ("PUT", UPLOAD + "/0"): (Kind.DATA, 100),
    ("POST", UPLOAD + "/finish"): (Kind.DATA, 2),
    ("DELETE", UPLOAD): (Kind.DATA, 0),
    ("GET", "/kept.txt"): (Kind.KEPT_DATA, 0),
    ("GET", "/fresh"): (Kind.FRESH_DATA, 0),
}


class Site:
    """An onion service behind a SOCKS port that asks for no name: a browser that is not Tor Browser gives none."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, str], list[str]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readexactly((await reader.readexactly(2))[1])
            writer.write(b"\x05\x00")
            await reader.readexactly(4)
            await reader.readexactly((await reader.readexactly(1))[0] + 2)
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            while True:
                await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, *said = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        for one in said:
            if one.startswith("Content-Length: "):
                await reader.readexactly(int(one.partition(" ")[2]))
        method, path, _ = line.split()
        self.asked[method, path] = said
        kind, text = FILES.get(path, ("application/octet-stream", "{}"))
        lines = "HTTP/1.1 200 OK", f"Content-Type: {kind}", "Referrer-Policy: no-referrer", "Cache-Control: no-store"
        writer.write("\r\n".join((*lines, f"Content-Length: {len(text)}", "", text)).encode())
        await writer.drain()


@pytest.fixture
async def asked(tmp_path: Path, unused_tcp_port: int) -> dict[tuple[str, str], list[str]]:
    """What Firefox ESR, set as Tor Browser is, sends for each request."""
    if not firefox.installed():
        pytest.skip("Firefox is not installed; make system-packages installs it")
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", unused_tcp_port)
    (tmp_path / "downloads").mkdir()
    as_tor_browser = firefox.SAFER | {"privacy.resistFingerprinting": True, "privacy.spoof_english": 2}

    def drive() -> None:
        running = firefox.running(tmp_path / "firefox", tmp_path / "downloads", unused_tcp_port, as_tor_browser)
        with running as client:
            client.navigate(ONION.url + "/")
            wait_for("the script's last request", lambda: ("DELETE", UPLOAD) in site.asked)
            client.find_element("tag name", "a").click()
            wait_for("the second page", lambda: ("GET", "/second") in site.asked)

    await asyncio.to_thread(drive)
    server.close()
    return site.asked


async def test_no_header_tells_our_visitor_from_the_browser(asked: dict[tuple[str, str], list[str]]) -> None:
    assert asked.keys() == EXPECTED.keys()
    for (method, path), said in asked.items():
        kind, length = EXPECTED[method, path]
        ours = [f"{name}: {value}" for name, value in headers(ONION, method, kind, length)]
        assert [SYSTEM.sub("", one) for one in ours] == [SYSTEM.sub("", one) for one in said], (method, path)
