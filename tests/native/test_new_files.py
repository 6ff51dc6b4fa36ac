"""A new file is whole or not there, whatever strikes while it is written: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from dropbox.native import new_files
from dropbox.native.errors import BadFile
from dropbox.native.new_files import HALF, new_file
from dropbox.protocol.sizes import DAY, MIB
from tests.browser.driver import wait_for
from tests.native.conftest import World
from tests.native.test_offline import keys_on_stick
from tests.open_files import open_files

ROOT: Final = Path(__file__).parents[2]
TODAY: Final = 20_000
_WRITES: Final = """
import signal
import sys
import time
from pathlib import Path
from dropbox.native import new_files
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have had them ignored, by nohup for one
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.argv[2] == "stick":
    new_files._UNNAMED = 0
with new_files.new_file(Path(sys.argv[1]), 20_000) as file:
    file.write(bytes(4096))
    file.flush()
    print("written", flush=True)
    time.sleep(60)
    file.write(bytes(4096))
"""


@pytest.fixture(params=["no-name", "stick"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file system with files that have no name, or one without."""
    if request.param == "stick":
        monkeypatch.setattr(new_files, "_UNNAMED", 0)
    return str(request.param)


@contextmanager
def writing(path: Path, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of writing a new file."""
    command = [sys.executable, "-c", _WRITES, str(path), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == b"written\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_when_the_window_is_closed(tmp_path: Path, kind: str, number: int) -> None:
    with writing(tmp_path / "sealed", kind) as process:
        process.send_signal(number)
        process.communicate()
        assert process.returncode != 0
    assert not list(tmp_path.iterdir())


def test_nothing_stays_of_a_file_without_a_name_after_kill_9_and_a_half_one_is_called_so(
    tmp_path: Path, kind: str
) -> None:
    with writing(tmp_path / "sealed", kind) as process:
        process.kill()
        process.communicate()
    assert [file.name for file in tmp_path.iterdir()] == ([f"sealed{HALF}"] if kind == "stick" else [])
    if kind == "stick":
        with pytest.raises(BadFile, match="half a file"), new_file(tmp_path / "sealed", TODAY):
            pass
        (tmp_path / f"sealed{HALF}").unlink()
    with new_file(tmp_path / "sealed", TODAY) as file:
        file.write(b"whole")
    assert (tmp_path / "sealed").read_bytes() == b"whole"


def test_a_whole_file_has_its_name_its_owner_and_its_day(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sealed"
    with new_file(path, TODAY) as file:
        file.write(b"all of it")
        assert not path.exists()
    found = path.stat()
    assert path.read_bytes() == b"all of it"
    assert (found.st_mode & 0o777, found.st_mtime) == (0o600, TODAY * DAY)
    assert [one.name for one in tmp_path.iterdir()] == ["sealed"], kind


def test_a_file_that_is_there_or_comes_meanwhile_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sealed"
    with pytest.raises(BadFile, match="of that name already"), new_file(path, TODAY):
        path.write_bytes(b"theirs")
    with pytest.raises(BadFile, match="of that name already"), new_file(path, TODAY):
        pytest.fail("begun")
    assert path.read_bytes() == b"theirs"
    assert [one.name for one in tmp_path.iterdir()] == ["sealed"], kind


def test_a_medium_that_is_full_or_taken_out_leaves_nothing(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadFile, match="Nothing can be written there"), new_file(tmp_path / "sealed", TODAY):
        raise OSError
    assert not list(tmp_path.iterdir()), kind
    with pytest.raises(BadFile, match="Nothing can be written there"), new_file(tmp_path / "no" / "sealed", TODAY):
        pytest.fail("begun")


def test_signals_mean_afterwards_what_they_meant_before(tmp_path: Path, kind: str) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGHUP, signal.SIGTERM)]
    with new_file(tmp_path / "sealed", TODAY):
        pass
    assert [signal.getsignal(one) for one in (signal.SIGHUP, signal.SIGTERM)] == before, kind
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGHUP, signal.SIGTERM}


# ------------------------------------------------------------------------------------------- the command on a terminal


def open_without_a_name(pid: int, folder: Path) -> bool:
    """Whether a process has a file open in a folder that has no name there."""
    return any(name.startswith(f"{folder}/#") and name.endswith(" (deleted)") for name in open_files(pid))


@pytest.mark.parametrize("how", ["Ctrl-C", "closed", "killed"])
def test_a_sealing_that_is_broken_off_leaves_no_file(world: World, how: str) -> None:
    keys, film = keys_on_stick(world), world.folder / "film.bin"
    with film.open("wb") as file:
        file.truncate(900 * MIB)  # nothing but a size
    with world.sits("seal", "sealed", "--keys", str(keys)) as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.writes("a film")
        person.answers("Where is the file?", str(film))
        person.answers("Where is the file?", "")
        person.expects("Sealing. Leave this window open.")
        wait_for("the file", lambda: open_without_a_name(person.pid, world.folder))
        if how == "Ctrl-C":
            person.presses(b"\x03")
            person.expects("You stopped the sealing. There is no file")
            person.answers("How do you want to go on?", "2")
            assert person.ends() == 1
        else:
            os.kill(person.pid, signal.SIGHUP if how == "closed" else signal.SIGKILL)
            assert person.ends() != 0
    assert {one.name for one in world.folder.iterdir() if one.is_file()} == {"leaflet.txt", "keys", "film.bin"}
