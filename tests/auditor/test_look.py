"""A good host passes; a host that does anything of this is found out."""

import hashlib
import json
import os
import re
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from dropbox.auditor import cli
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import sign_bulletin
from dropbox.protocol.keys import Role
from dropbox.protocol.observation import Observation, verify_observation
from dropbox.protocol.publication import NoticeText
from tests.auditor.host import Host, on, plain, swap
from tests.gateway.bureau import Bureau

Out = pytest.CaptureFixture[str]


def look(host: Host, out: Out, name: str = "ann", **changes: object) -> tuple[int, str]:
    """One look, and what it says."""
    out.readouterr()
    status = cli.main(["look", "--config", str(host.config(name, **changes)), "--hurried"])
    said = out.readouterr()
    return status, said.out + said.err


def findings(host: Host, name: str = "ann") -> tuple[str, ...]:
    """The codes that stand in the signed observation."""
    return observed(host, name).findings


def observed(host: Host, name: str = "ann") -> Observation:
    """The latest observation."""
    path = max((host.folder / name / "state" / "observations").glob("*.json"))
    return verify_observation(path.read_bytes())


def serve(host: Host, **bodies: bytes) -> None:
    host.intake.static.update({f"/v1/{name}": body for name, body in bodies.items()})


def revised(bureau: Bureau, **changes: object) -> bytes:
    bureau.bulletin = replace(bureau.bulletin, **changes)  # type: ignore[arg-type]  # fields by name
    return bureau.signed_bulletin()


def test_a_good_host_passes_again_and_again(host: Host, capsys: Out) -> None:
    for _ in range(2):
        status, said = look(host, capsys)
        assert (status, "Nothing wrong was found." in said) == (0, True), said
        assert findings(host) == ()
        host.intake.issue()
    pages = {one.name for one in observed(host).sightings if one.kind == "page"}
    assert pages == {
        "/nl/", "/nl/hoe-het-werkt", "/nl/melden", "/nl/antwoord", "/nl/teksten",
        "/en/", "/en/how-it-works", "/en/report", "/en/read", "/en/texts",
    }  # fmt: skip


def test_each_visit_has_circuits_of_its_own(host: Host, capsys: Out) -> None:
    assert look(host, capsys)[0] == 0
    assert len(host.tor.circuits) == 6


PAGES = [
    (r"/nl/melden", b"</body>", b'<img src="http://tracker.example/x"></body>', "page-foreign"),
    (r"/en/read", b"</body>", b"<script>alert(1)</script></body>", "page-foreign"),
    (r"/nl/", b'href="/nl/melden"', b'href="http://elsewhere.onion/nl/melden"', "page-foreign"),
    (r"/nl/", b"<body>", b'<body onload="x()">', "page-foreign"),
    (r"/en/report", b"<head>", b'<head><meta http-equiv="refresh" content="0;url=http://x.example">', "page-foreign"),
    (r"/nl/antwoord", b'action="/nl/antwoord"', b'action="http://x.example/"', "page-foreign"),
    (r"/static/browser-.*", b"(()=>{", b"(()=>{/**/", "integrity"),
    (r"/static/words-.*", b"a", b"b", "file-name"),
    (r"/static/kit-.*", b"{", b"{ ", "file-name"),
]


@pytest.mark.parametrize(("path", "before", "after", "code"), PAGES)
def test_a_page_that_was_tampered_with_is_found(
    host: Host, capsys: Out, path: str, before: bytes, after: bytes, code: str
) -> None:
    plain(host.between, on(path, swap(before, after)))
    status, said = look(host, capsys)
    assert status == 1, said
    assert code in findings(host)


def test_a_cookie_or_a_missing_policy_is_found(host: Host, capsys: Out) -> None:
    host.between.hand = on("/nl/", lambda reply: reply.headers.append(("Set-Cookie", "a=b")))
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("page-headers",)
    host.between.hand = lambda _: None
    assert look(host, capsys, "ben")[0] == 0


def test_another_root_key_on_one_page_is_found(host: Host, capsys: Out) -> None:
    other = Bureau(int(time.time())).root.public.raw.hex().encode()
    plain(host.between, on("/nl/melden", swap(host.bureau.root.public.raw.hex().encode(), other)))
    status, said = look(host, capsys)
    assert (status, "another root key" in said) == (1, True)
    assert findings(host) == ("root-other",)


def test_code_that_the_bureau_does_not_vouch_for_is_found(host: Host, capsys: Out) -> None:
    serve(host, bulletin=revised(host.bureau, browser_bundle="11" * 32))
    host.intake.issue()
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("bundle-other", "bundle-unsigned"), "in visits that read, and in those that do not"


def test_the_code_that_the_bureau_vouches_for_passes(host: Host, capsys: Out) -> None:
    bundle = hashlib.sha256(Path("dropbox/gateway/static/browser.js").read_bytes()).hexdigest()
    serve(host, bulletin=revised(host.bureau, browser_bundle=bundle))
    host.intake.issue()
    assert look(host, capsys)[0] == 0


def test_a_bulletin_by_another_key_is_found(host: Host, capsys: Out) -> None:
    serve(host, bulletin=sign_bulletin(host.bureau.bulletin, host.bureau.signing[Role.BOARD].sign))
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("bulletin-invalid",)


def test_the_keys_of_another_instance_are_found(host: Host, capsys: Out) -> None:
    serve(host, bulletin=Bureau(int(time.time())).signed_bulletin())
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("bulletin-instance",)


def test_the_board_of_another_instance_is_found(host: Host, capsys: Out) -> None:
    serve(host, boards=Bureau(int(time.time())).boards())
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("board-instance",)


def test_a_board_by_another_key_is_found(host: Host, capsys: Out) -> None:
    host.bureau.signing[Role.BOARD] = host.bureau.signing[Role.PUBLICATION]
    serve(host, boards=host.bureau.boards())
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("board-invalid",)


def test_a_board_older_than_one_seen_before_is_found(host: Host, capsys: Out) -> None:
    older = host.bureau.boards(host.bureau.now - 3600)
    assert look(host, capsys)[0] == 0
    serve(host, boards=older)
    status, said = look(host, capsys)
    assert status == 1
    assert "had served a newer one" in said
    assert findings(host) == ("board-back",)


def test_a_board_that_is_late_is_said_and_is_no_alarm(host: Host, capsys: Out) -> None:
    serve(host, boards=host.bureau.boards(host.bureau.now - 5 * sizes.DAY))
    status, said = look(host, capsys)
    assert status == 0
    assert "put out no new board since" in said


def test_a_board_too_old_to_believe_is_found(host: Host, capsys: Out) -> None:
    serve(host, boards=host.bureau.boards(host.bureau.now - 41 * sizes.DAY))
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("board-dates",)


def test_records_that_come_twice_are_found(host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(host, capsys)[0] == 0
    first = host.intake.static["/v1/boards"]
    record = first[5 + 110 : 5 + 110 + 1024]  # the first of the board: covers are random bytes
    given = iter([record])
    monkeypatch.setattr(
        "tests.gateway.bureau.os.urandom",
        lambda n: next(given, None) or os.getrandom(n) if n == len(record) else os.getrandom(n),
    )
    host.intake.issue()
    monkeypatch.undo()
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("records-repeated",)


def test_a_publication_of_lower_sequence_is_found(host: Host, capsys: Out) -> None:
    assert look(host, capsys)[0] == 0
    state = host.folder / "ann" / "state" / "state.json"
    kept = json.loads(state.read_text())
    state.write_text(json.dumps({**kept, "sequence": 9}, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    status, said = look(host, capsys)
    assert (status, "newer one" in said) == (1, True)
    assert findings(host) == ("publication-back",)


def test_a_notice_that_the_bureau_did_not_sign_is_found(host: Host, capsys: Out) -> None:
    serve(host, publication=host.bureau.publication(notices=(NoticeText("nl", "Dicht tot maandag & dinsdag."),)))
    assert look(host, capsys)[0] == 0
    forged = b'<p class="note said" dir="auto">Bel 06-12345678.</p>\n<div class="columns">'
    plain(host.between, on("/nl/", swap(b'<div class="columns">', forged)))
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("notices-other",)


@pytest.mark.parametrize("path", ["/nl/melden", "/en/report", "/en/how-it-works", "/nl/antwoord"])
def test_a_notice_where_the_bureau_has_none_is_found(host: Host, capsys: Out, path: str) -> None:
    forged = b'<p class="note said" dir="auto">Bel 06-12345678.</p>\n</main>'
    plain(host.between, on(path, swap(b"</main>", forged)))
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("notices-other",)


def test_a_forked_bulletin_is_found_though_both_are_signed(host: Host, capsys: Out) -> None:
    assert look(host, capsys)[0] == 0
    serve(host, bulletin=revised(host.bureau, board_period=7200))
    host.intake.issue()
    status, said = look(host, capsys)
    assert (status, "two different keys" in said) == (1, True)
    assert "views-bulletin" in findings(host)
    proofs = [*(host.folder / "ann" / "state" / "bulletins").glob("*.json")]
    assert len(proofs) == 2


def test_a_lower_revision_after_a_higher_one_is_found(host: Host, capsys: Out) -> None:
    lower = host.bureau.signed_bulletin()
    serve(host, bulletin=revised(host.bureau, revision=3))
    host.intake.issue()
    assert look(host, capsys)[0] == 0
    serve(host, bulletin=lower)
    assert look(host, capsys)[0] == 1
    assert "bulletin-back" in findings(host)


def test_a_chain_that_does_not_go_on_from_yesterday_is_found(
    host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = host.bureau.day
    today = host.bureau.bulletin
    noon = day * sizes.DAY + sizes.DAY // 2
    monkeypatch.setattr(cli, "_now", lambda: noon - sizes.DAY // 2 - 3600)  # before midnight, half a day early counts
    serve(host, bulletin=revised(host.bureau, day=day - 1))
    yesterday = host.bureau.bulletin
    serve(host, boards=host.bureau.boards(noon - sizes.DAY))
    assert look(host, capsys)[0] == 0
    monkeypatch.setattr(cli, "_now", lambda: noon)
    host.bureau.bulletin = today
    serve(host, bulletin=revised(host.bureau, previous=yesterday.hash), boards=host.bureau.boards(noon))
    assert look(host, capsys)[0] == 0
    serve(host, bulletin=revised(host.bureau, previous=b"x" * 32, revision=1), boards=host.bureau.boards(noon))
    assert look(host, capsys)[0] == 1
    assert findings(host) == ("chain-broken",)


@pytest.mark.parametrize("off", [sizes.DAY, -sizes.DAY, 365 * sizes.DAY])
def test_a_clock_that_is_off_is_said_before_anybody_is_accused(
    host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch, off: int
) -> None:
    now = host.bureau.day * sizes.DAY + (13 if off > 0 else 11) * 3600 + off  # half a day is borne
    monkeypatch.setattr(cli, "_now", lambda: now)
    status, said = look(host, capsys)
    assert status == 1
    assert "put your clock right first" in said
    assert findings(host) == ("bulletin-dates",)


def test_a_host_without_keys_or_boards_is_said(host: Host, capsys: Out) -> None:
    host.intake.away = True
    status, said = look(host, capsys)
    assert (status, "nobody can report" in said) == (1, True)


def test_a_release_that_was_given_is_compared(host: Host, capsys: Out, tmp_path: Path) -> None:
    wheel = tmp_path / "release.whl"
    names = ("dropbox/gateway/static/browser.js", "dropbox/web/static/kit.css", "dropbox/gateway/static/words.txt")
    with zipfile.ZipFile(wheel, "w") as made:
        for name in names:
            made.writestr(name, Path(name).read_bytes())
    assert look(host, capsys, release=str(wheel))[0] == 0
    with zipfile.ZipFile(wheel, "w") as made:
        for name in names:
            made.writestr(name, Path(name).read_bytes() + b" ")
    assert look(host, capsys, "ben", release=str(wheel))[0] == 1
    assert findings(host, "ben") == ("release-other",)


def test_the_page_of_result_is_one_file_without_anything_from_elsewhere(host: Host, capsys: Out) -> None:
    page = host.folder / "result.html"
    config = str(host.config())
    assert cli.main(["look", "--config", config, "--hurried", "--html", str(page), "--language", "nl"]) == 0
    assert "Er is niets verkeerd gevonden." in capsys.readouterr().out
    text = page.read_text()
    assert "Er is niets verkeerd gevonden." in text
    assert not re.search(r"<script|src=|href=|https?:", text)
