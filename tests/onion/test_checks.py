"""What an operator is told of a tor that is not as it must be: each a sentence that says what to do."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dropbox.onion import clock
from dropbox.onion.circuits import asking
from dropbox.onion.services import offered, options
from tests.onion.host import OnionHost, onion_host
from tests.simulators.control_port import ControlPort, control_port

TIME = "%Y-%m-%d %H:%M:%S"
NOW = datetime.now(UTC)


@pytest.fixture
def host() -> Iterator[OnionHost]:
    """A host on which all but tor is well."""
    with onion_host() as made, ExitStack() as stack:
        made.make_keys("one")
        for name in ("reporters", "desk", "ministry"):
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(made.folder / f"{name}.sock"))
            listener.listen()
        stack.enter_context(asking(made.settings.circuits_socket))
        yield made


def good(host: OnionHost, now: datetime = NOW) -> dict[str, object]:
    """What a tor that is well says."""
    times = {"valid-after": now - timedelta(minutes=30), "valid-until": now + timedelta(hours=2)}
    info = {f"consensus/{name}": time.strftime(TIME) for name, time in times.items()}
    return {
        "services": [line for one in offered(host.settings) for line in options(one)],
        "info": ControlPort(Path("/")).info | info,
    }


def said(host: OnionHost, **instead: object) -> list[str]:
    """What the check says of a tor like this."""
    with control_port(host.control, **good(host) | instead):
        return host.check()


def test_a_host_on_which_all_is_well_is_told_so(host: OnionHost) -> None:
    with control_port(host.control, **good(host)):
        assert host.run("check", "--config", str(host.config)) == "Nothing is wrong.\n"


def test_tor_is_missing(host: OnionHost, tmp_path: Path) -> None:
    out = host.run("check", "--config", str(host.config), status=1, path=str(tmp_path))
    assert "- tor is not installed: apt-get install tor" in out.splitlines()


def test_tor_does_not_run(host: OnionHost) -> None:
    (line,) = host.check()
    assert "start it (systemctl start tor)" in line


def test_tor_is_too_old(host: OnionHost) -> None:
    (line,) = said(host, version="0.4.7.16")
    assert line.startswith("tor 0.4.7.16 is too old")
    assert "install 0.4.8" in line


@pytest.mark.parametrize("methods", ["HASHEDPASSWORD", "COOKIE,SAFECOOKIE", "NOVELTY"])
def test_tor_refuses_the_control_port(host: OnionHost, methods: str) -> None:
    (line,) = said(host, methods=methods)
    assert "tor refuses the control port" in line
    assert "CookieAuthentication 1" in line


def test_the_control_port_is_closed_to_this_account(host: OnionHost) -> None:
    with control_port(host.control, **good(host)) as tor:
        tor.methods = 'COOKIE,SAFECOOKIE COOKIEFILE="/proc/1/no-such-cookie"'
        (line,) = host.check()
    assert "adduser ACCOUNT debian-tor" in line


@pytest.mark.parametrize("option", ["HiddenServiceSingleHopMode", "HiddenServiceNonAnonymousMode", "Sandbox"])
def test_tor_runs_as_it_never_may(host: OnionHost, option: str) -> None:
    (line,) = said(host, options={option: "1"})
    assert line == f"tor runs with {option}: write its torrc anew with `dropbox-onion torrc` and restart it"


@pytest.mark.parametrize("missing", ["HiddenServiceExportCircuitID", "HiddenServicePoWDefensesEnabled"])
def test_tor_offers_the_service_without_a_defence(host: OnionHost, missing: str) -> None:
    services = [line for one in offered(host.settings) for line in options(one) if line[0] != missing]
    (line,) = said(host, services=services)
    assert line.startswith("tor does not offer reporters as it must")


def test_options_of_one_service_do_not_count_for_another(host: OnionHost) -> None:
    first, *others = offered(host.settings)
    (where, *rest) = options(first)
    moved = [where, *(line for one in others for line in options(one)), *rest]
    assert said(host, services=moved)[0].startswith("tor does not offer reporters as it must")


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (timedelta(days=400), "the clock is behind tor's directory by 399 days"),
        (-timedelta(days=3), "is too old by 2 days"),
    ],
)
def test_the_clock_is_wrong_by_tors_directory(host: OnionHost, shift: timedelta, words: str) -> None:
    info = good(host, NOW + shift)["info"]
    (line,) = said(host, info=info)
    assert words in line
    assert "set it (timedatectl set-ntp true), then restart tor" in line


def test_the_clock_is_wrong_by_tors_own_account(host: OnionHost) -> None:
    phase = (
        'WARN BOOTSTRAP PROGRESS=14 TAG=handshake SUMMARY="Handshaking" WARNING="Clock skew -86400 in NETINFO cell from'
        ' OR" REASON=CLOCK_SKEW COUNT=1 RECOMMENDATION=warn'
    )
    assert said(host, info={"status/bootstrap-phase": phase})[0].startswith("tor says that the clock is wrong: set it")


def test_tor_is_on_its_way(host: OnionHost) -> None:
    (line,) = said(host, info={"status/bootstrap-phase": "NOTICE BOOTSTRAP PROGRESS=45 TAG=x"})
    assert "not connected to the network yet (45 %)" in line


def test_nobody_listens_where_a_service_leads(host: OnionHost) -> None:
    (host.folder / "desk.sock").unlink()
    (line,) = said(host)
    assert line.startswith(f"desk: nobody listens at {host.folder}/desk.sock: start dropbox-intake")


def test_a_real_tor_that_is_kept_off_the_network_is_not_ready(host: OnionHost) -> None:
    with host.tor():
        (line,) = host.check()
    assert line.startswith("tor is not connected to the network yet (0 %)")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("STATUS_GENERAL WARN CLOCK_SKEW SKEW=-7300 MIN_SKEW=3600 SOURCE=CONSENSUS", "wrong by some 2 hours"),
        ('STATUS_GENERAL NOTICE CLOCK_SKEW SKEW="130" SOURCE="DIRSERV:127.0.0.1:1"', "wrong by some 2 minutes"),
        ("STATUS_GENERAL NOTICE CLOCK_JUMPED TIME=500", "jumped by 8 minutes"),
        ("STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED", ""),
    ],
)
def test_what_tor_says_of_the_clock_is_understood(event: str, words: str) -> None:
    sentence = clock.skew_of(event)
    assert words in sentence
    assert bool(words) == bool(sentence)
