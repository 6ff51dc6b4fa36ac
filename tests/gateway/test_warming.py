"""What is rehearsed before anybody visits goes the way of a report, and reaches nobody."""

from pathlib import Path

import pytest

from dropbox.gateway import warming
from dropbox.gateway.app import Application, make_site
from dropbox.gateway.settings import Settings, Tcp
from dropbox.gateway.site import Site
from dropbox.gateway.transport import IntakeTransport
from dropbox.reporter.transport import Request, Response
from tests.gateway.bureau import NOW, Bureau, SimulatedIntake


def site_of(intake: SimulatedIntake) -> Site:
    settings = Settings(Path("/nowhere"), Tcp("127.0.0.1", 0), intake.bureau.root.public)
    return make_site(settings, lambda: NOW, bytes)


def test_a_rehearsal_seals_and_sends_whole_reports_and_intake_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    intake = SimulatedIntake(Bureau())
    site = site_of(intake)
    site.bulletins.renew(intake)
    sent, failed = [], list[str]()

    class Watched(warming.Willing):
        async def send(self, request: Request) -> Response:
            sent.append(request)
            return await super().send(request)

    monkeypatch.setattr(warming, "Willing", Watched)
    assert warming.rehearse(site, Application(site, failed.append))
    assert not failed
    assert [intake.bureau.open(request.body).message.text for request in sent] == ["rehearsal"] * len(sent)
    assert len(sent) == warming.VISITS
    assert [request.path for request in intake.seen] == ["/v1/bulletin"]


def test_a_rehearsal_that_cannot_be_sent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    intake = SimulatedIntake(Bureau())
    site = site_of(intake)
    site.bulletins.renew(intake)
    monkeypatch.setattr(warming, "Willing", lambda: IntakeTransport(Path("/nowhere"), 0.1))
    failed: list[str] = []
    assert not warming.rehearse(site, Application(site, failed.append))
