"""Code and announcements of visits that read nothing, held against what the bureau signed before or after."""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.auditor import cli, holding, looking, pages
from dropbox.auditor.findings import Finding
from dropbox.auditor.pages import Page
from dropbox.auditor.state import State
from dropbox.auditor.visiting import ITINERARIES, Itinerary, SeenPage, Visit
from dropbox.protocol.publication import NoticeText
from dropbox.torlink.visitor import Answer
from tests.auditor.host import Host, Reply, on, plain, swap

Out = pytest.CaptureFixture[str]
DAY = 20_000
ONE, TWO, OTHER = b"one()", b"two()", b"other()"
SCRIPT = "/static/browser-0123456789ab.js"
READS = Itinerary("nl", (pages.START["nl"], pages.READ["nl"]), reads=True)
REPORTS = Itinerary("nl", (pages.START["nl"], pages.REPORT["nl"]))


def brings(script: bytes) -> Visit:
    return Visit(files={SCRIPT: Answer(200, script)}, ended=True)


def shows(*notices: str) -> Visit:
    return Visit(pages=[SeenPage("/nl/", Answer(200, b""), Page(notices=notices))], ended=True)


def vouches(script: bytes) -> dict[str, bytes]:
    return {holding.SCRIPT: hashlib.sha256(script).digest()}


Step = tuple[int, Visit, dict[str, bytes]]


def walk(*steps: Step) -> tuple[list[Finding], list[Finding]]:
    """What is found over some visits, and what the last one leaves open."""
    state, found, last = State(), list[Finding](), State()
    for day, visit, signed in steps:
        last = state
        state, more = holding.hold(state, visit, signed, day)
        found += more
    return found, holding.not_settled(last, state)


def codes(findings: Sequence[Finding]) -> list[str]:
    return [one.code for one in findings]


def test_code_that_was_vouched_for_before_passes() -> None:
    assert walk((1, brings(ONE), vouches(ONE)), (2, brings(ONE), {})) == ([], [])


def test_new_code_waits_and_passes_once_the_bureau_vouches_for_it() -> None:
    steps: list[Step] = [(1, Visit(), vouches(ONE)), (2, brings(TWO), {})]
    assert [codes(one) for one in walk(*steps)] == [[], ["bundle-new"]]
    assert walk(*steps, (3, Visit(), vouches(TWO))) == ([], [])


def test_code_that_nobody_vouches_for_before_or_after_is_found() -> None:
    found, _ = walk((1, Visit(), vouches(ONE)), (2, brings(OTHER), {}), (3, Visit(), vouches(TWO)))
    assert codes(found) == ["bundle-unsigned"]


def test_code_is_found_once_only() -> None:
    steps: list[Step] = [(1, Visit(), vouches(ONE)), (2, brings(OTHER), {}), (3, Visit(), vouches(ONE))]
    assert codes(walk(*steps, (4, Visit(), vouches(ONE)))[0]) == ["bundle-unsigned"]


def test_before_anything_was_read_code_counts_on_its_day_only() -> None:
    assert codes(walk((1, brings(OTHER), {}), (1, Visit(), vouches(ONE)))[0]) == ["bundle-unsigned"]
    assert walk((1, brings(OTHER), {}), (2, Visit(), vouches(ONE))) == ([], [])


def test_where_the_bureau_vouches_for_no_code_none_is_accused() -> None:
    assert walk((1, Visit(), {holding.SCRIPT: holding.ANYTHING}), (2, brings(OTHER), {})) == ([], [])
    assert walk((1, brings(OTHER), {}), (1, Visit(), {holding.SCRIPT: holding.ANYTHING})) == ([], [])


def test_announcements_are_held_language_by_language() -> None:
    signed = {
        holding.notices_name("nl"): holding.of_notices(["Dicht."]),
        holding.notices_name("en"): holding.of_notices([]),
    }
    assert walk((1, Visit(), signed), (1, shows("Dicht."), {})) == ([], [])
    for forged in (shows(), shows("Open."), shows("Dicht.", "Bel 06.")):
        found, _ = walk((1, Visit(), signed), (1, forged, {}), (1, Visit(), signed))
        assert found == [Finding("notices-other", {"page": "/nl/"})]


# ------------------------------------------------------------------------------------------------------- at a real host


def comes(host: Host, out: Out, monkeypatch: pytest.MonkeyPatch, *itineraries: Itinerary) -> tuple[int, str]:
    left = [*itineraries]
    monkeypatch.setattr(looking, "drawn", lambda _: left.pop(0))
    config, rounds = str(host.config()), str(len(itineraries))
    out.readouterr()
    status = cli.main(["watch", "--config", config, "--hurried", "--rounds", rounds])
    return status, out.readouterr().out


def other_code(host: Host) -> None:
    """The page of the form names other code, with a hash and a name that fit, and the host serves it."""
    body = b"other()"
    digest = hashlib.sha256(body)
    integrity = f"sha256-{base64.b64encode(digest.digest()).decode()}".encode()

    def names(reply: Reply) -> None:
        reply.body = re.sub(rb"browser-[0-9a-f]{12}", b"browser-" + digest.hexdigest()[:12].encode(), reply.body)
        reply.body = re.sub(rb'integrity="[^"]*"', b'integrity="' + integrity + b'"', reply.body)

    def serves(reply: Reply) -> None:
        reply.status, reply.body = 200, body

    plain(host.between, on("/nl/melden", names))
    plain(host.between, on(f"/static/browser-{digest.hexdigest()[:12]}\\.js", serves))


def vouching(host: Host) -> None:
    bundle = hashlib.sha256(Path("dropbox/gateway/static/browser.js").read_bytes()).hexdigest()
    host.bureau.bulletin = replace(host.bureau.bulletin, browser_bundle=bundle)
    host.intake.static["/v1/bulletin"] = host.bureau.signed_bulletin()
    host.intake.issue()


def forged_notice(host: Host) -> None:
    forged = b'<p class="note said" dir="auto">Bel 06-12345678.</p>\n<div class="columns">'
    plain(host.between, on("/nl/", swap(b'<div class="columns">', forged)))


@pytest.mark.parametrize(
    ("tampers", "said_first", "said_then"),
    [
        (other_code, "It may be new", "vouches for neither before nor after"),
        (forged_notice, "It may be new", "announces something else than the bureau signed"),
    ],
)
def test_what_only_those_are_shown_who_do_not_read_is_found_at_the_next_reading(
    host: Host,
    capsys: Out,
    monkeypatch: pytest.MonkeyPatch,
    tampers: Callable[[Host], None],
    said_first: str,
    said_then: str,
) -> None:
    vouching(host)
    assert comes(host, capsys, monkeypatch, READS, REPORTS) == (0, "")
    tampers(host)
    status, said = comes(host, capsys, monkeypatch, REPORTS)
    assert (status, said_first in said) == (0, True), said
    host.between.hand = lambda _: None
    status, said = comes(host, capsys, monkeypatch, READS)
    assert (status, said_then in said) == (1, True), said
    assert comes(host, capsys, monkeypatch, REPORTS, READS) == (0, "")


def test_a_new_announcement_is_no_forged_one(host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    assert comes(host, capsys, monkeypatch, READS) == (0, "")
    notice = NoticeText("nl", "Dicht tot maandag & dinsdag.")
    host.intake.static["/v1/publication"] = host.bureau.publication(notices=(notice,))
    status, said = comes(host, capsys, monkeypatch, REPORTS)
    assert (status, "It may be new" in said) == (0, True)
    # The publication of this bureau keeps its sequence, which is a second view of it; the announcement is none.
    assert "announces" not in comes(host, capsys, monkeypatch, READS)[1]


@given(st.permutations(ITINERARIES))
def test_a_look_ends_with_a_reading_and_leaves_nothing_out(drawn: list[Itinerary]) -> None:
    order = looking.reading_last(drawn)
    assert order[-1].reads
    assert sorted(map(str, order)) == sorted(map(str, ITINERARIES))


def test_a_look_finds_code_that_only_its_visits_to_the_form_are_given(host: Host, capsys: Out) -> None:
    vouching(host)
    other_code(host)
    assert cli.main(["look", "--config", str(host.config()), "--hurried"]) == 1
    assert "vouches for neither before nor after" in capsys.readouterr().out
