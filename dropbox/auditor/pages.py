"""What a page brings: its files, the key that it names, and whatever does not belong into a page of the drop-box.

Pure.  The same page differs between two visits in the words and numbers made for each visitor, in dates, and in what
the bureau announces; these are looked at by themselves and left out of what is compared.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

LANGUAGES: Final = ("nl", "en")
START: Final = {"nl": "/nl/", "en": "/en/"}
HOW: Final = {"nl": "/nl/hoe-het-werkt", "en": "/en/how-it-works"}
REPORT: Final = {"nl": "/nl/melden", "en": "/en/report"}
READ: Final = {"nl": "/nl/antwoord", "en": "/en/read"}
TEXTS: Final = {"nl": "/nl/teksten", "en": "/en/texts"}

SCRIPT: Final = re.compile(r"/static/browser-[0-9a-f]{12}\.js")
STYLESHEET: Final = re.compile(r"/static/kit-([0-9a-f]{12})\.css")
WORDS: Final = re.compile(r"/static/words-([0-9a-f]{12})\.txt")

_LOADS: Final = frozenset({"applet", "audio", "base", "embed", "frame", "iframe", "img", "object", "source", "track",
                           "video", "svg", "math", "style"})  # fmt: skip
_ADDRESSES: Final = ("href", "action", "formaction", "src", "data", "poster", "srcset", "ping", "background")

_OWN: Final = (
    (re.compile(r'(<ol class="words[^"<>]*" id="words"[^<>]*>)\s*(?:<li>[a-z]+</li>\s*){12}(</ol>)'), r"\1\2"),
    (re.compile(r'(<bdi dir="ltr">)[0-9A-Z]{3}(?: [0-9A-Z]{3}){8}(</bdi>)'), r"\1\2"),
    (re.compile(r'(<input type="hidden" name="receipt" value=")[a-z]+(?: [a-z]+){11}(">)'), r"\1\2"),
    (re.compile(r'(<input type="hidden" name="message" value=")[0-9a-f]{32}(">)'), r"\1\2"),
    (re.compile(r"\n<!--\.*-->\n\Z"), ""),  # padding
)
_NOTICE: Final = re.compile(r'<p class="note said" dir="auto">([^<]*)</p>\n')
_DATE: Final = re.compile(r"\b[0-9]{1,2} [a-z]+ [0-9]{4}\b", re.IGNORECASE)


@dataclass
class Page:
    """A page as parsed.  `foreign` are codes of what does not belong into it."""

    script: str = ""
    integrity: str = ""
    stylesheet: str = ""
    seals: str = ""
    texts: str = ""
    words: str = ""
    root: str = ""
    notices: tuple[str, ...] = ()
    shape: bytes = b""  # SHA-256 of the page without what differs at every visit
    foreign: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self, hosts: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self._hosts = Page(), hosts

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if len(found) != len(attrs) or tag in _LOADS or any(name.startswith("on") for name in found):
            self.page.foreign.add("element")
        if "style" in found or (tag == "meta" and "http-equiv" in found):
            self.page.foreign.add("element")
        if tag == "script":
            self._script(found)
        elif tag == "link":
            self._link(found)
        elif tag == "form" and "data-seals" in found:
            page = self.page
            page.seals, page.texts = found["data-seals"], found.get("data-texts", "")
            page.words, page.root = found.get("data-words", ""), found.get("data-root", "")
        for name in _ADDRESSES:
            if name in found and not (tag == "link" and found[name] == "data:,"):
                self._address(found[name])

    def _script(self, found: dict[str, str]) -> None:
        belongs = found.keys() == {"defer", "src", "integrity"} and SCRIPT.fullmatch(found["src"])
        if not belongs or self.page.script:
            self.page.foreign.add("script")
            return
        self.page.script, self.page.integrity = found["src"], found["integrity"]

    def _link(self, found: dict[str, str]) -> None:
        if found == {"rel": "icon", "href": "data:,"}:
            return
        if found.keys() != {"rel", "href"} or found["rel"] != "stylesheet" or self.page.stylesheet:
            self.page.foreign.add("element")
            return
        self.page.stylesheet = found["href"]
        if not STYLESHEET.fullmatch(found["href"]):
            self.page.foreign.add("element")

    def _address(self, address: str) -> None:
        try:
            parts = urlsplit(address)
        except ValueError:
            self.page.foreign.add("address")
            return
        elsewhere = parts.netloc and parts.netloc not in self._hosts
        if elsewhere or parts.scheme not in {"", "http"} or (parts.scheme and not parts.netloc) or "\\" in address:
            self.page.foreign.add("address")


def parse(body: bytes, hosts: frozenset[str]) -> Page:
    """Read a page.  `hosts` are the addresses that its links may lead to."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        page = Page(shape=hashlib.sha256(body).digest())
        page.foreign.add("element")
        return page
    page = _read(text, hosts)
    if page.seals and not (page.script and WORDS.fullmatch(page.words) and page.texts in TEXTS.values()):
        page.foreign.add("script")
    if page.script and not page.seals:
        page.foreign.add("script")
    page.shape = hashlib.sha256(_without_own(text).encode()).digest()
    return page


def parse_cut(body: bytes, hosts: frozenset[str]) -> Page:
    """What there is of a page that broke off, without a shape: only what stands in it counts, not what is missing."""
    return _read(body.decode(errors="ignore"), hosts)


def _read(text: str, hosts: frozenset[str]) -> Page:
    reader = _Reader(hosts)
    reader.feed(text)
    reader.close()
    reader.page.notices = tuple(html.unescape(one) for one in _NOTICE.findall(text))
    return reader.page


def _without_own(text: str) -> str:
    for pattern, instead in _OWN:
        text = pattern.sub(instead, text)
    return _DATE.sub("", _NOTICE.sub("", text))
