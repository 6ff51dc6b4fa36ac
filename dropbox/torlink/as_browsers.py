"""What Tor Browser says of itself with each request, so that a client of ours says nothing else.  Pure.

A visitor who is told apart by a header is one of few.  The values are those of Firefox ESR with Tor Browser's
preferences on Windows, where most of its users are; tests/torlink/test_as_browsers.py asks the real one.  They are the
same for every visitor: language, version and system of this machine never show.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dropbox.torlink.addresses import OnionAddress

USER_AGENT: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0"
LANGUAGE: Final = "en-US,en;q=0.9"
ENCODING: Final = "gzip, deflate"

_FETCH: Final = (("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin"))


class Kind(enum.Enum):
    """What asks: a page's script, the address bar or a link, a page for its parts, or again a script, by `fetch`: for
    what a browser keeps, and for what it must not.
    """

    DATA = "data"
    PAGE = "page"
    LINKED_PAGE = "linked-page"
    SCRIPT = "script"
    STYLE = "style"
    KEPT_DATA = "kept-data"
    FRESH_DATA = "fresh-data"


_ACCEPT: Final = {
    Kind.DATA: "*/*",
    Kind.PAGE: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    Kind.LINKED_PAGE: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    Kind.SCRIPT: "*/*",
    Kind.STYLE: "text/css,*/*;q=0.1",
    Kind.KEPT_DATA: "*/*",
    Kind.FRESH_DATA: "*/*",
}
_LAST: Final = {
    Kind.DATA: _FETCH,
    Kind.PAGE: (
        ("Upgrade-Insecure-Requests", "1"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "none"), ("Sec-Fetch-User", "?1"), ("Priority", "u=0, i"),
    ),
    Kind.LINKED_PAGE: (
        ("Upgrade-Insecure-Requests", "1"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-User", "?1"), ("Priority", "u=0, i"),
    ),
    Kind.SCRIPT: (("Sec-Fetch-Dest", "script"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Site", "same-origin")),
    Kind.STYLE: (
        ("Sec-Fetch-Dest", "style"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Site", "same-origin"),
        ("Priority", "u=2"),
    ),
    Kind.KEPT_DATA: (*_FETCH, ("Priority", "u=4")),
    Kind.FRESH_DATA: (*_FETCH, ("Priority", "u=4"), ("Pragma", "no-cache"), ("Cache-Control", "no-cache")),
}  # fmt: skip


def headers(onion: OnionAddress, method: str, kind: Kind, length: int) -> list[tuple[str, str]]:
    """All headers of a request in the browser's order and spelling; `length` is that of the body in bytes."""
    said = [
        ("Host", onion.name),
        ("User-Agent", USER_AGENT),
        ("Accept", _ACCEPT[kind]),
        ("Accept-Language", LANGUAGE),
        ("Accept-Encoding", ENCODING),
    ]
    if method in {"PUT", "POST"}:
        said.append(("Content-Length", str(length)))
    if method != "GET":
        said.append(("Origin", onion.url))
    return [*said, ("Connection", "keep-alive"), *_LAST[kind]]
