"""The browsers do what the stories rely on: scripts stay off, forms and files go out, nothing leaves loopback."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from tests.browser.driver import NotOnPage, literal
from tests.browser.windows import OpenWindow

PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title></head><body>
<p id="told">Scripts are off</p><script>document.getElementById("told").textContent = "A script ran";</script>
<noscript><p>The browser knows</p></noscript>
<form method="post" action="/" enctype="multipart/form-data" accept-charset="utf-8">
<label for="text">It's a text</label><textarea id="text" name="text"></textarea>
<label for="list">List</label><select id="list" name="list"><option value="1">One</option><option>Two</option></select>
<input type="radio" id="yes" name="radio" value="yes"><label for="yes">Yes</label>
<label for="files">Files</label><input type="file" id="files" name="files" multiple>
<button>Send</button></form>
<p><a href="/file">Download</a> <a href="/cookie">Take a cookie</a></p>
<details><summary>More</summary><p>Hidden first</p></details></body></html>"""
CONTENT: Final = bytes(range(256)) * 4096


class _Handler(BaseHTTPRequestHandler):
    posted: list[bytes]

    def do_GET(self) -> None:
        self.send_response(200)
        body = CONTENT if self.path == "/file" else PAGE.encode()
        if self.path == "/file":
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Disposition", 'attachment; filename="a.bin"')
        else:
            self.send_header("Content-Type", "text/html; charset=utf-8")
        if self.path == "/cookie":
            self.send_header("Set-Cookie", "a=b; HttpOnly")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        body = f"<!doctype html><title>t</title><p>Sent {len(self.posted)}</p>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class Site:
    """A page with everything that the drivers can do."""

    def __init__(self, url: str, posted: list[bytes]) -> None:
        self.url, self.posted = url, posted


@pytest.fixture
def site() -> Iterator[Site]:
    posted: list[bytes] = []
    handler = type("Handler", (_Handler,), {"posted": posted})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Site(f"http://127.0.0.1:{server.server_port}/", posted)
        server.shutdown()
        thread.join()


def test_no_script_of_a_page_runs(open_window: OpenWindow, site: Site) -> None:
    window = open_window()
    window.open(site.url)
    window.expect("Scripts are off", "The browser knows")
    with pytest.raises(NotOnPage, match="A script ran"):
        window.expect("A script ran")


def test_a_form_goes_out_as_filled_in_and_once_more_on_reload(
    open_window: OpenWindow, site: Site, tmp_path: Path
) -> None:
    files = [tmp_path / "één.bin", tmp_path / "b.txt"]
    for file in files:
        file.write_bytes(CONTENT)
    window = open_window()
    window.open(site.url)
    window.fill("It's a text", "dit is één tekst")
    window.choose("List", "Two")
    window.tick("Yes")
    window.attach("Files", files)
    window.follow("Send")
    window.expect("Sent 1")
    for part in ("dit is één tekst".encode(), b"\r\n\r\nTwo\r\n", b"\r\n\r\nyes\r\n", "één.bin".encode()):
        assert part in site.posted[0]
    assert site.posted[0].count(CONTENT) == 2
    window.reload()
    window.expect("Sent 2")
    assert site.posted[1].count(CONTENT) == 2
    window.back()
    assert window.value("It's a text") == "dit is één tekst"


def test_cookies_of_any_page_are_seen_and_windows_share_none(open_window: OpenWindow, site: Site) -> None:
    first, second = open_window(), open_window()
    first.open(site.url)
    assert not first.cookies()
    first.follow("Take a cookie")
    first.open("about:blank")
    assert first.cookies()
    second.open(site.url)
    assert not second.cookies()


def test_downloads_and_pictures(open_window: OpenWindow, site: Site, tmp_path: Path) -> None:
    window = open_window()
    window.open(site.url)
    assert window.fetch("Download").read_bytes() == CONTENT
    window.press("More")
    window.expect("Hidden first")
    window.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_texts_with_quotes_are_found() -> None:
    assert literal("it's") == "concat('it', \"'\", 's')"
    assert literal("plain") == "'plain'"
