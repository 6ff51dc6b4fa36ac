"""When an auditor comes: by chance, within bounds, and no moment tells of another, also where a machine slept."""

import math
import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.auditor import cli, files, looking
from dropbox.auditor.looking import Feet
from dropbox.auditor.watching import SHORTEST, canary_due, canary_moment, holds, next_gap, until_next
from dropbox.protocol import sizes
from tests.auditor.host import Host

DRAWS = 4096
MOST = 3 * sizes.DAY
Out = pytest.CaptureFixture[str]
drawn = st.binary(min_size=8, max_size=8)


def given_by(value: bytes) -> Callable[[int], bytes]:
    return lambda n: value[:n]


def evenly(visits: int) -> list[int]:
    """The gaps for draws that lie evenly over all there are: their shares are the distribution itself."""
    step = (1 << 64) // DRAWS
    return sorted(next_gap(visits, given_by((at * step + step // 2).to_bytes(8, "big"))) for at in range(DRAWS))


@given(st.integers(1, 24), drawn)
def test_a_gap_keeps_to_its_bounds(visits: int, value: bytes) -> None:
    assert SHORTEST <= next_gap(visits, given_by(value)) <= MOST


def test_the_bounds_are_reached_at_the_ends() -> None:
    assert next_gap(4, given_by(b"\xff" * 8)) == SHORTEST
    assert next_gap(1, given_by(bytes(8))) == MOST


@pytest.mark.parametrize("visits", [1, 4, 24])
def test_gaps_are_exponential(visits: int) -> None:
    gaps = evenly(visits)
    mean = sizes.DAY / visits - SHORTEST
    for share in (0.05, 0.25, 0.5, 0.75, 0.9):
        expected = min(SHORTEST - math.log(1 - share) * mean, MOST)
        assert gaps[int(share * DRAWS)] == pytest.approx(expected, rel=0.01), share


@pytest.mark.parametrize("visits", [4, 12, 24])
def test_so_many_visits_a_day_come_on_average(visits: int) -> None:
    assert sum(evenly(visits)) / DRAWS == pytest.approx(sizes.DAY / visits, rel=0.01)


def test_having_waited_says_nothing_about_how_long_it_still_takes() -> None:
    gaps = [gap - SHORTEST for gap in evenly(24)]
    whole = sum(gap > 1800 for gap in gaps) / len(gaps)
    for waited in (600, 3600, 7200):
        left = [gap - waited for gap in gaps if gap > waited]
        assert sum(gap > 1800 for gap in left) / len(left) == pytest.approx(whole, abs=0.02), waited


def test_each_gap_is_made_of_randomness_of_its_own(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight new bytes for each, used for nothing else: whoever knew all other gaps would know nothing of it."""
    asked: list[bytes] = []
    rests: list[float] = []

    def random(length: int) -> bytes:
        asked.append(os.urandom(length))
        return asked[-1]

    async def sleep(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(cli, "_feet", lambda _: Feet(random, sleep))
    assert cli.main(["watch", "--config", str(host.config()), "--rounds", "6"]) == 0
    gaps = [seconds for seconds in rests if seconds > looking.LONGEST_PAUSE]
    of_draws = [next_gap(4, given_by(value)) for value in asked if len(value) == 8]
    assert len(gaps) == 5
    assert len({*asked}) == len(asked)
    places = [of_draws.index(int(gap)) for gap in gaps]
    assert places == sorted(set(places)), "each from another draw, in their order"


def test_a_tor_of_ones_own_that_is_not_up_yet_is_tried_again_soon_and_told_once(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    rests: list[float] = []

    async def sleep(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(cli, "_feet", lambda _: Feet(os.urandom, sleep))
    config = host.config(tor_socks=f"unix:{host.folder}/none")
    assert cli.main(["watch", "--config", str(config), "--rounds", "4"]) == 2
    assert rests == [cli.TOR_AGAIN] * 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_person_who_stops_a_watch_that_saw_nothing_is_not_told_that_all_is_well(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_watching", interrupted)
    assert cli.main(["watch", "--config", str(host.config())]) == 2


def test_a_moment_that_passed_while_tor_was_down_is_drawn_anew(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the canary would go when Tor is back, at a moment that nobody drew."""
    drawn_for: list[int] = []

    async def sleep(_: float) -> None:
        return

    def passed(*_: object) -> int:
        drawn_for.append(1)
        return cli._now() - 1

    monkeypatch.setattr(cli, "_feet", lambda _: Feet(os.urandom, sleep))
    monkeypatch.setattr(cli, "_canary_due", passed)
    config = host.config(tor_socks=f"unix:{host.folder}/none")
    assert cli.main(["watch", "--canary", "--config", str(config), "--rounds", "4"]) == 2
    assert len(drawn_for) == 1 + 3


@given(st.integers(0, 40_000), st.integers(-90_000, 86_399), drawn)
def test_a_canary_goes_at_any_moment_of_its_day_that_is_still_to_come(day: int, since: int, value: bytes) -> None:
    begin, now = day * sizes.DAY, day * sizes.DAY + since
    assert max(begin, now) <= canary_moment(day, now, given_by(value)) < begin + sizes.DAY


def test_a_canary_can_go_at_the_first_second_of_its_day_and_at_the_last() -> None:
    last = (sizes.DAY - 1).to_bytes(8, "big")
    assert canary_moment(9, 0, given_by(bytes(8))) == 9 * sizes.DAY
    assert canary_moment(9, 0, given_by(last)) == 10 * sizes.DAY - 1


@given(st.integers(10, 40_000), st.integers(0, sizes.DAY - 1), st.integers(-5, 5), drawn)
def test_whenever_a_canary_is_due_it_is_worth_waiting_for(day: int, second: int, sent: int, value: bytes) -> None:
    now = day * sizes.DAY + second
    due = canary_due(day + sent, now, given_by(value))
    assert due // sizes.DAY == (day + 1 if sent == 0 else day)
    assert due == now or holds(due, now)


@given(st.integers(10, 40_000), st.integers(0, sizes.DAY - 1), st.integers(2, 3000))
def test_a_moment_set_by_a_clock_that_was_days_ahead_is_drawn_anew(day: int, second: int, ahead: int) -> None:
    now = day * sizes.DAY + second
    assert not holds((day + ahead) * sizes.DAY, now)


def test_a_machine_that_slept_over_a_moment_goes_on_at_the_next_and_makes_up_for_nothing() -> None:
    due = 10 * sizes.DAY + 100
    woke = due + 9 * 3600
    assert not holds(due, woke), "the canary goes in the round that comes anyway"
    assert until_next(7000, due, woke) == 7000
    assert until_next(7000, woke + 50, woke) == 50
    assert until_next(7000, None, woke) == 7000


def put_clock(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = cli._now() + seconds
    monkeypatch.setattr(cli, "_now", lambda: now)


def test_a_clock_that_jumps_ahead_and_back_takes_no_evidence_with_it(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = ["watch", "--config", str(host.config()), "--hurried", "--rounds", "2"]
    assert cli.main(watch) == 0
    folder = host.folder / "ann" / "state"
    before = files.load_state(folder).sightings
    with monkeypatch.context() as patch:
        put_clock(patch, 400 * sizes.DAY)
        cli.main(watch)
        ahead = files.load_state(folder)
        assert {*before} <= {*ahead.sightings}, "only a signed document of the day makes old sightings old"
    assert cli.main(["look", *watch[1:4]]) == 0, "what the wrong clock dated is not gone on with"
    after = files.load_state(folder)
    assert {*before} <= {*after.sightings}
    today = cli._now() // sizes.DAY
    assert max(one.day for one in after.sightings) == today
    assert {*(one.day for one in ahead.sightings)} - {today}, "the wrong clock did date some"
