"""Visits through a simulated Tor to hosts that keep to HTTP, and to such as do not."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.as_browsers import Kind
from dropbox.torlink.errors import BrokenVisitError, Fault, LinkError, MalformedAnswerError, OversizedAnswerError
from dropbox.torlink.visitor import Visitor
from tests.simulators.socks import SimulatedTor, onion

ONION = onion("host")
BOMB = gzip.compress(bytes(1 << 20))


class Host:
    """Answers every request with `says`; keeps the heads and bodies."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.said = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        self.closes = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), b":0")
                body = await reader.readexactly(int(length.split(b":")[1]))
                self.heads.append(head)
                self.bodies.append(body)
                writer.write(self.said)
                await writer.drain()
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@pytest.fixture
def socks(tmp_path: Path) -> SocksAddress:
    return SocksAddress(path=str(tmp_path / "socks"))


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    host = Host()
    server = await asyncio.start_unix_server(host.serve, str(tmp_path / "host"))
    yield host
    server.close()


@pytest.fixture
async def tor(tmp_path: Path, socks: SocksAddress, host: Host) -> AsyncIterator[SimulatedTor]:
    del host
    simulated = SimulatedTor({ONION.name: tmp_path / "host"})
    async with simulated.listening(socks):
        yield simulated


async def test_one_visit_is_one_connection_on_one_circuit(tor: SimulatedTor, socks: SocksAddress, host: Host) -> None:
    async with Visitor(socks, ONION, os.urandom) as visitor:
        answers = [await visitor.ask("GET", path, most=5) for path in ("/a", "/b")]
    assert [(one.status, one.body) for one in answers] == [(200, b"hello")] * 2
    assert [head.split(b"\r\n")[0] for head in host.heads] == [b"GET /a HTTP/1.1", b"GET /b HTTP/1.1"]
    assert len(tor.asked) == 1


async def test_two_visits_share_no_circuit(tor: SimulatedTor, socks: SocksAddress) -> None:
    for _ in range(2):
        async with Visitor(socks, ONION, os.urandom) as visitor:
            await visitor.ask("GET", "/", most=5)
    assert len(tor.circuits) == 2


async def test_a_body_goes_out_whole_and_says_how_far_it_is(tor: SimulatedTor, socks: SocksAddress, host: Host) -> None:
    body, told = os.urandom(100_000), list[int]()
    async with Visitor(socks, ONION, os.urandom) as visitor:
        await visitor.ask("PUT", "/upload", body, most=5, sent=told.append)
    assert host.bodies == [body]
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == len(body)
    assert tor.asked


async def test_a_connection_that_the_host_closed_is_made_again_on_the_same_circuit(
    tor: SimulatedTor, socks: SocksAddress, host: Host
) -> None:
    host.closes = True
    async with Visitor(socks, ONION, os.urandom) as visitor:
        for _ in range(3):
            await visitor.ask("GET", "/", most=5)
            await asyncio.sleep(0.01)  # the end of the connection arrives
    assert (len(tor.asked), len(tor.circuits)) == (3, 1)


async def test_a_new_circuit_on_demand(tor: SimulatedTor, socks: SocksAddress) -> None:
    async with Visitor(socks, ONION, os.urandom) as visitor:
        await visitor.ask("GET", "/", most=5)
        visitor.renew()
        await visitor.ask("GET", "/", most=5)
    assert len(tor.circuits) == 2


async def test_what_is_packed_is_unpacked(tor: SimulatedTor, socks: SocksAddress, host: Host) -> None:
    packed = gzip.compress(b"page" * 1000)
    host.said = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    async with Visitor(socks, ONION, os.urandom) as visitor:
        answer = await visitor.ask("GET", "/", most=4000, kind=Kind.PAGE)
    assert answer.body == b"page" * 1000
    assert tor.asked


async def test_a_redirection_leads_nowhere(tor: SimulatedTor, socks: SocksAddress, host: Host) -> None:
    host.said = b"HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n"
    async with Visitor(socks, ONION, os.urandom) as visitor:
        answer = await visitor.ask("GET", "/", most=5)
    assert (answer.status, answer.headers["location"]) == (302, "http://example.org/")
    assert len(tor.asked) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB,
    ],
    ids=["length", "chunked", "bomb"],
)
async def test_an_answer_that_is_too_large_is_refused(
    tor: SimulatedTor, socks: SocksAddress, host: Host, said: bytes
) -> None:
    host.said = said
    async with Visitor(socks, ONION, os.urandom) as visitor:
        with pytest.raises(OversizedAnswerError) as caught:
            await visitor.ask("GET", "/", most=5)
    assert "secret" not in str(caught.value)
    assert tor.asked


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"",
    ],
    ids=["no-http", "cut", "unknown-packing", "not-packed", "endless-head", "nothing"],
)
async def test_a_host_that_does_not_speak_http_is_one_sentence(
    tor: SimulatedTor, socks: SocksAddress, host: Host, said: bytes, request: pytest.FixtureRequest
) -> None:
    host.said, host.closes = said, True
    async with Visitor(socks, ONION, os.urandom) as visitor:
        with pytest.raises(BrokenVisitError) as caught:
            await visitor.ask("GET", "/", most=64)
        host.said = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        visitor.renew()
        assert (await visitor.ask("GET", "/", most=5)).status == 200
    assert str(caught.value).endswith(".")
    assert ONION.name[:8] not in str(caught.value)
    assert len(tor.circuits) == 2
    of_the_line = request.node.callspec.id in {"cut", "nothing"}
    assert isinstance(caught.value, MalformedAnswerError) != of_the_line


async def test_what_had_come_when_the_line_broke_can_be_looked_at(
    tor: SimulatedTor, socks: SocksAddress, host: Host
) -> None:
    host.said, host.closes = b"HTTP/1.1 200 OK\r\nX-Name: value\r\nContent-Length: 9\r\n\r\nhello", True
    async with Visitor(socks, ONION, os.urandom) as visitor:
        with pytest.raises(BrokenVisitError):
            await visitor.ask("GET", "/", most=64)
        left = visitor.cut_off
        assert left is not None
        assert (left.status, left.body, left.headers["x-name"]) == (200, b"hello", "value")
        host.said = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        await visitor.ask("GET", "/", most=5)
        left = visitor.cut_off
        assert left is None
    assert tor.asked


async def test_a_host_that_says_nothing_holds_nobody_for_ever(
    tor: SimulatedTor, socks: SocksAddress, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropbox.torlink.visitor.SILENCE", 0.05)
    host.said = b""
    async with Visitor(socks, ONION, os.urandom) as visitor:
        with pytest.raises(BrokenVisitError):
            await visitor.ask("GET", "/", most=5)
    assert tor.asked


async def test_without_tor_it_says_so(socks: SocksAddress) -> None:
    async with Visitor(socks, ONION, os.urandom) as visitor:
        with pytest.raises(LinkError) as caught:
            await visitor.ask("GET", "/", most=5)
    assert caught.value.fault is Fault.TOR_DOWN


async def test_a_stream_that_tor_cut_is_a_broken_visit(tor: SimulatedTor, socks: SocksAddress, host: Host) -> None:
    host.said = b""
    async with Visitor(socks, ONION, os.urandom) as visitor:
        asking = asyncio.ensure_future(visitor.ask("GET", "/", most=5))
        while not host.heads:  # noqa: ASYNC110 - the host's list, not an event
            await asyncio.sleep(0.001)
        tor.cut()
        with pytest.raises(BrokenVisitError):
            await asking
