"""What a visit saw counts when the line then breaks: a host that tampers and hangs up is found out all the same."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dropbox.auditor import cli, files, looking, pages
from dropbox.auditor.errors import SettingsError
from dropbox.auditor.looking import Feet
from dropbox.auditor.visiting import ITINERARIES, Itinerary
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import sign_bulletin
from dropbox.protocol.keys import Role
from dropbox.protocol.observation import Observation, verify_observation
from tests.auditor.host import Hand, Host, Reply, both, hangs_up, on, plain, running_host, swap, unzipped
from tests.browser.driver import wait_for
from tests.gateway.bureau import Bureau

Out = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
READS = Itinerary("nl", (pages.START["nl"], pages.READ["nl"]), reads=True)


@dataclass
class Auditor:
    """Somebody who comes once, as a test says, and starts from what one good visit left."""

    host: Host
    out: Out
    kept: bytes = b""

    def comes(self) -> tuple[int, str]:
        config = str(self.host.config())
        self.out.readouterr()
        status = cli.main(["watch", "--config", config, "--hurried", "--rounds", "1"])
        said = self.out.readouterr()
        return status, said.out + said.err

    @property
    def folder(self) -> Path:
        return self.host.folder / "ann" / "state"

    def begins_anew(self) -> None:
        (self.folder / "state.json").write_bytes(self.kept)
        for path in (self.folder / "observations").glob("*.json"):
            path.unlink()

    def observed(self) -> Observation:
        (path,) = (self.folder / "observations").glob("*.json")
        return verify_observation(path.read_bytes())


@pytest.fixture
def auditor(host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> Auditor:
    monkeypatch.setattr(looking, "drawn", lambda _: READS)
    made = Auditor(host, capsys)
    assert made.comes() == (0, "")
    made.kept = (made.folder / "state.json").read_bytes()
    return made


def steps(host: Host) -> list[str]:
    """What one visit asks for, in order."""
    return [one.path for one in host.between.asked if one.connection == host.between.asked[0].connection]


def breaks_off(reply: Reply) -> None:
    reply.breaks = len(reply.body) // 2


def served(body: Callable[[Host], bytes]) -> Callable[[Host], Hand]:
    def make(host: Host) -> Hand:
        instead = body(host)

        def change(reply: Reply) -> None:
            reply.body = instead

        return change

    return make


def forged_bulletin(host: Host) -> bytes:
    return sign_bulletin(host.bureau.bulletin, host.bureau.signing[Role.BOARD].sign)


TAMPERED: list[tuple[str, Callable[[Host], Hand], str]] = [
    (r"/nl/", lambda _: swap(b"<body>", b'<body onload="x()">'), "page-foreign"),
    (r"/nl/", lambda _: lambda reply: reply.headers.append(("Set-Cookie", "a=b")), "page-headers"),
    (r"/static/kit-.*", lambda _: swap(b"{", b"{ "), "file-name"),
    (
        r"/nl/antwoord",
        lambda _: swap(b"</main>", b'<p class="note said" dir="auto">Bel.</p>\n</main>'),
        "notices-other",
    ),
    (r"/static/browser-.*", lambda _: swap(b"(()=>{", b"(()=>{/**/"), "integrity"),
    (r"/nl/teksten", lambda _: swap(b"</body>", b"<script>x()</script></body>"), "page-foreign"),
    (r"/static/words-.*", lambda _: swap(b"a", b"b"), "file-name"),
    (r"/v1/bulletin", served(forged_bulletin), "bulletin-invalid"),
    (r"/v1/bulletin", served(lambda _: Bureau(int(time.time())).signed_bulletin()), "bulletin-instance"),
    (r"/v1/boards", served(lambda _: Bureau(int(time.time())).boards()), "board-instance"),
]


@pytest.mark.parametrize(("path", "change", "code"), TAMPERED)
def test_who_tampers_and_then_hangs_up_is_found_out_at_every_step(
    auditor: Auditor, path: str, change: Callable[[Host], Hand], code: str
) -> None:
    host = auditor.host
    order = steps(host)
    tampers = on(path, unzipped(change(host)))
    at = next(number for number, step in enumerate(order) if not _same(on(path, hangs_up), step))
    assert order[at + 1 :], "there is a later step at which to hang up"
    for later in order[at + 1 :]:
        for ends in (hangs_up, breaks_off):
            auditor.begins_anew()
            host.between.hand = both(tampers, on(later.replace(".", r"\."), ends))
            status, said = auditor.comes()
            assert (status, "A visit broke off at" in said) == (1, True), (later, said)
            assert "Do not report through this site now" in said
            assert code in auditor.observed().findings


def _same(hand: Hand, path: str) -> bool:
    """Whether a hand leaves this path alone."""
    try:
        hand(Reply(path, 200, [], b""))
    except ConnectionError:
        return False
    return True


def test_a_line_that_only_breaks_accuses_nobody_and_what_came_is_kept(auditor: Auditor) -> None:
    host = auditor.host
    for step in steps(host):
        for ends in (hangs_up, breaks_off):
            auditor.begins_anew()
            host.between.hand = on(step.replace(".", r"\."), ends)
            status, said = auditor.comes()
            assert status == 2, (step, said)
            assert "The line broke during the visit" in said
            assert "Warn the bureau" not in said
            if step != "/nl/":
                assert "Nothing wrong was found in what came; but not everything came." in said
                assert auditor.observed().findings == ()
                assert "/nl/" in {one.name for one in auditor.observed().sightings}


def test_a_tampered_page_that_breaks_off_itself_is_found(auditor: Auditor) -> None:
    """A browser shows what there is of it; a host could let every page break off at its last byte."""
    for before, after, code in (
        (b"<body>", b'<body onload="x()">', "page-foreign"),
        (b"</h1>", b'</h1><p class="note said" dir="auto">Bel 06.</p>\n', "notices-other"),
    ):
        auditor.begins_anew()
        change = unzipped(swap(before, after))

        def cut_at_the_end(reply: Reply) -> None:
            reply.breaks = len(reply.body) - 1

        auditor.host.between.hand = on("/nl/antwoord", both(change, cut_at_the_end))
        status, said = auditor.comes()
        assert (status, code in auditor.observed().findings) == (1, True), said


def test_a_forged_announcement_on_a_first_page_that_breaks_off_is_found_at_the_next_reading(auditor: Auditor) -> None:
    forged = swap(b'<div class="columns">', b'<p class="note said" dir="auto">Bel 06.</p>\n<div class="columns">')
    auditor.host.between.hand = on("/nl/", both(unzipped(forged), breaks_off))
    status, said = auditor.comes()
    assert (status, "It may be new" in said) == (2, True), said
    auditor.host.between.hand = lambda _: None
    assert auditor.comes()[0] == 1
    assert auditor.observed().findings == ("notices-other",)


def test_other_root_keys_in_what_came_are_found(auditor: Auditor) -> None:
    host = auditor.host
    other = Bureau(int(time.time())).root.public.raw.hex().encode()
    tampers = on("/nl/antwoord", unzipped(swap(host.bureau.root.public.raw.hex().encode(), other)))
    host.between.hand = both(tampers, on("/static/browser-.*", hangs_up))
    status, said = auditor.comes()
    assert (status, "another root key than the leaflet's" in said) == (1, True)


def test_the_first_visit_of_all_can_raise_the_alarm_though_it_knows_no_root_yet(
    host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "drawn", lambda _: READS)
    tampers = on("/nl/", unzipped(swap(b"<body>", b'<body onload="x()">')))
    host.between.hand = both(tampers, on("/nl/antwoord", hangs_up))
    auditor = Auditor(host, capsys)
    status, said = auditor.comes()
    assert (status, "holds something that does not belong" in said) == (1, True)
    assert [*auditor.folder.glob("observations/*")] == [], "of which instance, no page has said"
    host.between.hand = lambda _: None
    assert auditor.comes() == (0, "")
    assert auditor.observed().findings == ("page-foreign",), "what was found earlier on the day is not taken back"


def test_a_look_goes_on_after_a_visit_that_broke_off(host: Host, capsys: Out) -> None:
    broken: list[str] = []

    def once(reply: Reply) -> None:
        if reply.path == "/nl/melden" and not broken:
            broken.append(reply.path)
            raise ConnectionError

    host.between.hand = once
    status = cli.main(["look", "--config", str(host.config()), "--hurried"])
    said = capsys.readouterr().out
    assert (status, "A visit broke off at /nl/melden" in said) == (2, True), said
    assert len(host.tor.circuits) == len(ITINERARIES)
    asked = {one.path for one in host.between.asked}
    assert asked >= {*pages.READ.values(), *pages.HOW.values(), pages.REPORT["en"], "/v1/boards"}


def test_a_look_finds_what_was_tampered_with_in_a_visit_that_broke_off(host: Host, capsys: Out) -> None:
    plain(host.between, on("/nl/melden", swap(b"<body>", b'<body onload="x()">')))
    host.between.hand = both(host.between.hand, on("/static/words-.*", hangs_up))
    page = host.folder / "result.html"
    status = cli.main(["look", "--config", str(host.config()), "--hurried", "--html", str(page)])
    assert status == 1
    for said in (capsys.readouterr().out, page.read_text()):
        assert "/nl/melden holds something that does not belong" in said
        assert "A visit broke off at words" in said


def test_a_witness_does_not_sign_after_a_visit_that_broke_off(host: Host, capsys: Out) -> None:
    host.between.cut = "/v1/publication"
    status = cli.main(["witness", "--config", str(host.config()), "--hurried"])
    assert (status, "broke off at /v1/publication" in capsys.readouterr().out) == (2, True)
    assert not [*(host.folder / "ann" / "state").glob("cosigned/*")]


def test_a_flood_is_an_alarm(auditor: Auditor) -> None:
    def floods(reply: Reply) -> None:
        reply.headers = [one for one in reply.headers if one[0] != "Content-Encoding"]
        reply.body = bytes(2 * sizes.MIB)

    auditor.host.between.hand = on("/static/words-.*", floods)
    status, said = auditor.comes()
    assert (status, "A good server never does so" in said) == (1, True), said
    assert auditor.observed().findings == ("answer-too-much",)


@pytest.mark.parametrize("encoding", ["deflate", "br", "gzip"])
def test_an_answer_that_only_browsers_understand_is_an_alarm(auditor: Auditor, encoding: str) -> None:
    """A host could serve every page so, and every auditor would look again later."""

    def packs(reply: Reply) -> None:
        reply.headers = [one for one in reply.headers if one[0] != "Content-Encoding"]
        reply.headers.append(("Content-Encoding", encoding))
        reply.body = zlib.compress(reply.body)

    for path in ("/nl/", "/static/words-.*"):
        auditor.begins_anew()
        auditor.host.between.hand = on(path, packs)
        status, said = auditor.comes()
        assert (status, "as a good server never does" in said) == (1, True), said
        assert "answer-malformed" in auditor.observed().findings


@pytest.mark.parametrize("command", ["look", "canary", "witness", "watch"])
def test_what_was_found_is_said_though_the_disk_is_full(
    host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    plain(host.between, on("/(nl|en)/", swap(b"<body>", b'<body onload="x()">')))
    config = str(host.config())

    def full(*_: object) -> None:
        raise SettingsError("cannot-write", name="state.json")

    monkeypatch.setattr(files, "save", full)
    status = cli.main([command, "--config", config, "--hurried"])
    said = capsys.readouterr()
    assert (status, "holds something that does not belong" in said.out) == (1, True), said
    assert "state.json cannot be written" in said.err


def test_a_first_canary_that_meets_another_root_raises_the_alarm(host: Host, capsys: Out) -> None:
    other = Bureau(int(time.time())).root.public.raw.hex().encode()
    own = host.bureau.root.public.raw.hex().encode()
    plain(host.between, lambda reply: setattr(reply, "body", reply.body.replace(own, other)))
    status = cli.main(["canary", "--config", str(host.config()), "--hurried"])
    said = capsys.readouterr()
    assert (status, "another root key than the leaflet's" in said.out) == (1, True), said
    assert "No page named the root key of the leaflet" in said.err


def test_a_first_canary_says_what_its_reading_visit_found(host: Host, capsys: Out) -> None:
    plain(host.between, on("/(nl|en)/(antwoord|read)", swap(b"<body>", b'<body onload="x()">')))
    status = cli.main(["canary", "--config", str(host.config()), "--hurried"])
    said = capsys.readouterr().out
    assert (status, "holds something that does not belong" in said) == (1, True), said
    assert "The canary is sent." in said


def test_a_look_that_is_stopped_judges_what_it_saw(host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(host.between, on("/(nl|en)/", swap(b"<body>", b'<body onload="x()">')))

    async def stops(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_feet", lambda _: Feet(os.urandom, stops))
    status = cli.main(["look", "--config", str(host.config())])
    said = capsys.readouterr().out
    assert (status, "The visit was stopped from outside" in said) == (1, True), said


@pytest.mark.timeout(120)  # stops a test that hangs
def test_a_service_that_is_stopped_judges_the_visit_that_goes_on() -> None:
    with tempfile.TemporaryDirectory(prefix="au") as name, running_host(Path(name)) as host:
        plain(host.between, on("/(nl|en)/", swap(b"<body>", b'<body onload="x()">')))
        command = [sys.executable, "-m", "dropbox.auditor.cli", "watch", "--config", str(host.config())]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            wait_for("the first page's file", lambda: any("/static/kit-" in one.path for one in host.between.asked))
            process.send_signal(signal.SIGTERM)
            process.communicate()
        assert process.returncode == 1
        state = json.loads((host.folder / "ann" / "state" / "state.json").read_text())
        assert state["alarms"] == ["page-foreign"]


@pytest.mark.timeout(120)  # stops a test that hangs
def test_a_watch_that_the_service_manager_stops_before_it_saw_anything_ends_well() -> None:
    with tempfile.TemporaryDirectory(prefix="au") as name, running_host(Path(name)) as host:
        config = host.config(tor_socks=f"unix:{name}/none")
        command = [sys.executable, "-m", "dropbox.auditor.cli", "watch", "--config", str(config)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "dropbox-audit: Tor" in process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            process.communicate()
        assert process.returncode == 0


def test_alarms_of_the_day_stay_in_its_observation(auditor: Auditor) -> None:
    auditor.host.between.hand = on("/nl/", lambda reply: reply.headers.append(("Set-Cookie", "a=b")))
    assert auditor.comes()[0] == 1
    auditor.host.between.hand = lambda _: None
    assert auditor.comes() == (0, "")
    assert auditor.observed().findings == ("page-headers",)


def test_the_page_of_a_watch_shows_all_that_it_found(auditor: Auditor) -> None:
    host, page = auditor.host, auditor.host.folder / "result.html"
    first = len(host.tor.circuits)

    def once(reply: Reply) -> None:
        if len(host.tor.circuits) == first + 1:
            reply.headers.append(("Set-Cookie", "a=b"))

    host.between.hand = on("/nl/", once)
    status = cli.main(["watch", "--config", str(host.config()), "--hurried", "--rounds", "2", "--html", str(page)])
    assert (status, "came without the rules" in page.read_text()) == (1, True)
