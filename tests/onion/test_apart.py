"""The recorder sees what it is there for: without this, an empty record would mean nothing."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.onion.apart import command, places, require

_REACHING: Final = """
import contextlib, socket, threading, subprocess, sys
def tcp():
    socket.create_connection(("192.0.2.1", 443), 5)
def sixth():
    socket.create_connection(("2001:db8::1", 80), 5)
def udp():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.2", 123))
def message():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, ("192.0.2.3", 124))
def unix():
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
def loopback():
    socket.create_connection(("127.0.0.1", 9), 5)
for one in (tcp, sixth, udp, message, loopback):
    with contextlib.suppress(OSError):
        one()
def in_a_thread():
    with contextlib.suppress(OSError):
        unix()
thread = threading.Thread(target=in_a_thread)
thread.start()
thread.join()
looking = "import socket; socket.getaddrinfo('reporting.example', 80)"
subprocess.run([sys.executable, "-c", looking], stderr=subprocess.DEVNULL)
"""


def test_the_recorder_notes_every_way_out_though_none_succeeds(tmp_path: Path) -> None:
    require()
    record, nowhere = tmp_path / "record", str(tmp_path / "nowhere.sock")
    subprocess.run(command(record, sys.executable, "-c", _REACHING, nowhere), check=True, timeout=240)
    found = places(record)
    assert {
        "192.0.2.1 port 443",
        "2001:db8::1 port 80",
        "192.0.2.2 port 123",
        "192.0.2.3 port 124",
        "127.0.0.1 port 9",
        nowhere,
    } <= found
    assert any(place.endswith(" port 53") for place in found), "a name was looked up, in a process of a process"
    assert "ENETUNREACH" in record.read_text(), "and there is no network to succeed in"
