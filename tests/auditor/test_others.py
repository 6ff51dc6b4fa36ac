"""What auditors do together: merging, witnessing; and input that cannot be used, each in a sentence."""

import gzip
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dropbox.auditor import cli, files, texts
from dropbox.auditor.findings import NOTICES
from dropbox.protocol import sizes
from dropbox.protocol.receipt import fingerprint_words
from dropbox.torlink.errors import Fault
from tests.auditor.host import Host, Reply
from tests.gateway.bureau import Bureau

Out = pytest.CaptureFixture[str]


def run(out: Out, *arguments: object) -> tuple[int, str]:
    """One command, and what it says."""
    out.readouterr()
    status = cli.main([str(one) for one in arguments])
    said = out.readouterr()
    return status, said.out + said.err


def look(host: Host, out: Out, name: str) -> tuple[Path, str]:
    """A look by somebody: their observation, and their public key."""
    config = host.config(name)
    run(out, "look", "--config", config, "--hurried")
    (path,) = (host.folder / name / "state" / "observations").glob("*.json")
    return path, files.load_key(host.folder / name / "key").public.hex()


def merge(host: Host, out: Out, *observations: Path, knows: tuple[str, ...] = ()) -> tuple[int, str]:
    known = [part for key in knows for part in ("--auditor", key)]
    return run(out, "merge", *observations, *known, "--config", host.config("ann"), "--language", "en")


def test_two_who_were_shown_the_same_agree(host: Host, capsys: Out) -> None:
    ann, _ = look(host, capsys, "ann")
    ben, key = look(host, capsys, "ben")
    status, said = merge(host, capsys, ann, ben, knows=(key,))
    assert (status, "were shown the same" in said) == (0, True), said


@pytest.mark.parametrize("view", ["bulletin", "publication", "page", "script"])
def test_a_host_that_serves_two_views_shows_when_both_compare(host: Host, capsys: Out, view: str) -> None:
    ann, _ = look(host, capsys, "ann")
    if view == "bulletin":
        host.bureau.bulletin = replace(host.bureau.bulletin, board_period=7200)
        host.intake.static["/v1/bulletin"] = host.bureau.signed_bulletin()
        host.intake.issue()
    elif view == "publication":
        host.intake.static["/v1/publication"] = host.bureau.publication(facts=(("opening", "tomorrow"),))
    else:
        host.between.hand = _second_release if view == "script" else _second_page
    ben, key = look(host, capsys, "ben")
    if view != "script":
        assert "nothing wrong" in run(capsys, "look", "--config", host.config("ben"), "--hurried")[1].lower()
    status, said = merge(host, capsys, ann, ben, knows=(key,))
    assert status == 1
    expected = {"bulletin": "two different keys", "publication": "two different ones", "page": "/en/how-it-works"}
    assert expected.get(view, "script") in said
    assert key[:8] in said


def _second_page(reply: Reply) -> None:
    if reply.path == "/en/how-it-works":
        reply.headers = [one for one in reply.headers if one[0] != "Content-Encoding"]
        reply.body = gzip.decompress(reply.body).replace(b"</h1>", b" for you</h1>")


def _second_release(reply: Reply) -> None:
    if reply.path.startswith("/static/browser-"):
        reply.body = b"altered()"
        reply.headers = [one for one in reply.headers if one[0] != "Content-Encoding"]


def test_an_old_board_shows_when_both_compare(host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, _ = look(host, capsys, "ann")
    tomorrow = host.bureau.now + sizes.DAY
    monkeypatch.setattr(cli, "_now", lambda: min(tomorrow, (host.bureau.day + 1) * sizes.DAY + 3600))
    host.intake.static["/v1/boards"] = host.bureau.boards(host.bureau.now - sizes.DAY)
    ben, key = look(host, capsys, "ben")
    status, said = merge(host, capsys, ann, ben, knows=(key,))
    assert (status, "older board" in said) == (1, True), said


def test_a_damaged_observation_is_refused_in_a_sentence(host: Host, capsys: Out) -> None:
    ann, _ = look(host, capsys, "ann")
    for data in (ann.read_bytes()[:-1], ann.read_bytes().replace(b"page", b"pagE", 1), b"", b"\xff"):
        damaged = host.folder / "damaged.json"
        damaged.write_bytes(data)
        assert merge(host, capsys, damaged)[0] == 2
        assert "damaged.json is no observation, or was damaged" in merge(host, capsys, damaged)[1]


def test_an_observation_by_an_unknown_key_is_refused_with_that_key(host: Host, capsys: Out) -> None:
    ann, _ = look(host, capsys, "ann")
    ben, key = look(host, capsys, "ben")
    status, said = merge(host, capsys, ann, ben)
    assert (status, key in said) == (2, True)


# ----------------------------------------------------------------------------------------------------------- witnesses


def witness(host: Host, out: Out, name: str) -> tuple[int, str]:
    return run(out, "witness", "--config", host.config(name), "--hurried")


def cosigned(host: Host, *names: str) -> Path:
    """The folder into which somebody has put these witnesses' files."""
    folder = host.folder / "cosignatures"
    folder.mkdir(exist_ok=True)
    for name in names:
        for path in (host.folder / name / "state" / "cosigned").glob("*.json"):
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


def requires(host: Host, *names: str, needed: int, folder: Path) -> Path:
    keys = [files.load_key(host.folder / name / "key").public.hex() for name in names]
    return host.config("eve", witnesses=keys, needed=needed, cosignatures=str(folder))


def test_a_client_requires_two_of_three_witnesses(host: Host, capsys: Out) -> None:
    names = ("ann", "ben", "cas")
    for name in names:
        assert witness(host, capsys, name)[0] == 0
    for handed, status in (((), 1), (("ann",), 1), (("ann", "cas"), 0)):
        config = requires(host, *names, needed=2, folder=cosigned(host, *handed))
        assert run(capsys, "look", "--config", config, "--hurried")[0] == status, handed


def test_keys_made_for_one_person_are_refused_by_who_requires_witnesses(host: Host, capsys: Out) -> None:
    for name in ("ann", "ben"):
        witness(host, capsys, name)
    host.bureau.bulletin = replace(host.bureau.bulletin, board_period=7200)
    host.intake.static["/v1/bulletin"] = host.bureau.signed_bulletin()
    host.intake.issue()
    config = requires(host, "ann", "ben", needed=2, folder=cosigned(host, "ann", "ben"))
    status, said = run(capsys, "look", "--config", config, "--hurried")
    assert (status, "Fewer than 2 witnesses" in said) == (1, True)


def test_keys_that_were_taken_back_are_refused_once_the_witnesses_saw_it(host: Host, capsys: Out) -> None:
    old = host.bureau.signed_bulletin()
    host.bureau.bulletin = replace(host.bureau.bulletin, revision=1)
    host.intake.static["/v1/bulletin"] = host.bureau.signed_bulletin()
    host.intake.issue()
    for name in ("ann", "ben"):
        assert witness(host, capsys, name)[0] == 0
    host.intake.static["/v1/bulletin"] = old
    config = requires(host, "ann", "ben", needed=2, folder=cosigned(host, "ann", "ben"))
    status, said = run(capsys, "look", "--config", config, "--hurried")
    assert (status, "taken back" in said) == (1, True)


def test_a_witness_signs_no_second_bulletin_of_one_day_and_revision(host: Host, capsys: Out) -> None:
    assert witness(host, capsys, "ann")[0] == 0
    (first,) = (host.folder / "ann" / "state" / "cosigned").glob("*.json")
    before = first.read_bytes()
    host.bureau.bulletin = replace(host.bureau.bulletin, board_period=7200)
    host.intake.static["/v1/bulletin"] = host.bureau.signed_bulletin()
    host.intake.issue()
    assert witness(host, capsys, "ann")[0] == 1
    (host.folder / "ann" / "state" / "state.json").unlink()  # it remembers by its own signatures too
    assert witness(host, capsys, "ann")[0] == 2
    assert first.read_bytes() == before


# ----------------------------------------------------------------------------------------------------------- bad input


def test_a_wrong_fingerprint_is_said(host: Host, capsys: Out) -> None:
    words = " ".join(fingerprint_words(Bureau(int(time.time())).root.public.fingerprint))
    status, said = run(capsys, "look", "--config", host.config(fingerprint=words), "--hurried")
    assert (status, "another root key than the leaflet's" in said) == (1, True)
    status, said = run(capsys, "look", "--config", host.config(fingerprint="abandon ability"), "--hurried")
    assert (status, "twelve English words" in said) == (2, True)
    misspelt = words.split(" ", 1)[1] + " abandonn"
    assert run(capsys, "look", "--config", host.config(fingerprint=misspelt), "--hurried")[0] == 2


def test_a_state_of_another_instance_is_not_gone_on_with(host: Host, capsys: Out) -> None:
    look(host, capsys, "ann")
    words = " ".join(fingerprint_words(Bureau(int(time.time())).root.public.fingerprint))
    status, said = run(capsys, "look", "--config", host.config(fingerprint=words), "--hurried")
    assert (status, "another reporting point" in said) == (2, True)


def test_no_tor_is_said(host: Host, capsys: Out) -> None:
    config = host.config(tor_socks=f"unix:{host.folder / 'nobody'}")
    assert run(capsys, "look", "--config", config, "--hurried") == (
        2, "dropbox-audit: Tor on this machine does not answer. Start it, and see whether `tor_socks` is right.\n",
    )  # fmt: skip


@pytest.mark.parametrize(("code", "said"), [(0xF0, "not to be found"), (0xF2, "host does not answer"), (6, "too long")])
def test_what_tor_says_of_the_host_is_said(host: Host, capsys: Out, code: int, said: str) -> None:
    host.tor.code = code
    status, text = run(capsys, "look", "--config", host.config(), "--hurried")
    assert (status, said in text) == (2, True), text


def test_a_line_that_breaks_is_said(host: Host, capsys: Out) -> None:
    host.between.cut = "/v1/boards"
    status, said = run(capsys, "look", "--config", host.config(), "--hurried")
    assert (status, "The line broke" in said) == (2, True)


def test_a_flood_is_cut_off(host: Host, capsys: Out) -> None:
    def flood(reply: Reply) -> None:
        reply.body = bytes(2 << 20)
        reply.headers = [one for one in reply.headers if one[0] != "Content-Encoding"]

    host.between.hand = flood
    status, said = run(capsys, "look", "--config", host.config(), "--hurried")
    assert (status, "far more at" in said) == (1, True), said


def test_keys_settings_and_state_that_cannot_be_used_are_said(host: Host, capsys: Out) -> None:
    config = host.config()
    key = host.folder / "ann" / "key"
    key.chmod(0o644)
    assert "chmod 600" in run(capsys, "look", "--config", config, "--hurried")[1]
    key.chmod(0o600)
    assert "is not overwritten" in run(capsys, "key", "--out", key, "--language", "en")[1]
    state = host.folder / "ann" / "state" / "state.json"
    state.parent.mkdir(exist_ok=True)
    state.write_text("{}")
    assert "Put the folder aside" in run(capsys, "look", "--config", config, "--hurried")[1]
    key.write_text("{}")
    assert "key file cannot be read" in run(capsys, "look", "--config", config, "--hurried")[1]
    for changes, name in (
        ({"colour": "red"}, "colour"), ({"onion": "example.com"}, "onion"),
        ({"tor_socks": "1.2.3.4:9050"}, "tor_socks"),
        ({"folder": "state"}, "folder"), ({"patience_days": 0}, "patience_days"), ({"needed": 1}, "needed"),
        ({"witnesses": ["ab"], "needed": 1}, "witnesses"),
    ):  # fmt: skip
        status, said = run(capsys, "look", "--config", host.config(**changes), "--hurried", "--language", "en")
        assert (status, name in said) == (2, True), said
    assert run(capsys, "look", "--config", host.folder / "none.toml")[0] == 2


def test_watching_comes_again_and_speaks_when_something_is_wrong(host: Host, capsys: Out) -> None:
    config = host.config()
    assert run(capsys, "watch", "--config", config, "--hurried", "--rounds", "3") == (0, "")
    assert len(host.tor.circuits) == 3
    host.between.hand = lambda reply: reply.headers.append(("Set-Cookie", "a=b"))
    assert run(capsys, "watch", "--config", config, "--hurried", "--rounds", "2")[0] == 1
    host.tor.code = 0xF2
    status, said = run(capsys, "watch", "--config", config, "--hurried", "--rounds", "1")
    assert (status, "does not answer" in said) == (2, True), "nothing could be audited"


def test_watching_sends_one_canary_a_day(host: Host, capsys: Out) -> None:
    look(host, capsys, "ann")
    for rounds in (3, 1):
        run(capsys, "watch", "--canary", "--config", host.config("ann"), "--hurried", "--rounds", rounds)
        assert sum(path.startswith("PUT ") for path in host.paths()) == 1


# ----------------------------------------------------------------------------------------------------------- sentences


def test_every_sentence_stands_in_both_languages_with_the_same_values() -> None:
    for table in texts.SENTENCES.values():
        for code, said in table.items():
            assert said.keys() == {"nl", "en"}, code
            values = [{part.split("}")[0] for part in text.split("{")[1:]} for text in said.values()]
            assert values[0] == values[1], code


def test_every_fault_of_tor_and_every_notice_has_a_sentence() -> None:
    assert {str(fault) for fault in Fault} <= texts.SENTENCES["errors"].keys()
    assert texts.SENTENCES["findings"].keys() >= NOTICES


def test_the_state_that_is_kept_holds_hashes_only(host: Host, capsys: Out) -> None:
    look(host, capsys, "ann")
    kept = json.loads((host.folder / "ann" / "state" / "state.json").read_text())
    assert kept.keys() == {
        "alarm_day", "alarms", "canaries", "canary_day", "chain", "issues", "root", "sequence", "sightings", "version",
        "vouched", "waiting",
    }  # fmt: skip
    board = host.intake.static["/v1/boards"]
    text = json.dumps(kept)
    assert board[5 + 110 : 5 + 110 + 32].hex() not in text
