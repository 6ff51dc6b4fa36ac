"""Publications and chains of bulletins that a host serves wrong, each found by its name."""

import time
from dataclasses import dataclass, replace

import pytest

from dropbox.auditor import cli, looking, pages
from dropbox.auditor.visiting import Itinerary
from dropbox.protocol import sizes
from dropbox.protocol.keys import Role
from dropbox.protocol.observation import verify_observation
from dropbox.protocol.publication import Publication, sign_publication
from tests.auditor.host import Host
from tests.gateway.bureau import Bureau

Out = pytest.CaptureFixture[str]
READS = Itinerary("nl", (pages.START["nl"], pages.READ["nl"]), reads=True)
NOON = sizes.DAY // 2


@dataclass
class Days:
    """An auditor who reads at noon of days that a test names, counted from today."""

    host: Host
    out: Out
    monkeypatch: pytest.MonkeyPatch

    def reads(self, day: int = 0) -> tuple[int, str]:
        now = (self.host.bureau.day + day) * sizes.DAY + NOON
        self.monkeypatch.setattr(cli, "_now", lambda: now)
        self.monkeypatch.setattr(looking, "drawn", lambda _: READS)
        config = str(self.host.config())
        self.out.readouterr()
        status = cli.main(["watch", "--config", config, "--hurried", "--rounds", "1"])
        return status, self.out.readouterr().out

    def found(self) -> tuple[str, ...]:
        path = max((self.host.folder / "ann/state/observations").glob("*.json"))
        return verify_observation(path.read_bytes()).findings

    def serves(self, **bodies: bytes) -> None:
        self.host.intake.static.update({f"/v1/{name}": body for name, body in bodies.items()})

    def bulletin(self, day: int, previous: bytes = bytes(32), **changes: object) -> bytes:
        """Have the host serve the bulletin of that day, with a board that belongs to it; gives its hash."""
        bureau = self.host.bureau
        bureau.bulletin = replace(bureau.bulletin, day=bureau.day + day, previous=previous, **changes)  # type: ignore[arg-type]  # fields by name
        noon = (bureau.day + day) * sizes.DAY + NOON
        self.serves(bulletin=bureau.signed_bulletin(), boards=bureau.boards(noon))
        return bureau.bulletin.hash


@pytest.fixture
def days(host: Host, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> Days:
    made = Days(host, capsys, monkeypatch)
    made.bulletin(0)
    return made


def publication(bureau: Bureau, sequence: int, issued: int = 0, valid: int = 30) -> bytes:
    """A publication of a day, counted from today, signed by this bureau."""
    made = Publication(
        instance=bureau.bulletin.instance, sequence=sequence, issued_day=bureau.day + issued,
        valid_until_day=bureau.day + valid, mailboxes_read_day=bureau.day - 1,
    )  # fmt: skip
    return sign_publication(made, bureau.signing[Role.PUBLICATION].sign)


# ------------------------------------------------------------------------------------------------------- publications


def test_a_publication_with_a_bad_signature_is_found(days: Days) -> None:
    bureau = days.host.bureau
    bureau.signing[Role.PUBLICATION] = bureau.signing[Role.BOARD]
    days.serves(publication=publication(bureau, 1))
    status, said = days.reads()
    assert (status, "The publication is not signed by the bureau" in said) == (1, True)
    assert days.found() == ("publication-invalid",)


def test_a_publication_with_one_byte_changed_is_found(days: Days) -> None:
    good = publication(days.host.bureau, 1)
    days.serves(publication=good.replace(b'"sequence":1', b'"sequence":2'))
    assert days.reads()[0] == 1
    assert days.found() == ("publication-invalid",)


def test_a_publication_of_another_root_is_found(days: Days) -> None:
    days.serves(publication=publication(Bureau(int(time.time())), 1))
    assert days.reads()[0] == 1
    assert days.found() == ("publication-invalid",)


@pytest.mark.parametrize(("issued", "valid"), [(-40, -1), (3, 30)])
def test_a_publication_past_its_date_or_before_it_is_found(days: Days, issued: int, valid: int) -> None:
    days.serves(publication=publication(days.host.bureau, 1, issued, valid))
    status, said = days.reads()
    assert (status, "too old, or your clock is wrong" in said) == (1, True)
    assert days.found() == ("publication-dates",)


def test_a_publication_older_than_one_seen_before_is_found(days: Days) -> None:
    days.serves(publication=publication(days.host.bureau, 7))
    assert days.reads() == (0, "")
    days.serves(publication=publication(days.host.bureau, 6, issued=-1))
    status, said = days.reads()
    assert (status, "after it had served a newer one" in said) == (1, True)
    assert days.found() == ("publication-back",)
    days.serves(publication=publication(days.host.bureau, 7))
    assert days.reads() == (0, ""), "the newer one again"


def test_two_publications_of_one_sequence_are_found(days: Days) -> None:
    days.serves(publication=publication(days.host.bureau, 7))
    assert days.reads() == (0, "")
    days.serves(publication=publication(days.host.bureau, 7, issued=-1))
    assert days.reads()[0] == 1
    assert days.found() == ("views-publication",)


# ------------------------------------------------------------------------------------------------------------- chains


def test_a_chain_that_goes_on_day_by_day_passes(days: Days) -> None:
    hashed = bytes(32)
    for day in range(3):
        hashed = days.bulletin(day, hashed)
        assert days.reads(day) == (0, "")


def test_a_chain_goes_on_over_days_that_nobody_saw(days: Days) -> None:
    days.bulletin(0)
    assert days.reads(0) == (0, "")
    days.bulletin(2, previous=b"of the day that was not visited.")
    assert days.reads(2) == (0, "")


def test_a_fork_shows_on_the_next_day(days: Days) -> None:
    days.bulletin(0)
    assert days.reads(0) == (0, "")
    days.bulletin(1, previous=b"of the keys that others had then")
    status, said = days.reads(1)
    assert (status, "do not follow those of the day before, as you saw them" in said) == (1, True)
    assert days.found() == ("chain-broken",)


def test_a_fork_of_one_day_shows_at_once(days: Days) -> None:
    days.bulletin(0)
    assert days.reads(0) == (0, "")
    days.bulletin(0, board_period=7200)
    assert days.reads(0)[0] == 1
    assert days.found() == ("views-bulletin",)


def test_a_chain_that_leaves_a_day_out_is_found(days: Days) -> None:
    first = days.bulletin(0)
    assert days.reads(0) == (0, "")
    days.bulletin(2, previous=first)
    assert days.reads(2)[0] == 1
    assert days.found() == ("chain-broken",)


def test_a_chain_that_begins_anew_after_a_gap_is_said_and_accuses_nobody(days: Days) -> None:
    days.bulletin(0)
    assert days.reads(0) == (0, "")
    days.bulletin(2)
    status, said = days.reads(2)
    assert (status, "the chain begins anew" in said) == (0, True)


def test_a_chain_that_begins_anew_on_the_next_day_is_a_fork(days: Days) -> None:
    days.bulletin(0)
    assert days.reads(0) == (0, "")
    days.bulletin(1)
    assert days.reads(1)[0] == 1
    assert days.found() == ("chain-broken",)


def test_a_bulletin_of_yesterday_after_that_of_today_is_found(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    first = days.bulletin(0)
    yesterday = days.host.bureau.bulletin
    days.bulletin(1, first)
    assert days.reads(1) == (0, "")
    days.host.bureau.bulletin = yesterday
    days.bulletin(0)
    midnight = (days.host.bureau.day + 1) * sizes.DAY + 3600
    monkeypatch.setattr(cli, "_now", lambda: midnight)  # still within the tolerance, an hour into the day
    assert cli.main(["watch", "--config", str(days.host.config()), "--hurried", "--rounds", "1"]) == 1
    assert set(days.found()) == {"bulletin-back", "board-back"}


def test_a_lower_revision_after_a_higher_one_is_found(days: Days) -> None:
    days.bulletin(0, revision=2)
    assert days.reads(0) == (0, "")
    days.bulletin(0, revision=1)
    assert days.reads(0)[0] == 1
    assert "bulletin-back" in days.found()
