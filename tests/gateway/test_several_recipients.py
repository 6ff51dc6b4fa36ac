"""A bureau of one to four recipients, each with a keyring of its own, behind the pages and a real intake."""

import io
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from dropbox.gateway.settings import Settings, Tcp
from dropbox.protocol.reply import Reply
from dropbox.protocol.sizes import SLOTS
from tests.gateway.conftest import encode_form, form_type, parts_of
from tests.gateway.threads import gateway_at
from tests.simulators.basics import Clock
from tests.simulators.bureau import SimulatedBureau
from tests.simulators.contract import IntakeUnderTest, intake_under_test
from tests.web.inspection import Page, assert_clean


class Point:
    """The reporting point, and the recipients that empty it."""

    def __init__(self, intake: IntakeUnderTest, base: str, client: aiohttp.ClientSession) -> None:
        self.intake, self.base, self.client = intake, base, client
        self.desks = intake.bureau.desks

    async def open_day(self) -> None:
        bulletin = self.intake.bureau.bulletin()
        await self.intake.put_bulletin(bulletin.day, bulletin.revision, self.intake.bureau.signed(bulletin))
        await self.intake.put_publication(self.intake.bureau.publication())
        await self.issue()

    async def issue(self) -> None:
        for desk in self.desks:
            await self.intake.put_board(desk.identity, desk.issue(None))

    async def form(self) -> dict[str, str]:
        async with self.client.get(f"{self.base}/nl/melden") as answer:
            return _fields(assert_clean(await answer.text()))

    async def post(self, path: str, fields: dict[str, str]) -> Page:
        body = encode_form([*parts_of(fields), ("files", b"", "")])
        async with self.client.post(self.base + path, data=io.BytesIO(body), headers=form_type()) as answer:
            assert answer.status == 200
            return assert_clean(await answer.text())

    async def take_in(self) -> None:
        """Every recipient opens what waits; it waits until the last of them has it."""
        (key,) = await self.intake.listing()
        data = await self.intake.fetch(key)
        for desk in self.desks:
            assert await self.intake.listing() == [key]
            desk.open_one(data)
            await self.intake.confirm(desk.identity, [key])
        assert await self.intake.listing() == []


def _fields(page: Page) -> dict[str, str]:
    return {name: value for name, value in page.fields.items() if name != "files"}


@asynccontextmanager
async def point_with(recipients: int) -> AsyncIterator[Point]:
    clock = Clock()
    bureau = SimulatedBureau(clock, desks=recipients, seed=("several", recipients))
    with tempfile.TemporaryDirectory(prefix="sr") as name:
        async with intake_under_test(bureau, clock, Path(name)) as intake, aiohttp.ClientSession() as client:
            settings = Settings(Path(name, "run", "reporters.sock"), Tcp("127.0.0.1", 0), bureau.root.public)
            with gateway_at(settings, lambda: clock.now, os.urandom) as base:
                point = Point(intake, base, client)
                await point.open_day()
                yield point
                await client.close()  # before the gateway's threads are waited for


@pytest.mark.parametrize("recipients", range(1, SLOTS + 1))
async def test_every_recipient_opens_answers_and_is_read(recipients: int) -> None:
    async with point_with(recipients) as point:
        words = (await point.post("/nl/melden", await point.form() | {"text": "wat ik zag"})).fields["receipt"]
        await point.take_in()
        for number, desk in enumerate(point.desks):
            ((thread, text),) = [(shown.thread, shown.text) for shown in desk.vault.shown]
            assert text == "wat ik zag"
            assert thread is not None
            desk.acknowledge(thread)
            desk.reply(thread, Reply(f"Antwoord {number} van het bureau"))
        await point.issue()
        page = await point.post("/nl/antwoord", {"receipt": words})
        assert "Het bureau heeft 1 bericht van u geopend" in page.text
        assert all(f"Antwoord {number} van het bureau" in page.text for number in range(recipients))
        await point.post("/nl/antwoord/sturen", _fields(page) | {"text": "mijn antwoord"})
        await point.take_in()
        for desk in point.desks:
            first, later = desk.vault.shown
            assert (later.thread, later.text) == (first.thread, "mijn antwoord")


async def test_a_recipient_who_has_not_answered_yet_gets_the_keys_with_the_next_message() -> None:
    async with point_with(2) as point:
        words = (await point.post("/nl/melden", await point.form() | {"text": "wat ik zag"})).fields["receipt"]
        (key,) = await point.intake.listing()
        quick, late = point.desks
        quick.open_one(await point.intake.fetch(key))
        (shown,) = quick.vault.shown
        assert shown.thread is not None
        quick.acknowledge(shown.thread)
        await point.issue()
        page = await point.post("/nl/antwoord", {"receipt": words})
        await point.post("/nl/antwoord/sturen", _fields(page) | {"text": "nog iets"})
        (other,) = set(await point.intake.listing()) - {key}
        late.open_one(await point.intake.fetch(other))  # the first one is still on its way to it
        (shown,) = late.vault.shown
        assert shown.thread is not None
        late.reply(shown.thread, Reply("Ook ik kan u antwoorden"))
        await point.issue()
        assert "Ook ik kan u antwoorden" in (await point.post("/nl/antwoord", {"receipt": words})).text
