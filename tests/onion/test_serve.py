"""The process with the control port: it closes what it may, lives through a tor that restarts, and says little."""

import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.onion.circuits import asked_for, asking, closable
from dropbox.onion.errors import SocketTaken
from dropbox.onion.services import Service
from tests.gateway.processes import until
from tests.onion.host import OnionHost, Serving, onion_host
from tests.simulators.control_port import ControlPort, control_port

REPORTERS, READING, DESK = ("a" * 56, "b" * 56, "d" * 56)
VISITOR = "{} BUILT $A~a,$B~b BUILD_FLAGS=IS_INTERNAL PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY={}"


@pytest.fixture
def host() -> Iterator[OnionHost]:
    with onion_host(reading_socket="127.0.0.1:8080") as made:
        made.make_keys()
        yield made


def ask(host: OnionHost, *datagrams: bytes) -> None:
    """Do as the gateway does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        for datagram in datagrams:
            line.sendto(datagram, str(host.settings.circuits_socket))


def number(circuit: int) -> bytes:
    return struct.pack(">I", circuit)


def status(host: OnionHost) -> str:
    """A list of circuits such as tor gives."""
    names = {service: host.address(service).removesuffix(".onion") for service in Service}
    return "\n".join([
        VISITOR.format(7, names[Service.REPORTERS]),
        VISITOR.format(70, names[Service.REPORTERS]),
        VISITOR.format(8, names[Service.READING]),
        VISITOR.format(9, names[Service.DESK]),
        f"10 BUILT $A~a PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY={names[Service.REPORTERS]}",
        "11 BUILT $A~a BUILD_FLAGS=IS_INTERNAL PURPOSE=HS_VANGUARDS",
    ])  # fmt: skip


def closed(tor: ControlPort) -> list[str]:
    return sorted(said for said in tor.asked if said.startswith("CLOSECIRCUIT"))


@contextlib.asynccontextmanager
async def serving_without_tor(host: OnionHost) -> AsyncIterator[Serving]:
    """A command whose tor has gone."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(control_port(host.control))
        async with host.serving() as serving:
            stack.close()
            assert (await serving.warning()).startswith("dropbox-onion: tor has gone")
            yield serving


async def test_only_circuits_of_visitors_are_closed_whatever_the_gateway_asks_for(host: OnionHost) -> None:
    with control_port(host.control, info={"circuit-status": status(host)}) as tor:
        async with host.serving():
            ask(host, *map(number, (9, 10, 11, 12, 0, 2**32 - 1)), b"", b"\0\0\0\x07\0", b"CLOSECIRCUIT 9")
            await until(lambda: "GETINFO circuit-status" in tor.asked)
            ask(host, number(8), number(7))
            await until(lambda: len(closed(tor)) == 2)
    assert closed(tor) == ["CLOSECIRCUIT 7", "CLOSECIRCUIT 8"]


async def test_a_tor_that_goes_and_comes_back_is_found_again(host: OnionHost) -> None:
    with control_port(host.control, info={"circuit-status": status(host)}) as tor:
        async with host.serving() as serving:
            tor.hang_up()
            assert (await serving.warning()).startswith("dropbox-onion: tor has gone")
            assert await serving.warning() == "dropbox-onion: tor is back"
            ask(host, number(7))
            await until(lambda: closed(tor))


async def test_what_was_asked_while_tor_was_away_is_forgotten_since_its_numbers_begin_anew(host: OnionHost) -> None:
    async with serving_without_tor(host) as serving:
        ask(host, number(7))
        with control_port(host.control, info={"circuit-status": status(host)}) as tor:
            while not (await serving.warning()).endswith("tor is back"):
                pass
            ask(host, number(8))
            await until(lambda: closed(tor))
            assert closed(tor) == ["CLOSECIRCUIT 8"]


async def test_a_clock_that_tor_finds_wrong_is_said_once_by_each_event(host: OnionHost) -> None:
    with control_port(host.control) as tor:
        async with host.serving() as serving:
            tor.tell("STATUS_GENERAL WARN CLOCK_SKEW SKEW=-90000 MIN_SKEW=3600 SOURCE=CONSENSUS")
            assert "the clock is wrong by some 25 hours: set it" in await serving.warning()


async def test_services_are_offered_through_the_control_port_where_the_settings_say_so(host: OnionHost) -> None:
    host.write(reading_socket="127.0.0.1:8080", offer=True)
    with control_port(host.control) as tor:
        async with host.serving():
            (offer,) = [said for said in tor.asked if said.startswith("SETCONF")]
    assert offer.count("HiddenServiceDir=") == 4
    assert offer.count('HiddenServiceExportCircuitID="haproxy"') == 2


async def test_a_real_tor_is_served_and_found_again_after_a_restart(host: OnionHost) -> None:
    with host.tor():
        serving = host.serving()
        running = await serving.__aenter__()
    assert (await running.warning()).startswith("dropbox-onion: tor has gone")
    with host.tor():
        while not (await running.warning()).endswith("tor is back"):
            pass
        await serving.__aexit__(None, None, None)


async def test_two_of_them_cannot_have_one_socket(host: OnionHost) -> None:
    with control_port(host.control):
        async with host.serving():
            said = host.run("serve", "--config", str(host.config), status=1)
            assert "another process has" in said
        with asking(host.settings.circuits_socket):
            assert "end it first" in host.run("serve", "--config", str(host.config), status=1)


def test_a_socket_that_a_killed_process_left_is_taken_over(host: OnionHost) -> None:
    path = host.settings.circuits_socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(path))
    with asking(path):
        assert path.stat().st_mode & 0o777 == 0o660
    assert not path.exists()


def test_a_socket_in_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SocketTaken, match="make its folder"), asking(tmp_path / "none" / "circuits.sock"):
        pass


def test_without_tor_or_keys_it_does_not_start_and_says_why(host: OnionHost) -> None:
    assert "start it (systemctl start tor)" in host.run("serve", "--config", str(host.config), status=1)
    (host.folder / "addresses.json").unlink()
    assert "run `dropbox-onion keys make`" in host.run("serve", "--config", str(host.config), status=1)


@given(st.lists(st.integers(0, 2**32 - 1)), st.text(alphabet="0123456789 BUILT=PURPOSEHSRVICED_QYX\n"))
def test_nothing_is_closed_that_was_not_asked_for_or_is_not_a_visitors(wanted: list[int], noise: str) -> None:
    rows = "\n".join([noise, VISITOR.format(7, REPORTERS), VISITOR.format(9, DESK)])
    assert set(closable(rows, wanted, [f"{REPORTERS}.onion"])) <= ({"7"} if 7 in wanted else set())


def test_datagrams_of_another_length_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with asking(path) as asked, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        for datagram in (b"", b"123", number(5), b"12345", b"1" * 1000):
            line.sendto(datagram, str(path))
        assert asked_for(asked) == {5}
        assert asked_for(asked) == set()
