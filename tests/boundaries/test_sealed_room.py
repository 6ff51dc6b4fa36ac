"""The protocol works where files, sockets and processes are refused."""

import subprocess
import sys
from pathlib import Path

_ROOM = Path(__file__).with_name("sealed_room.py")


def _enter(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", str(_ROOM), *arguments], check=False, capture_output=True, text=True)


def test_the_protocol_asks_the_system_for_nothing() -> None:
    result = _enter()
    assert result.stdout == "We are looking into it.\n", result.stderr


def test_the_vectors_ask_the_system_for_nothing() -> None:
    result = _enter("--vectors")
    held, of, total = result.stdout.split() or ("", "", "")
    assert (of, held) == ("of", total), result.stderr
    assert int(total) > 0


def test_the_room_refuses_a_file() -> None:
    result = _enter("--open-a-file")
    assert result.returncode != 0
    assert "RefusedError: open" in result.stderr
