"""The one way that settings give: which there are, and that each is opened by what it names."""

import os
import socket
from pathlib import Path

import pytest
from aiohttp import UnixConnector

from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.connector import Reasons, TorConnector
from dropbox.torlink.errors import SENTENCES, AddressError, Fault
from dropbox.torlink.ways import OnThisMachine, ThroughTor, way_of
from tests.simulators.socks import SimulatedTor, onion

HOST = onion("intake")
TOR = {"intake_onion": HOST.name, "tor_socks": "unix:/run/tor/socks"}
HERE = {"intake_socket": "/run/intake/desk.sock"}


def test_settings_give_one_of_two_ways() -> None:
    assert way_of({"other": 1, **TOR}) == ThroughTor(HOST, SocksAddress(path="/run/tor/socks"))
    assert way_of(HERE) == OnThisMachine(Path("/run/intake/desk.sock"))


@pytest.mark.parametrize(
    "values",
    [
        {}, TOR | HERE, {"intake_onion": HOST.name}, {"tor_socks": "unix:/run/tor/socks"},
        HERE | {"tor_socks": "unix:/run/tor/socks"}, HERE | {"intake_onion": HOST.name},
        {"intake_socket": "desk.sock"}, {"intake_socket": ""}, {"intake_socket": 7},
        TOR | {"intake_onion": "example.org"}, TOR | {"intake_onion": None}, TOR | {"tor_socks": "192.0.2.1:9050"},
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_a_sentence(values: dict[str, object]) -> None:
    with pytest.raises(AddressError, match=r"\.$"):
        way_of(values)


async def test_through_tor_each_purpose_has_a_connector_of_its_own() -> None:
    way, reasons = way_of(TOR), Reasons()
    first, second = (way.open(os.urandom, reasons) for _ in range(2))
    assert (first.base, second.base) == (HOST.url, HOST.url)
    assert isinstance(first.connector, TorConnector)
    assert first.connector is not second.connector


async def test_on_this_machine_there_is_one_socket() -> None:
    opened = way_of(HERE).open(os.urandom, Reasons())
    assert isinstance(opened.connector, UnixConnector)
    assert opened.connector.path == HERE["intake_socket"]
    assert opened.failed(OSError()) == ""


async def test_a_closed_way_is_told_in_a_sentence(tmp_path: Path) -> None:
    socks = SocksAddress(path=str(tmp_path / "socks"))
    assert await ThroughTor(HOST, socks).faults(os.urandom) == [SENTENCES[Fault.TOR_DOWN]]
    here = OnThisMachine(tmp_path / "desk.sock")
    (sentence,) = await here.faults(os.urandom)
    assert sentence.startswith("intake_socket is not a socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(here.socket))
        listener.listen()
        assert await here.faults(os.urandom) == []
        tor = SimulatedTor({HOST.name: here.socket})
        async with tor.listening(socks):
            assert await ThroughTor(HOST, socks).faults(os.urandom) == []
