"""The way to intake, over a real socket: what is waited for, and what is not."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from dropbox.gateway.transport import IntakeTransport
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import HostAway
from dropbox.reporter.transport import Request, Response
from dropbox.web.serving import QuietRunner
from tests.gateway.processes import until
from tests.gateway.threads import Unblocked

CHUNK = Request("PUT", f"/v1/uploads/{'ab' * 16}/0", b"x")
BULLETIN = Request("GET", "/v1/bulletin")


class Intake:
    """Answers every request with the next of ``answers``, and with 200 afterwards."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.answers: list[tuple[int, str]] = []
        self.seen: list[str] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.runner = QuietRunner(app)

    async def _answer(self, request: web.Request) -> web.Response:
        self.seen.append(request.method)
        status, code = self.answers.pop(0) if self.answers else (200, "")
        return web.json_response({"error": code} if code else {}, status=status)

    async def start(self) -> None:
        await self.runner.setup()
        await web.UnixSite(self.runner, str(self.socket)).start()


@contextmanager
def reaching(socket: Path, seconds: float) -> Iterator[Unblocked]:
    with IntakeTransport(socket, seconds) as transport:
        yield Unblocked(transport)


@pytest.fixture
async def intake() -> AsyncIterator[Intake]:
    with tempfile.TemporaryDirectory(prefix="gw") as folder:
        intake = Intake(Path(folder) / "reporters.sock")
        yield intake
        await intake.runner.cleanup()


async def test_a_chunk_waits_for_an_intake_that_restarts(intake: Intake) -> None:
    with reaching(intake.socket, 60) as transport:
        sending = asyncio.ensure_future(transport.send(CHUNK))
        await asyncio.sleep(0.2)  # let it find nobody
        assert not sending.done()
        await intake.start()
        assert (await sending).status == 200
    assert intake.seen == ["PUT"]


async def test_a_chunk_waits_for_a_store_that_is_away(intake: Intake) -> None:
    intake.answers = [(503, "not_ready")]
    await intake.start()
    with reaching(intake.socket, 60) as transport:
        assert (await transport.send(CHUNK)).status == 200
    assert intake.seen == ["PUT", "PUT"]


async def test_the_waiting_has_an_end(intake: Intake) -> None:
    with reaching(intake.socket, 1) as transport, pytest.raises(HostAway):
        await transport.send(CHUNK)
    intake.answers = [(503, "not_ready")] * 10
    await intake.start()
    with reaching(intake.socket, 1) as transport, pytest.raises(HostAway):
        await transport.send(CHUNK)


async def test_a_page_waits_for_no_intake(intake: Intake) -> None:
    with reaching(intake.socket, 3600) as transport:
        with pytest.raises(HostAway):
            await transport.send(BULLETIN)
        with pytest.raises(HostAway):
            await transport.send(Request("DELETE", f"/v1/uploads/{'ab' * 16}"))
    await intake.start()
    intake.answers = [(503, "not_ready")]
    with reaching(intake.socket, 3600) as transport:
        assert await transport.send(BULLETIN) == Response(503, b'{"error": "not_ready"}')


@pytest.mark.parametrize(("status", "code"), [(503, "too_many_uploads"), (507, "full"), (404, "unknown_upload")])
async def test_a_refusal_is_an_answer(intake: Intake, status: int, code: str) -> None:
    intake.answers = [(status, code)]
    await intake.start()
    with reaching(intake.socket, 3600) as transport:
        assert (await transport.send(CHUNK)).status == status
    assert len(intake.seen) == 1


async def test_a_request_is_on_its_way_before_anybody_waits_for_its_answer(intake: Intake) -> None:
    await intake.start()
    with IntakeTransport(intake.socket, 60) as transport:
        answer = await asyncio.to_thread(transport.send, CHUNK)
        await until(lambda: bool(intake.seen))
        assert (await asyncio.to_thread(run, answer)).status == 200
    assert intake.seen == ["PUT"]
