"""The first page is loaded as a browser loads it: each part once, in order, with the headers of what asks for it."""

from __future__ import annotations

import asyncio
import os
import re

import pytest

from dropbox.native import front
from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.as_browsers import Kind
from dropbox.torlink.visitor import Answer, Sent, Visitor
from tests.native.conftest import ONION, World

BROWSER = (
    (Kind.PAGE, "/nl/.*"),
    (Kind.STYLE, r"/static/.*\.css"),
    (Kind.SCRIPT, r"/static/.*\.js"),
    (Kind.FRESH_DATA, "/nl/teksten"),  # browser/src/pages/texts.ts: what must not be kept
    (Kind.KEPT_DATA, "/static/words.*"),  # browser/src/pages/place.ts: what may
)


class Watched(Visitor):
    """Tells which requests were made, and as what."""

    def __init__(self, socks: SocksAddress) -> None:
        super().__init__(socks, ONION, os.urandom)
        self.asked: list[tuple[Kind, str]] = []

    async def ask(
        self, method: str, path: str, body: bytes = b"", *, most: int, kind: Kind = Kind.DATA, sent: Sent | None = None
    ) -> Answer:
        self.asked.append((kind, path))
        answer = await super().ask(method, path, body, most=most, kind=kind, sent=sent)
        assert answer.status == 200
        return answer


@pytest.mark.parametrize("page", [front.REPORT, front.READ])
def test_every_part_of_the_page_is_asked_for_as_what_it_is(world: World, page: str) -> None:
    async def visit() -> list[tuple[Kind, str]]:
        async with Watched(SocksAddress(path=f"{world.folder}/socks")) as visitor:
            root = await front.open_front(visitor, page)
        assert root.raw == world.bureau.root.public.raw
        return visitor.asked

    asked = asyncio.run(visit())
    assert len(asked) == len(BROWSER)
    for (kind, path), (expected, pattern) in zip(asked, BROWSER, strict=True):
        assert kind is expected, path
        assert re.fullmatch(pattern, path)
