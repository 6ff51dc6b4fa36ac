"""An instance where reading has an address of its own: each visit goes where its visitor would go."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropbox.auditor import cli, looking, pages
from tests.auditor.host import ONION, READING, Host, on, plain, running_host, swap

Out = pytest.CaptureFixture[str]


@pytest.fixture
def host() -> Iterator[Host]:
    """One with two addresses."""
    with tempfile.TemporaryDirectory(prefix="au") as name, running_host(Path(name), two_addresses=True) as running:
        yield running


def look(host: Host, out: Out) -> tuple[int, str]:
    config = str(host.config())
    out.readouterr()
    status = cli.main(["look", "--config", config, "--hurried"])
    said = out.readouterr()
    return status, said.out + said.err


def asked(host: Host) -> tuple[set[str], set[str]]:
    """The paths that were asked for at the reporters' address, and at that for reading."""
    assert host.reading is not None
    return {one.path for one in host.between.asked}, {one.path for one in host.reading.asked}


def test_reading_visits_go_to_the_address_for_reading_and_others_do_not(host: Host, capsys: Out) -> None:
    status, said = look(host, capsys)
    assert (status, "Nothing wrong was found." in said) == (0, True), said
    reporters, reading = asked(host)
    assert reading >= {*pages.START.values(), *pages.READ.values(), "/v1/bulletin", "/v1/boards", "/v1/publication"}
    assert reading.isdisjoint({*pages.REPORT.values(), *pages.HOW.values()})
    assert reporters >= {*pages.START.values(), *pages.REPORT.values(), *pages.HOW.values()}
    assert reporters.isdisjoint({*pages.READ.values(), "/v1/bulletin", "/v1/boards", "/v1/publication"})


def test_no_circuit_goes_to_both(host: Host, capsys: Out) -> None:
    assert look(host, capsys)[0] == 0
    names: dict[tuple[str, str], set[str]] = {}
    for one in host.tor.asked:
        names.setdefault(one.isolation, set()).add(one.name)
    assert {frozenset(of_circuit) for of_circuit in names.values()} == {
        frozenset({ONION.name}), frozenset({READING.name}),
    }  # fmt: skip


def test_links_between_the_two_pass_only_for_who_knows_both(host: Host, capsys: Out) -> None:
    host.reading = None  # whose leaflet names one address
    status, said = look(host, capsys)
    assert (status, "another script, address or element" in said) == (1, True), said


def test_the_host_header_is_that_of_the_address(host: Host, capsys: Out) -> None:
    look(host, capsys)
    assert host.reading is not None
    for between, name in ((host.between, ONION.name), (host.reading, READING.name)):
        assert {value for one in between.asked for header, value in one.headers if header == "Host"} == {name}


def test_a_page_that_is_tampered_with_at_one_address_only_is_found(host: Host, capsys: Out) -> None:
    assert host.reading is not None
    plain(host.reading, on("/nl/", swap(b"<body>", b'<body onload="x()">')))
    status, said = look(host, capsys)
    assert (status, "/nl/ holds something that does not belong" in said) == (1, True)


def test_one_address_that_is_down_leaves_the_other_to_be_looked_at(
    host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(host.tor.services, dict)
    del host.tor.services[READING.name]
    monkeypatch.setattr(looking, "shuffled", lambda items, _: list(items))  # the first ones report
    status, said = look(host, capsys)
    assert (status, "Nothing wrong was found in what came; but not everything came." in said) == (2, True), said
    reporters, reading = asked(host)
    assert reading == set()
    assert reporters >= {*pages.REPORT.values(), *pages.HOW.values()}


def test_a_canary_is_sent_at_one_address_and_its_answer_read_at_the_other(host: Host, capsys: Out) -> None:
    assert look(host, capsys)[0] == 0
    assert host.reading is not None
    for between in (host.between, host.reading):
        between.asked.clear()
    config = str(host.config())
    assert cli.main(["canary", "--config", config, "--hurried"]) == 0
    assert [one.path.endswith("/whole") for one in host.between.asked][-1]
    assert host.reading.asked == []
    assert cli.main(["canary", "--config", config, "--hurried"]) == 0
    assert [one.path for one in host.reading.asked][-3:] == ["/v1/bulletin", "/v1/boards", "/v1/publication"]
