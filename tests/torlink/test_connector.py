"""Through a simulated Tor: isolation, faults, and no way past it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.connector import Reasons, TorConnector
from dropbox.torlink.errors import Fault, LinkError, StrayRequestError
from tests.simulators.socks import SimulatedTor, onion

ONION = onion("intake")


@pytest.fixture
def socks(tmp_path: Path) -> SocksAddress:
    return SocksAddress(path=str(tmp_path / "socks"))


@pytest.fixture
async def tor(tmp_path: Path, socks: SocksAddress) -> AsyncIterator[SimulatedTor]:
    """A Tor that leads to a small service."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.host, headers={"Location": "http://example.org/"}, status=200)

    async def away(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://example.org/"})

    app = web.Application()
    app.add_routes([web.get("/", hello), web.get("/away", away)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "service")).start()
    simulated = SimulatedTor({ONION.name: tmp_path / "service"})
    async with simulated.listening(socks):
        yield simulated
    await runner.cleanup()


async def fetch(connector: TorConnector, url: str = ONION.url + "/") -> str:
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
        return await answer.text()


async def test_a_request_goes_through_tor_by_name(tor: SimulatedTor, socks: SocksAddress) -> None:
    assert await fetch(TorConnector(socks, ONION, os.urandom)) == ONION.name
    assert [(one.name, one.port) for one in tor.asked] == [(ONION.name, 80)]
    assert tor.offered == [b"\x02"]


async def test_a_port_on_loopback_serves_as_well(tor: SimulatedTor, unused_tcp_port: int) -> None:
    address = SocksAddress(host="127.0.0.1", port=unused_tcp_port)
    async with tor.listening(address):
        assert await fetch(TorConnector(address, ONION, os.urandom)) == ONION.name


async def test_two_purposes_share_no_circuit_and_one_purpose_keeps_its_own(
    tor: SimulatedTor, socks: SocksAddress
) -> None:
    for _ in range(2):
        connector = TorConnector(socks, ONION, os.urandom)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(session.get(ONION.url + "/") for _ in range(3)))
    assert (len(tor.asked), len(tor.circuits)) == (6, 2)


async def test_a_new_circuit_on_demand(tor: SimulatedTor, socks: SocksAddress) -> None:
    connector = TorConnector(socks, ONION, os.urandom)
    async with aiohttp.ClientSession(connector=connector, headers={"Connection": "close"}) as session:
        for _ in range(2):
            async with session.get(ONION.url + "/") as answer:
                await answer.read()
        assert len(tor.circuits) == 1
        connector.renew()
        async with session.get(ONION.url + "/") as answer:
            await answer.read()
    assert len(tor.circuits) == 2


async def test_after_a_failure_the_next_try_is_on_another_circuit(tor: SimulatedTor, socks: SocksAddress) -> None:
    tor.code = 0xF3
    connector = TorConnector(socks, ONION, os.urandom)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(2):
            with pytest.raises(LinkError) as caught:
                await session.get(ONION.url + "/")
            assert connector.failed(caught.value) == "host-down"
    assert len(tor.circuits) == 2
    assert connector.failed(TimeoutError()) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://127.0.0.1/",
        "http://localhost/",
        onion("another").url + "/",
        ONION.url + ":81/",
        ONION.url.replace("http:", "https:") + "/",
    ],
)
async def test_a_request_for_anything_else_goes_nowhere(tor: SimulatedTor, socks: SocksAddress, url: str) -> None:
    with pytest.raises(StrayRequestError):
        await fetch(TorConnector(socks, ONION, os.urandom), url)
    assert not tor.asked


async def test_a_host_that_sends_its_visitor_elsewhere_leads_nowhere(tor: SimulatedTor, socks: SocksAddress) -> None:
    with pytest.raises(StrayRequestError):
        await fetch(TorConnector(socks, ONION, os.urandom), ONION.url + "/away")
    assert [one.name for one in tor.asked] == [ONION.name]


async def test_without_tor_nothing_else_is_tried(socks: SocksAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    loop = asyncio.get_running_loop()
    real = loop.sock_connect

    async def watched(sock: socket.socket, address: object) -> None:
        tried.append(address)
        await real(sock, address)  # type: ignore[arg-type]  # any address

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(loop, "sock_connect", watched)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(LinkError) as caught:
        await fetch(TorConnector(socks, ONION, os.urandom))
    assert caught.value.fault is Fault.TOR_DOWN
    assert tried == [socks.path]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"greeting": b"\x05\x00"}, Fault.NOT_TOR),
        ({"greeting": b"HT"}, Fault.NOT_TOR),
        ({"granted": b"\x01\x01"}, Fault.NOT_TOR),
        ({"kind": 3}, Fault.NOT_TOR),
        ({"code": 0xF4}, Fault.NO_KEY),
        ({"code": 0xF5}, Fault.WRONG_KEY),
        ({"ending": True}, Fault.FAILED),
    ],
)
async def test_what_answers_is_tor_or_is_said_not_to_be(
    tor: SimulatedTor, socks: SocksAddress, said: dict[str, object], fault: Fault
) -> None:
    for name, value in said.items():
        setattr(tor, name, value)
    with pytest.raises(LinkError) as caught:
        await fetch(TorConnector(socks, ONION, os.urandom))
    assert caught.value.fault is fault


async def test_a_tor_that_never_answers_does_not_hold_anybody_for_ever(
    tor: SimulatedTor, socks: SocksAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    tor.silent = True
    monkeypatch.setattr("dropbox.torlink.circuits.OPENING_SECONDS", 0.01)
    with pytest.raises(LinkError) as caught:
        await fetch(TorConnector(socks, ONION, os.urandom))
    assert caught.value.fault is Fault.EXPIRED


async def test_an_account_that_may_not_use_the_socket_is_told_so(tor: SimulatedTor, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LinkError) as caught:
        await fetch(TorConnector(SocksAddress(path=str(tmp_path / "file")), ONION, os.urandom))
    assert caught.value.fault is Fault.TOR_DOWN
    assert not tor.asked


async def test_no_text_of_a_fault_holds_an_address(tor: SimulatedTor, socks: SocksAddress) -> None:
    tor.code = 0xF0
    with pytest.raises(LinkError) as caught:
        await fetch(TorConnector(socks, ONION, os.urandom))
    assert ONION.name[:8] not in str(caught.value)
    assert socks.path not in str(caught.value)


async def test_a_reason_that_tor_no_longer_says_is_kept_for_all_purposes(
    tor: SimulatedTor, socks: SocksAddress
) -> None:
    """Without the key, tor says so until it has asked every directory; for a quarter of an hour it then says 0x04."""
    reasons = Reasons()
    said = []
    for code in (0x04, 0xF4, 0x04, 0x04, 0xF2, 0x04):
        tor.code = code
        connector = TorConnector(socks, ONION, os.urandom, reasons)
        with pytest.raises(LinkError) as caught:
            await fetch(connector)
        said.append(connector.failed(caught.value))
    assert said == ["not-yet", "no-key", "no-key", "no-key", "host-down", "host-down"]
    tor.code = None
    assert await fetch(TorConnector(socks, ONION, os.urandom, reasons)) == ONION.name
    assert reasons.last is None
