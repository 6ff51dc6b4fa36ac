"""Today's bulletin is fetched once a minute, believed no longer than it may be, and never lost to a failure."""

import pytest

from dropbox.gateway.bulletins import Bulletins, Publications
from dropbox.gateway.kept import KEPT_SECONDS, RENEWED_SECONDS
from dropbox.protocol.errors import OutsideDates
from dropbox.protocol.publication import NoticeText
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
    bulletins.renew(intake)
    bulletins.renew(intake)
    assert len(intake.seen) == 1
    times.elapsed += RENEWED_SECONDS
    intake.away = True
    bulletins.renew(intake)
    assert len(intake.seen) == 2
    assert bulletins.current(intake).day == intake.bureau.day
    times.elapsed += KEPT_SECONDS
    with pytest.raises(TransportFailed):
        bulletins.current(intake)


def publications_of(times: Times, bulletins: Bulletins) -> Publications:
    return Publications(bulletins, lambda: times.now, lambda: times.elapsed)


def paths(intake: SimulatedIntake) -> list[str]:
    return [request.path for request in intake.seen]


def test_a_publication_is_fetched_once_a_minute_too(
    times: Times, intake: SimulatedIntake, bulletins: Bulletins
) -> None:
    publications = publications_of(times, bulletins)
    first = publications.current(intake)
    assert first is not None
    times.elapsed += KEPT_SECONDS - 1
    assert publications.current(intake) is first
    assert paths(intake) == ["/v1/bulletin", "/v1/publication"]
    times.elapsed += 1
    intake.static["/v1/publication"] = intake.bureau.publication(notices=(NoticeText("nl", "Nieuw"),))
    second = publications.current(intake)
    assert second is not None
    assert second.notices == (NoticeText("nl", "Nieuw"),)


def test_a_publication_is_not_believed_beyond_its_days(
    times: Times, intake: SimulatedIntake, bulletins: Bulletins
) -> None:
    publications = publications_of(times, bulletins)
    assert publications.current(intake) is not None
    times.now += 31 * DAY
    assert publications.current(intake) is None


def test_a_publication_of_someone_else_or_none_is_not_kept(
    times: Times, intake: SimulatedIntake, bulletins: Bulletins
) -> None:
    publications = publications_of(times, bulletins)
    good = publications.current(intake)
    intake.static["/v1/publication"] = Bureau().publication()
    assert publications.renew(intake) is None
    assert publications.current(intake) is good
    times.elapsed += KEPT_SECONDS
    assert publications.current(intake) is None
    intake.static["/v1/publication"] = intake.bureau.publication()
    assert publications.current(intake) == good


def test_renewing_a_publication_gives_it_once_and_survives_an_intake_that_is_away(
    times: Times, intake: SimulatedIntake, bulletins: Bulletins
) -> None:
    publications = publications_of(times, bulletins)
    assert publications.renew(intake) is not None
    assert publications.renew(intake) is None
    times.elapsed += RENEWED_SECONDS
    intake.away = True
    assert publications.renew(intake) is None
    assert publications.current(intake) is not None
