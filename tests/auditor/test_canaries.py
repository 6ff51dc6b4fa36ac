"""A canary's whole way through a real gateway, a real intake and a real desk, and each place at which it breaks."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dropbox.auditor import canaries, cli, files, pages
from dropbox.auditor.looking import Feet
from dropbox.bureau import ledger
from dropbox.gateway.settings import Settings as GatewaySettings
from dropbox.gateway.settings import Tcp
from dropbox.protocol import sizes
from dropbox.protocol.observation import verify_observation
from dropbox.protocol.receipt import fingerprint_words
from tests.auditor.host import ONION, Between, Reply, both, hangs_up, on, swap, tor_at, unzipped
from tests.bureau.office import Office, Open
from tests.gateway.threads import gateway_at

Out = pytest.CaptureFixture[str]


@dataclass
class Place:
    """An office behind a gateway behind Tor, and an auditor's settings."""

    folder: Path
    office: Office
    between: Between

    @property
    def config(self) -> Path:
        return self.folder / "audit.toml"

    @property
    def key(self) -> str:
        return files.load_key(self.folder / "key").public.hex()

    async def canary(self, out: Out) -> tuple[int, str]:
        """One round of a canary, as the command makes it."""
        out.readouterr()
        status = await asyncio.to_thread(cli.main, ["canary", "--config", str(self.config), "--hurried"])
        said = out.readouterr()
        return status, said.out + said.err

    @asynccontextmanager
    async def desk(self, *keys: str) -> AsyncIterator[Open]:
        """A desk that knows these auditors, with a handler signed in."""
        async with self.office.desk(canary_keys=[*keys]) as opened:
            await opened.round()
            await opened.sign_in()
            yield opened


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="au") as name, ExitStack() as stack:
        folder = Path(name)
        office = Office(folder)
        root = office.root.public
        settings = GatewaySettings(folder / "run" / "reporters.sock", Tcp("127.0.0.1", 0), root, intake_seconds=5)
        base = stack.enter_context(gateway_at(settings, office.clock, os.urandom))
        between = Between(base)
        stack.enter_context(between.listening(folder / "gateway"))
        stack.enter_context(tor_at(folder / "socks", {ONION.name: folder / "gateway"}))
        cli.main(["key", "--out", str(folder / "key")])
        words = " ".join(fingerprint_words(root.fingerprint))
        (folder / "audit.toml").write_text(
            f'onion = "{ONION.name}"\nfingerprint = "{words}"\ntor_socks = "unix:{folder / "socks"}"\n'
            f'folder = "{folder / "state"}"\nkey = "{folder / "key"}"\nlanguage = "en"\npatience_days = 2\n'
        )
        monkeypatch.setattr(cli, "_now", office.clock)
        yield Place(folder, office, between)


async def test_the_whole_way_works_day_after_day(place: Place, capsys: Out) -> None:
    async with place.office.intake(), place.desk(place.key) as desk:
        status, said = await place.canary(capsys)
        assert (status, "The canary is sent." in said) == (0, True), said
        status, said = await place.canary(capsys)
        assert (status, "still waits" in said) == (0, True)
        for _ in range(3):
            await desk.round()
            place.office.clock.forward(days=1)
            await desk.round()
            status, said = await place.canary(capsys)
            assert (status, "was answered: the whole way works" in said, "is sent" in said) == (0, True, True), said
        assert await desk.desk.cases() == (), "no handler has seen anything"


async def test_to_the_host_a_canary_is_a_report(place: Place, capsys: Out) -> None:
    async with place.office.intake(), place.desk(place.key):
        await place.canary(capsys)
        start = next(
            at for at, one in enumerate(place.between.asked) if one.path.split("/")[-1] in {"melden", "report"}
        )
        sent = place.between.asked[start:]
        assert [one.method for one in sent[-2:]] == ["GET", "PUT"]
        (length,) = [value for name, value in sent[-1].headers if name == "Content-Length"]
        assert int(length) == sizes.ENVELOPE_LADDER[0]
        assert {len(one.headers) for one in sent if one.path == "/v1/bulletin"} == {
            len(one.headers) for one in place.between.asked if one.path == "/v1/bulletin"
        }


async def test_intake_down_is_said(place: Place, capsys: Out) -> None:
    async with place.office.intake(), place.desk(place.key):
        await place.canary(capsys)
    place.office.clock.forward(days=1)
    status, said = await place.canary(capsys)
    assert status == 1
    assert "could not be sealed: there are no good keys of today" in said
    assert "could not be fetched: there is no good board" in said


async def test_a_store_that_takes_nothing_is_said(place: Place, capsys: Out) -> None:
    def full(reply: Reply) -> None:
        if reply.path.startswith("/v1/uploads/"):
            reply.status, reply.body = 507, b'{"error": "full"}'

    place.between.hand = full
    async with place.office.intake(), place.desk(place.key):
        status, said = await place.canary(capsys)
        assert (status, "its store is away or full" in said) == (1, True)


async def test_a_line_that_breaks_at_the_end_is_said_and_the_answer_waited_for(place: Place, capsys: Out) -> None:
    broken: list[str] = []

    def breaks(reply: Reply) -> None:
        if reply.path.endswith("/whole") and len(broken) < 10:
            broken.append("")
            raise ConnectionError

    place.between.hand = breaks
    async with place.office.intake(), place.desk(place.key) as desk:
        status, said = await place.canary(capsys)
        assert (status, "the line broke" in said) == (1, True), said
        await desk.round()
        status, said = await place.canary(capsys)
        assert (status, "was answered" in said) == (0, True), said


async def test_a_line_that_breaks_before_the_next_one_takes_nothing_from_what_was_read(
    place: Place, capsys: Out
) -> None:
    def breaks(reply: Reply) -> None:
        if reply.path in pages.REPORT.values():
            raise ConnectionError

    async with place.office.intake(), place.desk(place.key) as desk:
        await place.canary(capsys)
        await desk.round()
        place.office.clock.forward(days=1)
        place.between.hand = breaks
        status, said = await place.canary(capsys)
        assert (status, "was answered" in said, "the line broke" in said) == (1, True, True), said


async def test_who_read_an_answer_rests_before_the_next_report(
    place: Place, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[tuple[int, float]] = []  # after so many requests, so many seconds

    async def sleep(seconds: float) -> None:
        rests.append((len(place.between.asked), seconds))

    async with place.office.intake(), place.desk(place.key):
        await place.canary(capsys)
        place.office.clock.forward(days=1)
        monkeypatch.setattr(cli, "_feet", lambda _: Feet(os.urandom, sleep))
        before = len(place.between.asked)
        await place.canary(capsys)
        asked = [one.path for one in place.between.asked]
        read = asked.index("/v1/publication", before) + 1
        (rested,) = [seconds for at, seconds in rests if at == read]
        assert canaries.SHORTEST_REST <= rested <= canaries.LONGEST_REST
        assert asked[read] in pages.START.values()


async def test_a_desk_that_is_down_is_said_once_patience_ends(place: Place, capsys: Out) -> None:
    async with place.office.intake():
        async with place.desk(place.key) as desk:
            await desk.round()
        await place.canary(capsys)
        place.office.clock.forward(days=1)
        status, said = await place.canary(capsys)
        assert (status, "still waits" in said) == (0, True), said
        place.office.clock.forward(days=2)
        status, said = await place.canary(capsys)
        assert (status, "no new board comes out either" in said) == (1, True), said


async def test_nobody_signed_in_is_told_apart_from_a_desk_that_is_down(place: Place, capsys: Out) -> None:
    async with place.office.intake(), place.office.desk(canary_keys=[place.key]) as desk:
        await desk.round()
        await place.canary(capsys)
        place.office.clock.forward(days=3)
        await desk.round()
        status, said = await place.canary(capsys)
        assert (status, "Boards do come out" in said) == (1, True), said
        await desk.sign_in()
        await desk.round()
        status, said = await place.canary(capsys)
        assert (status, "was answered" in said) == (0, True), said


async def test_an_answer_that_comes_late_is_good_once_it_is_there(place: Place, capsys: Out) -> None:
    async with place.office.intake():
        async with place.desk(place.key) as desk:
            await desk.round()
        await place.canary(capsys)
        place.office.clock.forward(days=4)
        assert (await place.canary(capsys))[0] == 1
        async with place.desk(place.key) as desk:
            await desk.round()
            await desk.round()
            status, said = await place.canary(capsys)
            assert (status, "was answered" in said) == (0, True), said


async def test_a_report_that_the_host_swallowed_is_said_once_a_later_one_is_answered(place: Place, capsys: Out) -> None:
    def swallow(reply: Reply) -> None:
        if reply.path.startswith("/v1/uploads/"):
            reply.status, reply.body = 200, b"{}"

    async with place.office.intake(), place.desk(place.key) as desk:
        place.between.deaf, place.between.hand = "/v1/uploads/", swallow
        assert (await place.canary(capsys))[0] == 0
        place.between.deaf, place.between.hand = "", lambda _: None
        place.office.clock.forward(days=1)
        await desk.round()
        await place.canary(capsys)
        await desk.round()
        status, said = await place.canary(capsys)
        assert (status, "that report was lost at the server" in said) == (1, True), said


async def test_an_answer_that_may_have_given_way_on_a_full_board_is_said_so(
    place: Place, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "BOARD_MAX_RECORDS", sizes.BOARD_MIN_RECORDS)  # so that this board has its largest size
    async with place.office.intake(), place.desk(place.key) as desk:
        await place.canary(capsys)
        monkeypatch.setattr(ledger, "fitting", lambda _live, _most: [])
        monkeypatch.setattr(sizes, "BOARD_MAX_RECORDS", 1)
        await desk.round()
        place.office.clock.forward(days=3)
        await desk.round()
        monkeypatch.setattr(sizes, "BOARD_MAX_RECORDS", sizes.BOARD_MIN_RECORDS)
        status, said = await place.canary(capsys)
        assert (status, "the board has its largest size" in said) == (1, True), said
        assert "does not know your key" not in said
        assert "lost at the server" not in said


async def test_a_desk_that_does_not_know_the_auditor_is_said(place: Place, capsys: Out) -> None:
    async with place.office.intake(), place.desk() as desk:
        await place.canary(capsys)
        await desk.round()
        status, said = await place.canary(capsys)
        assert (status, "does not know your key" in said) == (1, True)
        assert len(await desk.desk.cases()) == 1


async def test_a_host_that_lets_nobody_read_to_the_end_is_said_once_patience_ends(place: Place, capsys: Out) -> None:
    async with place.office.intake(), place.desk(place.key):
        await place.canary(capsys)
        place.between.hand = on("/v1/boards", hangs_up)
        status, said = await place.canary(capsys)
        assert (status, "Warn" in said) == (2, False), said
        place.office.clock.forward(days=3)
        status, said = await place.canary(capsys)
        assert (status, "could not be fetched" in said) == (1, True), said


async def test_that_a_canary_was_cut_off_is_said_to_nobody_else(place: Place, capsys: Out) -> None:
    def breaks(reply: Reply) -> None:
        if reply.path.startswith("/v1/uploads/"):
            raise ConnectionError

    async with place.office.intake(), place.desk(place.key):
        place.between.hand = breaks
        status, said = await place.canary(capsys)
        assert (status, "the line broke" in said) == (1, True), said
        (path,) = (place.folder / "state" / "observations").iterdir()
        assert verify_observation(path.read_bytes()).findings == ()


async def test_a_page_that_was_tampered_with_is_found_though_the_canary_is_cut_off(place: Place, capsys: Out) -> None:
    async with place.office.intake(), place.desk(place.key) as desk:
        await place.canary(capsys)
        await desk.round()
        place.office.clock.forward(days=1)
        await desk.round()
        tampers = on("/(nl|en)/", unzipped(swap(b"<body>", b'<body onload="x()">')))
        for cut in ("/nl/antwoord|/en/read", "/v1/boards", "/nl/melden|/en/report"):
            kept = (place.folder / "state" / "state.json").read_bytes()
            place.between.hand = both(tampers, on(cut, hangs_up))
            status, said = await place.canary(capsys)
            assert (status, "holds something that does not belong" in said) == (1, True), said
            assert "broke off at" in said
            (place.folder / "state" / "state.json").write_bytes(kept)
