"""Every command that asks for a secret says in a sentence that nobody can be asked, and never reads what it shows."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from dropbox.protocol.secret_keys import RootSecretKey

ROOT: Final = Path(__file__).parents[2]
PASSPHRASE: Final = "a passphrase of the service"
MODULES: Final = {"desk": "bureau", "ministry": "ministry", "keys": "ceremony"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a desk and of an inbox, and an inbox that was made."""
    folder = tmp_path_factory.mktemp("asking")
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    (folder / "keys").mkdir()
    common = {
        "keys_dir": str(folder / "keys"),
        "root_key": RootSecretKey.generate(os.urandom).public.raw.hex(),
        "intake_socket": str(folder / "intake.sock"),
        "listen": "127.0.0.1:0",
    }
    for name, own in (
        ("desk", {"vault": str(folder / "vault"), "backup": str(folder / "backup")}),
        ("ministry", {"folder": str(folder / "inbox"), "card_period": 600, "cards_per_batch": 4}),
    ):
        lines = [f"{setting} = {json.dumps(value)}\n" for setting, value in {**common, **own}.items()]
        (folder / f"{name}.toml").write_text("".join(lines))
    made = run(folder, ["ministry", "init", *_USER, *_REQUEST, *_PASSPHRASE, "--password-file", "passphrase"])
    assert made.returncode == 0, made.stderr
    return folder


def run(folder: Path, command: Sequence[str], typed: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a session of its own, which has no terminal."""
    program, *arguments = command
    config = [] if program == "keys" else ["--config", f"{program}.toml"]
    return subprocess.run(
        [sys.executable, "-m", f"dropbox.{MODULES[program]}.cli", *arguments, *config],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, input=typed, capture_output=True, text=True,
        check=False, start_new_session=True,
    )  # fmt: skip


_USER: Final = ("--user", "ines")
_REQUEST: Final = ("--request", "request.json")
_PASSPHRASE: Final = ("--passphrase-file", "passphrase")
_ACCOUNT: Final = ("account", "add", "--user", "otto")
_FILES: Final = tuple(
    option
    for role in ("desk", "ministry")
    for name, value in (("passphrase-file", "passphrase"), ("user", "ines"), ("password-file", "passphrase"))
    for option in (f"--{role}-{name}", value)
)

ASKING: Final = [
    ("desk init", "--passphrase-file", (*_USER, *_REQUEST)),
    ("desk init", "--password-file", (*_USER, *_REQUEST, *_PASSPHRASE)),
    ("desk serve", "--passphrase-file", ()),
    ("desk check", "--passphrase-file", ()),
    ("desk backup", "--passphrase-file", _USER),
    ("desk backup", "--password-file", (*_USER, *_PASSPHRASE)),
    ("desk restore", "--passphrase-file", (*_USER, "--from", "backup")),
    ("desk", "--from-password-file", (*_ACCOUNT, "--from-user", "ines")),
    ("ministry init", "--passphrase-file", (*_USER, *_REQUEST)),
    ("ministry init", "--password-file", (*_USER, *_REQUEST, *_PASSPHRASE)),
    ("ministry serve", "--passphrase-file", ()),
    ("ministry backup", "--passphrase-file", ("--to", "inbox.sealed")),
    ("ministry restore", "--passphrase-file", ("--from", "inbox.sealed")),
    ("ministry", "--password-file", (*_ACCOUNT, "--by", "ines")),
    ("ministry", "--by-password-file", (*_ACCOUNT, "--by", "ines", "--password-file", "passphrase")),
    ("keys root", "--passphrase-file", ("--publish", "public", "--secret", "root.key")),
    ("keys instance", "--passphrase-file", ("--folder", "instance", *_FILES)),
]


@pytest.mark.parametrize(("command", "option", "arguments"), ASKING)
def test_where_nobody_can_be_asked_that_is_said(
    place: Path, command: str, option: str, arguments: Sequence[str]
) -> None:
    done = run(place, [*command.split(), *arguments], typed=PASSPHRASE + "\n")
    program = command.split(maxsplit=1)[0]
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"dropbox-{program}: There is no terminal to ask for a secret at: name a file that holds it with {option}; "
        "/dev/stdin and /dev/fd/3 are files too.\n"
    )


def test_no_input_at_all_is_no_traceback(place: Path) -> None:
    done = run(place, ["desk", "check"])
    assert (done.returncode, "There is no terminal" in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr


def test_certifying_says_so_too(place: Path) -> None:
    made = run(place, ["keys", "root", "--publish", "public", "--secret", "own.key", *_PASSPHRASE])
    assert made.returncode == 0, made.stderr
    done = run(place, ["keys", "certify", "--publish", "public", "--secret", "own.key", "request.json"])
    assert (done.returncode, "no terminal" in done.stderr) == (1, True), done.stderr


def test_a_secret_can_come_by_a_file_descriptor(place: Path) -> None:
    command = ["keys", "root", "--publish", "by-stdin", "--secret", "by-stdin.key", "--passphrase-file", "/dev/stdin"]
    done = run(place, command, PASSPHRASE + "\n")
    assert (done.returncode, done.stderr) == (0, "")


def test_whoever_ends_the_input_at_a_terminal_is_told(place: Path) -> None:
    """A terminal of its own, at which somebody presses Ctrl-D."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place)
        os.environ["PYTHONPATH"] = str(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "dropbox.bureau.cli", "check", "--config", "desk.toml"])  # noqa: S606 -- in the new process
    said = b""
    while b"service: " not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, b"\x04")
    while b"Nothing was entered" not in said:
        said += os.read(terminal, 1024)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    os.close(terminal)  # earlier, it would have hung up on the command
    assert b"Traceback" not in said
