"""A host that is away for a moment, or that loses its last answer: nothing is called unsent that may have come in."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dropbox.protocol.bulletin import Recipient
from dropbox.protocol.payload import Message
from dropbox.reporter.errors import HostAway, HostFull, TransportFailed
from dropbox.reporter.exchange import Outgoing, Sending, known_to_all
from dropbox.reporter.transport import Request, Response
from tests.simulators.basics import Clock, Seeded, run
from tests.simulators.bureau import SimulatedBureau, instance_with_host
from tests.simulators.host import SimulatedHost
from tests.simulators.reporter import SimulatedReporter

NOT_READY = Response(503, b'{"error": "not_ready"}')
World = tuple[SimulatedBureau, SimulatedHost, SimulatedReporter]


@pytest.fixture
def world() -> World:
    bureau, host = instance_with_host()
    return bureau, host, SimulatedReporter(bureau.root.public, Clock())


class Between:
    """Stands before a host; ``meddle`` may answer in its place, or raise."""

    def __init__(self, host: SimulatedHost, meddle: Callable[[Request], Response | None]) -> None:
        self.host, self.meddle = host, meddle
        self.seen: list[str] = []

    async def send(self, request: Request) -> Response:
        self.seen.append(request.method)
        return self.meddle(request) or await self.host.send(request)


class LosesTheEnd:
    """Finishes the upload, loses the answer, and gives ``later`` to whatever is asked about it afterwards."""

    def __init__(self, host: SimulatedHost, later: Response) -> None:
        self.host, self.later = host, later
        self.over = False

    async def send(self, request: Request) -> Response:
        if self.over and request.path.startswith("/v1/uploads/"):
            return self.later
        answer = await self.host.send(request)
        if request.method == "POST":
            self.over = True
            raise TransportFailed("the answer was lost")
        return answer


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_store_that_is_away_for_a_moment_ends_no_upload(world: World, method: str) -> None:
    _, host, reporter = world
    away = [NOT_READY]
    between = Between(host, lambda request: away.pop() if away and request.method == method else None)
    run(reporter.send(between, "x"))
    assert not away
    assert len(host.envelopes) == 1


def test_a_store_that_stays_away_is_no_bureau_without_keys(world: World) -> None:
    _, host, reporter = world
    between = Between(host, lambda request: NOT_READY if request.path.startswith("/v1/uploads/") else None)
    with pytest.raises(TransportFailed):
        run(reporter.send(between, "x"))


@pytest.mark.parametrize(
    "later", [NOT_READY, Response(404, b'{"error": "unknown_upload"}'), Response(422), Response(200, b"{}")]
)
def test_after_a_lost_last_answer_nothing_is_called_unsent(world: World, later: Response) -> None:
    _, host, reporter = world
    with pytest.raises(TransportFailed):
        run(reporter.send(LosesTheEnd(host, later), "x"))
    assert len(host.envelopes) == 1


def test_a_refused_end_is_a_refusal(world: World) -> None:
    _, host, reporter = world
    full = Response(507, b'{"error": "full"}')
    between = Between(host, lambda request: full if request.method == "POST" else None)
    with pytest.raises(HostFull):
        run(reporter.send(between, "x"))


def test_taking_back_what_is_finished_says_so(world: World) -> None:
    bureau, host, reporter = world
    sending = Sending(
        host, bureau.desks[0].bulletins[bureau.clock.day, 0], Outgoing(reporter.receipt, bytes(16)), Seeded("x")
    )
    run(sending.begin(Message("x")))
    run(sending.finish())
    with pytest.raises(TransportFailed):
        run(sending.cancel())


def test_a_transport_that_has_waited_long_enough_is_not_asked_again(world: World) -> None:
    _, host, reporter = world

    def away(request: Request) -> None:
        if request.path.startswith("/v1/uploads/"):
            raise HostAway("waited")

    between = Between(host, away)
    with pytest.raises(TransportFailed):
        run(reporter.send(between, "x"))
    assert between.seen == ["GET", "PUT"]


@pytest.mark.parametrize("answer", [Response(500, b"oops"), Response(507, b'{"error": "full"}'), None])
def test_a_publication_that_fails_hides_no_answers(world: World, answer: Response | None) -> None:
    _, host, reporter = world

    def failing(request: Request) -> Response | None:
        if request.path == "/v1/publication" and answer is None:
            raise TransportFailed("cut")
        return answer if request.path == "/v1/publication" else None

    assert run(reporter.read(Between(host, failing))).empty


def test_a_recipient_added_since_the_reading_gets_the_keys(world: World) -> None:
    bureau, _, _ = world
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    known_to = frozenset(recipient.identity for recipient in bulletin.recipients)
    added = Recipient(bytes(16), bulletin.recipients[0].prekey)
    assert known_to_all(bulletin, known_to)
    assert known_to_all(bulletin, known_to | {added.identity})
    assert not known_to_all(replace(bulletin, recipients=(*bulletin.recipients, added)), known_to)
