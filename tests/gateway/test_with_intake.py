"""Gateway and intake together: real sockets, a real database, a real courier on the other side."""

import io
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from dropbox.gateway.settings import Settings, Tcp
from dropbox.protocol.payload import TEXT_LIMIT
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.protocol.sizes import MIB
from tests.gateway.bureau import Bureau
from tests.gateway.conftest import encode_form, form_type, parts_of
from tests.gateway.threads import gateway_at
from tests.intake.conftest import Clock, Running
from tests.intake.conftest import World as IntakeWorld
from tests.simulators.intake_instance import Instance
from tests.web.inspection import Page, assert_clean


class Both:
    """A running intake with a bureau's documents on it, and a gateway before it."""

    def __init__(self, bureau: Bureau, intake: Running, base: str, client: aiohttp.ClientSession) -> None:
        self.bureau, self.intake, self.base, self.client = bureau, intake, base, client

    async def get(self, path: str) -> dict[str, str]:
        async with self.client.get(self.base + path) as answer:
            fields = assert_clean(await answer.text()).fields
        return {name: value for name, value in fields.items() if name != "files"}

    async def post(self, path: str, fields: dict[str, str], file: bytes = b"") -> tuple[int, Page]:
        body = encode_form([*parts_of(fields), ("files", file, "bijlage.bin" if file else "")])
        async with self.client.post(self.base + path, data=io.BytesIO(body), headers=form_type()) as answer:
            return answer.status, assert_clean(await answer.text())

    async def issue(self) -> None:
        await self.intake.desk.put(f"/v1/boards/{self.bureau.recipient.hex()}", self.bureau.boards()[5:])

    async def envelopes(self) -> list[bytes]:
        listed = json.loads(await self.intake.desk.get("/v1/envelopes"))["envelopes"]
        found = []
        for entry in listed:
            chunks = range(-(-entry["size"] // MIB))
            found.append(
                b"".join([await self.intake.desk.get(f"/v1/envelopes/{entry['key']}/{chunk}") for chunk in chunks])
            )
        return found


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    clock = Clock()
    bureau = Bureau(clock.now)
    with tempfile.TemporaryDirectory(prefix="gw") as name:
        folder = Path(name)
        world = IntakeWorld(folder, f"sqlite:///{folder}/intake.db", Instance(root=bureau.root), clock)
        async with world.start(published=False) as intake:
            settings = Settings(intake.socket("reporters"), Tcp("127.0.0.1", 0), bureau.root.public)
            async with aiohttp.ClientSession() as client:
                with gateway_at(settings, clock, os.urandom) as base:
                    yield Both(bureau, intake, base, client)
                    await client.close()  # before the gateway's threads are waited for


async def test_before_the_bureau_has_published_nothing_can_be_sent(both: Both) -> None:
    fields = await both.get("/nl/melden") | {"text": "wat ik zag"}
    status, page = await both.post("/nl/melden", fields)
    assert status == 503
    assert "Het bureau heeft voor vandaag geen sleutels klaargezet." in page.text
    assert page.fields["text"] == "wat ik zag"


async def test_report_read_and_answer_over_a_real_intake(both: Both) -> None:
    await both.intake.desk.put(f"/v1/bulletins/{both.bureau.day}/0", both.bureau.signed_bulletin())
    await both.intake.desk.put("/v1/publication", both.bureau.publication())
    await both.issue()
    photo = os.urandom(3 * MIB + 12_345)
    fields = await both.get("/nl/melden") | {"text": "x" * TEXT_LIMIT}
    assert (await both.post("/nl/melden", fields, photo))[0] == 200

    (envelope,) = await both.envelopes()
    opened = both.bureau.open(envelope)
    assert opened.authentic
    assert opened.files == [("bijlage.bin", photo)]
    both.bureau.reply(opened.head.thread_id, Acknowledgement(1, 1, both.bureau.day))
    both.bureau.reply(opened.head.thread_id, Reply("Dank u wel."))
    await both.issue()

    status, page = await both.post("/nl/antwoord", {"receipt": fields["receipt"]})
    assert status == 200
    assert "Dank u wel." in page.text
    later = {name: value for name, value in page.fields.items() if name != "files"} | {"text": "Graag gedaan."}
    assert (await both.post("/nl/antwoord/sturen", later))[0] == 200
    assert len(await both.envelopes()) == 2


async def test_a_refused_report_leaves_nothing_on_intake(both: Both) -> None:
    await both.intake.desk.put(f"/v1/bulletins/{both.bureau.day}/0", both.bureau.signed_bulletin())
    fields = await both.get("/nl/melden") | {"text": "x"}
    cut = encode_form([*parts_of(fields), ("files", os.urandom(3 * MIB), "a")])[:-MIB]
    async with both.client.post(both.base + "/nl/melden", data=io.BytesIO(cut), headers=form_type()) as answer:
        assert answer.status == 400
    assert await both.envelopes() == []
    assert (await both.post("/nl/melden", fields))[0] == 200
    assert len(await both.envelopes()) == 1
