"""The page that Tor Browser would open first, with what belongs to it, and the root key that stands in it.

A client that asks for the bulletin at once is one of few; one that loads the page as a browser does is one of many.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from dropbox.native import texts
from dropbox.native.errors import BadHost
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.torlink.as_browsers import Kind
from dropbox.torlink.visitor import Visitor

REPORT: Final = "/nl/melden"  # the same page for everybody, whatever language this client speaks
READ: Final = "/nl/antwoord"
_MOST: Final = 1 << 20  # bytes of a page or of what belongs to it
_OK: Final = 200
_OWN: Final = re.compile(r"/[A-Za-z0-9._/-]*")
_ROOT: Final = re.compile("[0-9a-f]{64}")


async def open_front(visitor: Visitor, path: str) -> RootPublicKey:
    """Load a page as a browser does and give the root key that it names, which is not to be trusted yet.

    Raises BadHost, and what a `Visitor` raises.
    """
    answer = await visitor.ask("GET", path, most=_MOST, kind=Kind.PAGE)
    if answer.status != _OK:
        raise BadHost(texts.NO_PAGE)
    page = _Page()
    page.feed(answer.body.decode(errors="replace"))
    for kind, address in page.parts:
        await visitor.ask("GET", address, most=_MOST, kind=kind)
    try:
        if not _ROOT.fullmatch(page.root):
            raise BadHost(texts.NO_PAGE)
        return RootPublicKey.from_hex(page.root)
    except ProtocolError:
        raise BadHost(texts.NO_PAGE) from None


class _Page(HTMLParser):
    """What a browser would load for a page, in its order, and the key in the form."""

    def __init__(self) -> None:
        super().__init__()
        self.root = ""
        self.parts: list[tuple[Kind, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See which element this is."""
        said = {name: value or "" for name, value in attrs}
        if tag == "link" and said.get("rel") == "stylesheet":
            self._add(Kind.STYLE, said.get("href", ""))
        elif tag == "script":
            self._add(Kind.SCRIPT, said.get("src", ""))
        elif "data-root" in said:
            self.root = said["data-root"]
            self._add(Kind.FRESH_DATA, said.get("data-texts", ""))
            self._add(Kind.KEPT_DATA, said.get("data-words", ""))

    def _add(self, kind: Kind, address: str) -> None:
        if _OWN.fullmatch(address) and not address.startswith("//"):
            self.parts.append((kind, address))
