"""What an auditor keeps: for its own account alone, whole after a crash, and of no hour where others get it."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from dropbox.auditor import cli, files
from dropbox.auditor.errors import SettingsError
from dropbox.auditor.keys import AuditorKey
from dropbox.auditor.state import Canary, Held, State, from_bytes, to_bytes
from dropbox.protocol import board_head, documents, sizes
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Role
from dropbox.protocol.observation import Sighting, verify_observation
from tests.auditor.host import Host

KEY = AuditorKey(bytes(range(32)))


def works(host: Host, name: str = "ann") -> Path:
    """Every command that writes; gives its folder."""
    config = str(host.config(name))
    for command in (["look"], ["witness"], ["canary", "--html", str(host.folder / name / "result.html")]):
        assert cli.main([*command, "--config", config, "--hurried"]) == 0
    return host.folder / name


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_all_that_is_written_is_for_this_account_alone(host: Host) -> None:
    mask = os.umask(0)
    try:
        folder = works(host)
    finally:
        os.umask(mask)
    written = {path.relative_to(folder) for path in folder.rglob("*")} - {Path("audit.toml")}
    kinds = {path.parts[1] for path in written if path.parts[0] == "state" and len(path.parts) > 1}
    assert kinds == {"bulletins", "cosigned", "lock", "observations", "state.json"}
    assert {path for path in written if mode(folder / path) not in {0o600, 0o700}} == set()
    assert mode(folder / "key") == mode(folder / "state" / "state.json") == 0o600


def test_a_file_that_was_open_to_others_is_not_any_more_once_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for left in (path, tmp_path / "state.json.new"):
        left.write_bytes(b"old")
        left.chmod(0o666)
    files.write(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert [*tmp_path.iterdir()] == [path]


def test_nothing_is_written_through_a_link_that_somebody_laid(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"theirs")
    (tmp_path / "state.json.new").symlink_to(target)
    files.write(tmp_path / "state.json", b"new")
    assert target.read_bytes() == b"theirs"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_after_a_crash_a_file_is_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "state.json"
    files.write(path, b"old")

    def crashes(*_: object) -> None:
        raise OSError(5, "the disk")

    monkeypatch.setattr(f"os.{step}" if step == "fsync" else f"pathlib.Path.{step}", crashes)
    with pytest.raises(SettingsError):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"


def test_what_others_may_get_is_dated_by_its_day(host: Host) -> None:
    folder = works(host) / "state"
    handed = [*folder.glob("observations/*"), *folder.glob("cosigned/*"), *folder.glob("bulletins/*")]
    assert len(handed) == 3
    assert {path.stat().st_mtime % sizes.DAY for path in handed} == {0}


def test_an_observation_tells_no_hour(host: Host) -> None:
    """Two visits of one day, with a new board between them, come to the same: the host knows when each was out."""
    seen = []
    for name in ("ann", "ben"):
        (path,) = (works(host, name) / "state" / "observations").iterdir()
        board = host.intake.static["/v1/boards"][5:]
        bulletin = host.bureau.bulletin
        head = board_head.verify_board(board, bulletin.keys_for(Role.BOARD), bulletin.instance).head
        text = path.read_text()
        for told in (head.salt.hex(), str(head.next_due), hashlib.sha256(board).hexdigest()):
            assert told not in text
        seen.append(verify_observation(path.read_bytes()).sightings)
        host.intake.issue()
    assert seen[0] == seen[1]
    assert "board" in {one.kind for one in seen[0]}


def test_two_commands_at_once_are_one_too_many(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(host.config())
    with files.alone(host.folder / "ann" / "state"):
        capsys.readouterr()
        assert cli.main(["look", "--config", config, "--hurried"]) == 2
    assert "Another command of `dropbox-audit` uses the state folder" in capsys.readouterr().err
    assert cli.main(["look", "--config", config, "--hurried"]) == 0


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    files.make_key(tmp_path / "key", KEY)
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(SettingsError, match="key-there"):
        files.make_key(tmp_path / "key", AuditorKey(bytes(32)))
    assert (tmp_path / "key").read_bytes() == before
    assert [*tmp_path.iterdir()] == [tmp_path / "key"]


# -------------------------------------------------------------------------------------------------------------- state


FULL = State(
    root=b"r" * 32,
    sightings=(Sighting(3, "board", "ab/3", b"v" * 32), Sighting(3, "page", "/nl/", b"w" * 32)),
    chain={(3, 0): b"p" * 32},
    sequence=4,
    canaries=(Canary(b"e" * 15, 3),),
    canary_day=3,
    alarm_day=3,
    alarms=("page-foreign",),
    vouched={"script": b"s" * 32, "notices/nl": b""},
    waiting=(Held(3, "script", b"x" * 32),),
)


def test_a_state_is_read_as_it_was_written() -> None:
    assert from_bytes(to_bytes(FULL)) == FULL


def test_a_state_of_the_first_version_is_gone_on_with_and_its_hours_are_forgotten() -> None:
    body = json.loads(to_bytes(FULL))
    for name in ("alarm_day", "alarms", "vouched", "waiting"):
        del body[name]
    body["sightings"] = [[3, "board", "ab/900/cd", "00" * 32], [3, "page", "/nl/", (b"w" * 32).hex()]]
    read = from_bytes(documents.encode({**body, "version": 1}))
    assert read.sightings == FULL.sightings[1:]
    assert (read.chain, read.canaries, read.root) == (FULL.chain, FULL.canaries, FULL.root)


@pytest.mark.parametrize("version", [0, 3])
def test_a_state_of_another_version_is_refused(version: int) -> None:
    with pytest.raises(ProtocolError):
        from_bytes(documents.encode({**json.loads(to_bytes(FULL)), "version": version}))


def test_old_sightings_go_once_the_day_is_sure_and_not_before() -> None:
    later = 3 + 400
    assert FULL.with_sightings([], later, sure=False).sightings == FULL.sightings
    gone = FULL.with_sightings([], later, sure=True)
    assert (gone.sightings, gone.chain, gone.waiting) == ((), {}, ())
    assert FULL.with_sightings([], 1, sure=True).sightings == (), "of a clock that was ahead"
