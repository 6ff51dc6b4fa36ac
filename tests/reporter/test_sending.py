"""A host that is away for a moment, or that loses its last answer: nothing is called unsent that may have come in."""

import gc
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from dropbox.protocol.bulletin import Recipient
from dropbox.protocol.payload import Message
from dropbox.protocol.sizes import MESSAGE_ID, MIB
from dropbox.reporter.errors import HostAway, HostFull, OutcomeUnknown, TransportFailed
from dropbox.reporter.exchange import Outgoing, Sending, known_to_all
from dropbox.reporter.transport import Request, Response, Transport
from dropbox.reporter.uploading import RESUME_TRIES, Uploading
from tests.simulators.basics import Clock, Seeded, run
from tests.simulators.bureau import SimulatedBureau, instance_with_host
from tests.simulators.host import SimulatedHost
from tests.simulators.reporter import SimulatedReporter

Files = tuple[tuple[str, bytes], ...]
NOT_READY = Response(503, b'{"error": "not_ready"}')
UNKNOWN = Response(404, b'{"error": "unknown_upload"}')
SMALL: Files = ()  # goes whole, in one request
LARGE: Files = (("a.bin", bytes(1_500_000)),)  # goes in chunks
World = tuple[SimulatedBureau, SimulatedHost, SimulatedReporter]


@pytest.fixture
def world() -> World:
    bureau, host = instance_with_host()
    return bureau, host, SimulatedReporter(bureau.root.public, Clock())


def sending_to(transport: Transport, bureau: SimulatedBureau, reporter: SimulatedReporter) -> Sending:
    """A message whose text is there and whose file has begun."""
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    outgoing = Outgoing(reporter.receipt, bytes(MESSAGE_ID))
    sending = Sending(transport, bulletin, outgoing, reporter.random)
    run(sending.begin(Message("text")))
    run(sending.begin_file("a.bin"))
    return sending


def the_end(request: Request) -> bool:
    return request.path.endswith(("/finish", "/whole"))


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
        if the_end(request):
            self.over = True
            raise TransportFailed("the answer was lost")
        return answer


@pytest.mark.parametrize(("files", "last"), [(SMALL, "whole"), (LARGE, "0"), (LARGE, "1"), (LARGE, "finish")])
def test_a_store_that_is_away_for_a_moment_ends_no_upload(world: World, files: Files, last: str) -> None:
    _, host, reporter = world
    away = [NOT_READY]
    between = Between(host, lambda request: away.pop() if away and request.path.endswith(f"/{last}") else None)
    run(reporter.send(between, "x", files=files))
    assert not away
    assert len(host.envelopes) == 1


@pytest.mark.parametrize("files", [SMALL, LARGE])
def test_a_store_that_stays_away_is_no_bureau_without_keys(world: World, files: Files) -> None:
    _, host, reporter = world
    between = Between(host, lambda request: NOT_READY if request.path.startswith("/v1/uploads/") else None)
    with pytest.raises(TransportFailed):
        run(reporter.send(between, "x", files=files))


@pytest.mark.parametrize(
    ("files", "later"),
    [
        *((SMALL, later) for later in (NOT_READY, UNKNOWN, Response(422), Response(507, b'{"error": "full"}'))),
        *((LARGE, later) for later in (NOT_READY, UNKNOWN, Response(422), Response(200, b"{}"))),
    ],
)
def test_after_a_lost_last_answer_nothing_is_called_unsent(world: World, files: Files, later: Response) -> None:
    _, host, reporter = world
    with pytest.raises(OutcomeUnknown):
        run(reporter.send(LosesTheEnd(host, later), "x", files=files))
    assert len(host.envelopes) == 1


def test_a_line_that_breaks_before_the_end_leaves_no_doubt(world: World) -> None:
    bureau, host, reporter = world

    def cut(request: Request) -> None:
        if "/v1/uploads/" in request.path:
            raise TransportFailed("cut")

    sending = sending_to(Between(host, cut), bureau, reporter)
    with pytest.raises(TransportFailed) as met:
        run(sending.file_data(bytes(3 * MIB)))
    assert not isinstance(met.value, OutcomeUnknown)
    assert not host.envelopes


def test_what_is_given_up_waits_for_nothing(world: World) -> None:
    """A coroutine that nobody awaits would be a warning on a reporter's screen."""
    _, host, _ = world
    uploading = Uploading(host, bytes(16))
    run(uploading.add(bytes(2 * MIB)))
    assert uploading._answer is not None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        uploading.drop()
        del uploading
        gc.collect()
    assert not said


@pytest.mark.parametrize("files", [SMALL, LARGE])
def test_after_a_lost_last_answer_a_host_that_is_there_is_asked_and_has_it_once(world: World, files: Files) -> None:
    _, host, reporter = world
    lost: list[str] = []

    class LosesOneAnswer:
        async def send(self, request: Request) -> Response:
            answer = await host.send(request)
            if the_end(request) and not lost:
                lost.append(request.path)
                raise TransportFailed("the answer was lost")
            return answer

    run(reporter.send(LosesOneAnswer(), "x", files=files))
    assert len(lost) == len(host.envelopes) == 1


@pytest.mark.parametrize("files", [SMALL, LARGE])
def test_a_refused_end_is_a_refusal(world: World, files: Files) -> None:
    _, host, reporter = world
    full = Response(507, b'{"error": "full"}')
    between = Between(host, lambda request: full if the_end(request) else None)
    with pytest.raises(HostFull):
        run(reporter.send(between, "x", files=files))


@pytest.mark.parametrize(("size", "asked"), [(0, ["whole"]), (900_000, ["whole"]), (1_500_000, ["0", "1", "finish"])])
def test_what_fits_in_a_mebibyte_is_sent_in_one_request(world: World, size: int, asked: list[str]) -> None:
    _, host, reporter = world
    run(reporter.send(host, "x", files=[("a.bin", bytes(size))]))
    assert [entry.path.rpartition("/")[2] for entry in host.log if "uploads" in entry.path] == asked


def test_taking_back_what_is_finished_says_so(world: World) -> None:
    bureau, host, reporter = world
    sending = Sending(
        host, bureau.desks[0].bulletins[bureau.clock.day, 0], Outgoing(reporter.receipt, bytes(16)), Seeded("x")
    )
    run(sending.begin(Message("x")))
    run(sending.finish())
    with pytest.raises(OutcomeUnknown):
        run(sending.cancel())


@pytest.mark.parametrize("reached", [False, True])
def test_an_end_that_never_left_leaves_no_doubt(world: World, *, reached: bool) -> None:
    _, host, reporter = world

    def away(request: Request) -> None:
        if the_end(request):
            raise HostAway("waited", reached=reached)

    with pytest.raises(TransportFailed) as met:
        run(reporter.send(Between(host, away), "x"))
    assert isinstance(met.value, OutcomeUnknown) is reached
    assert not host.envelopes


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


def test_the_next_chunk_is_sealed_while_the_host_commits_the_last_one(world: World) -> None:
    bureau, host, reporter = world
    happened: list[str] = []

    class Begins:
        def send(self, request: Request) -> Awaitable[Response]:
            happened.append(f"begun {request.path[-1]}")
            return self._answer(request)

        async def _answer(self, request: Request) -> Response:
            happened.append(f"answered {request.path[-1]}")
            return await host.send(request)

    sending = sending_to(Begins(), bureau, reporter)
    for number in range(3):
        happened.append(f"read {number}")
        run(sending.file_data(bytes(MIB)))
    assert happened == ["read 0", "begun 0", "read 1", "answered 0", "begun 1", "read 2", "answered 1", "begun 2"]
    run(sending.cancel())
    assert happened[8] == "answered 2"
    assert [step.split()[0] for step in happened[9:]] == ["begun", "answered"]
    assert not host.uploads


def test_a_host_that_says_how_far_it_got_and_takes_nothing_is_given_up(world: World) -> None:
    bureau, host, reporter = world
    between = Between(host, lambda request: NOT_READY if request.method == "PUT" else None)
    sending = sending_to(between, bureau, reporter)
    with pytest.raises(TransportFailed):
        run(sending.file_data(bytes(3 * MIB)))
    assert between.seen.count("PUT") <= RESUME_TRIES + 1


def test_every_chunk_may_break_the_line_as_often_as_the_first(world: World) -> None:
    bureau, host, reporter = world
    put: list[str] = []

    def every_second(request: Request) -> Response | None:
        if request.method == "PUT":
            put.append(request.path)
        return NOT_READY if request.method == "PUT" and len(put) % 2 else None

    sending = sending_to(Between(host, every_second), bureau, reporter)
    for _ in range(3 * RESUME_TRIES):
        run(sending.file_data(bytes(MIB)))
    run(sending.end_file())
    run(sending.finish())
    assert len(host.envelopes) == 1
