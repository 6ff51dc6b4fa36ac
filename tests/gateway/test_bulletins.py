"""Today's bulletin is fetched once a minute, believed no longer than it may be, and never lost to a failure."""

import pytest

from dropbox.gateway.bulletins import KEPT_SECONDS, RENEWED_SECONDS, Bulletins
from dropbox.protocol.errors import OutsideDates
from dropbox.protocol.sizes import DAY
from dropbox.reporter.errors import TransportFailed
from tests.gateway.bureau import NOW, Bureau, SimulatedIntake


class Times:
    """A clock and the seconds that went by."""

    def __init__(self) -> None:
        self.now, self.elapsed = NOW, 100.0


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def intake() -> SimulatedIntake:
    return SimulatedIntake(Bureau())


@pytest.fixture
def bulletins(times: Times, intake: SimulatedIntake) -> Bulletins:
    return Bulletins(intake.bureau.root.public, lambda: times.now, lambda: times.elapsed)


def test_those_who_come_within_a_minute_cause_one_fetch(
    times: Times, intake: SimulatedIntake, bulletins: Bulletins
) -> None:
    first = bulletins.current(intake)
    times.elapsed += KEPT_SECONDS - 1
    assert bulletins.current(intake) is first
    assert len(intake.seen) == 1
    times.elapsed += 1
    assert bulletins.current(intake) == first
    assert len(intake.seen) == 2


def test_what_is_known_is_not_believed_beyond_its_day(
    times: Times, intake: SimulatedIntake, bulletins: Bulletins
) -> None:
    bulletins.current(intake)
    times.now += 2 * DAY
    with pytest.raises(OutsideDates):
        bulletins.current(intake)


def test_a_bulletin_of_someone_else_is_not_kept(intake: SimulatedIntake, bulletins: Bulletins) -> None:
    good = bulletins.current(intake)
    intake.static["/v1/bulletin"] = Bureau().signed_bulletin()
    bulletins.renew(intake)
    assert bulletins.current(intake) is good


def test_renewing_looks_again_after_a_while_and_survives_an_intake_that_is_away(
    times: Times, intake: SimulatedIntake, bulletins: Bulletins
) -> None:
    assert bulletins.renew(intake)
    assert not bulletins.renew(intake)
    assert len(intake.seen) == 1
    times.elapsed += RENEWED_SECONDS
    intake.away = True
    assert not bulletins.renew(intake)
    assert len(intake.seen) == 2
    assert bulletins.current(intake).day == intake.bureau.day
    times.elapsed += KEPT_SECONDS
    with pytest.raises(TransportFailed):
        bulletins.current(intake)
