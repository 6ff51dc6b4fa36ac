"""The first visit: how many requests, and how many bytes come over the wire, in plain bytes and in a real browser."""

import asyncio
import re
import zlib
from typing import Any, Final

from tests.bench.place import measured_host
from tests.bench.visitor import Answer, Visitor
from tests.browser import chromium

START: Final = "/"
_GZIP: Final = 31  # zlib's number for it
_STYLE: Final = re.compile(rb'<link[^>]* href="(/[^"]*\.css)"')


async def measure() -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures and what goes with them."""
    async with measured_host() as host:
        answers = await asyncio.to_thread(_in_plain_bytes, host.gateway.port)
        lengths = await asyncio.to_thread(_in_chromium, f"http://127.0.0.1:{host.gateway.port}{START}")
    assert len(answers) == len(lengths)
    return {"first_visit_requests": len(lengths), "first_visit_bytes": sum(answers)}, {
        "first_visit_bytes_in_chromium": sum(lengths),
    }


def _in_plain_bytes(port: int) -> list[int]:
    """Load the start page and its style sheet; return the bytes of head and body that came for each."""
    with Visitor(port) as visitor:
        page = visitor.get(START)
        return [page.wire, *(visitor.get(name, "same-origin").wire for name in styles_of(page))]


def styles_of(page: Answer) -> list[str]:
    """Return the addresses of the page's style sheets."""
    names = _STYLE.findall(_unpacked(page))
    assert names
    return [name.decode() for name in names]


def _unpacked(answer: Answer) -> bytes:
    packed = b"content-encoding: gzip" in answer.head.lower()
    return zlib.decompress(answer.body, _GZIP) if packed else answer.body


def _in_chromium(url: str) -> list[int]:
    """Load the start page in an empty window; return what Chromium says came for each of its requests."""
    lengths: list[int] = []

    def finished(event: dict[str, Any]) -> None:
        lengths.append(int(event["encodedDataLength"]))

    with chromium.running() as browser:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        protocol = context.new_cdp_session(page)
        protocol.send("Network.enable")
        protocol.on("Network.loadingFinished", finished)
        page.goto(url, wait_until="networkidle")
        context.close()
    return [length for length in lengths if length]  # the empty icon is in the page itself
