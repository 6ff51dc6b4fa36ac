"""A sealed file on its way: once, twice, interrupted, cut, and not one at all."""

from __future__ import annotations

import json

import pytest

from dropbox.protocol import sealed_file
from dropbox.protocol.envelope import EnvelopeWriter, first_head
from dropbox.protocol.errors import DoesNotOpen, ProtocolError, TooLong, UnknownVersion, WrongSize
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.sizes import ENVELOPE_MAX, MESSAGE_ID, MIB
from dropbox.protocol.thread import ReporterKeys
from dropbox.protocol.upload_name import ContentHash, UploadName
from dropbox.reporter.errors import HostRefused, OutcomeUnknown, TransportFailed, UploadTaken
from dropbox.reporter.handing_in import DayRefused, HandedIn, HandingIn
from dropbox.reporter.transport import Request, Response
from tests.simulators.basics import run
from tests.simulators.bureau import SimulatedBureau, instance_with_host
from tests.simulators.host import SimulatedHost

World = tuple[SimulatedBureau, SimulatedHost]
SALT = bytes(range(16))


@pytest.fixture
def world() -> World:
    return instance_with_host()


def sealed(bureau: SimulatedBureau, file: bytes = b"") -> bytes:
    """A sealed file with a text and a file in it."""
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    keys = ReporterKeys.derive(Receipt(bytes(15)), bulletin.instance)
    writer = EnvelopeWriter(bulletin, keys.auth, lambda size: bytes(range(size)))
    parts = [writer.begin(first_head(keys, bulletin, bytes(MESSAGE_ID)), Message("sealed elsewhere"))]
    parts += [writer.begin_file("a.bin"), writer.file_data(file), writer.end_file(), *writer.finish()]
    return named(b"".join(parts))


def named(envelope: bytes) -> bytes:
    """A sealed file of an envelope."""
    content = ContentHash()
    content.add(envelope)
    return sealed_file.before_envelope(UploadName.of(SALT, content.hash)) + envelope


def name_of(data: bytes) -> str:
    return sealed_file.SealedHead.from_bytes(data[: sealed_file.HEAD]).name.name.hex()


async def hand_in(transport: object, data: bytes, piece: int = 100_000, instead: UploadName | None = None) -> HandedIn:
    handing = HandingIn(transport, instead)  # type: ignore[arg-type]  # hosts and what stands before them
    try:
        for at in range(0, len(data), piece):
            await handing.add(data[at : at + piece])
        return await handing.finish()
    except (ProtocolError, UploadTaken):
        await handing.cancel()
        raise
    finally:
        handing.drop()


class Watched:
    """Counts what passes; `cut` says before which chunk the line is gone for good."""

    def __init__(self, host: SimulatedHost, cut: str = "") -> None:
        self.host, self.cut, self.seen = host, cut, list[str]()

    async def send(self, request: Request) -> Response:
        if self.cut and request.path.endswith(self.cut):
            raise TransportFailed("gone")
        self.seen.append(f"{request.method} {request.path.rpartition('/')[2]}")
        return await self.host.send(request)


@pytest.mark.parametrize("piece", [1, 55, 57, 1 << 20])
def test_a_small_file_reaches_the_host_as_the_envelope_that_is_in_it(world: World, piece: int) -> None:
    bureau, host = world
    data = sealed(bureau)
    assert run(hand_in(host, data, piece)) == HandedIn(len(data) - sealed_file.BEFORE, before=False)
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]


@pytest.mark.parametrize("size", [0, 3 * MIB])
def test_the_same_file_handed_in_twice_is_one_envelope(world: World, size: int) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(size))
    size = len(data) - sealed_file.BEFORE
    assert [run(hand_in(host, data)) for _ in range(2)] == [HandedIn(size, before=False), HandedIn(size, before=True)]
    assert len(host.envelopes) == 1


def test_what_was_interrupted_goes_on_where_the_host_is(world: World) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(3 * MIB))
    first = Watched(host, cut="/2")
    with pytest.raises(TransportFailed):
        run(hand_in(first, data))
    second = Watched(host)
    run(hand_in(second, data))
    assert second.seen == [f"GET {name_of(data)}", "PUT 2", "PUT 3", "POST finish"]
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]


@pytest.mark.parametrize("size", [0, 3 * MIB])
def test_what_was_interrupted_before_its_end_needs_the_end_only(world: World, size: int) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(size))
    with pytest.raises(OutcomeUnknown):
        run(hand_in(Watched(host, cut="/finish"), data))
    second = Watched(host)
    assert not run(hand_in(second, data)).before
    assert second.seen == [f"GET {name_of(data)}", "POST finish"]
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: b"PK" + data[2:], UnknownVersion),
        (lambda data: data[: sealed_file.BEFORE] + b"X" + data[sealed_file.BEFORE + 1 :], UnknownVersion),
        (lambda data: data[:-1], WrongSize),
        (lambda data: data + b"\0", WrongSize),
        (lambda data: data[:40], WrongSize),
        (lambda _: b"", UnknownVersion),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), DoesNotOpen),
        (lambda data: data[:8] + bytes(16) + data[24:], DoesNotOpen),
    ],
    ids=["other-magic", "no-envelope", "cut", "longer", "half-a-head", "empty", "altered", "other-salt"],
)
def test_what_is_no_sealed_file_leaves_nothing(world: World, change: object, error: type[ProtocolError]) -> None:
    bureau, host = world
    data = change(sealed(bureau, bytes(2 * MIB)))  # type: ignore[operator]  # a parameter
    with pytest.raises(error):
        run(hand_in(host, data))
    assert not host.envelopes
    assert not host.uploads


def test_of_a_refused_day_it_is_known_which_it_is() -> None:
    refused = [DayRefused.of(day, 100) for day in (0, 92, 93, 100, 101)]
    assert refused == [DayRefused.OLD] * 2 + [DayRefused.ELSEWHERE] * 2 + [DayRefused.AHEAD]


def test_more_than_the_largest_envelope_is_refused(world: World) -> None:
    bureau, host = world
    handing = HandingIn(host)
    run(handing.add(sealed(bureau)[: sealed_file.HEAD]))
    handing._count = sealed_file.BEFORE + ENVELOPE_MAX
    with pytest.raises(TooLong):
        run(handing.add(b"\0"))


@pytest.mark.parametrize("chunks", [-1, 1025])
def test_a_host_that_has_what_cannot_be_is_refused(world: World, chunks: int) -> None:
    class Lying:
        async def send(self, request: Request) -> Response:
            del request
            return Response(200, b'{"chunks": %d, "finished": false}' % chunks)

    with pytest.raises(HostRefused):
        run(hand_in(Lying(), sealed(world[0])))


def test_a_host_that_claims_more_than_the_file_has_is_told_from_one_that_has_it(world: World) -> None:
    class Lying:
        async def send(self, request: Request) -> Response:
            del request
            return Response(200, b'{"chunks": 9, "finished": false}')

    with pytest.raises(UploadTaken):
        run(hand_in(Lying(), sealed(world[0], bytes(2 * MIB))))


# ------------------------------------------------------------------------------------- somebody has a copy of the file


def forged(data: bytes) -> bytes:
    """Other bytes of the same length behind the head of a sealed file: what somebody makes of a copy."""
    return data[: sealed_file.HEAD] + bytes(len(data) - sealed_file.HEAD)


async def plant(host: SimulatedHost, data: bytes, chunks: int, *, finish: bool) -> Response:
    """Upload forged bytes under the name in a copied file, without a client that keeps to the rules."""
    head, other = sealed_file.SealedHead.from_bytes(data[: sealed_file.HEAD]), forged(data)[sealed_file.BEFORE :]
    path = f"/v1/uploads/{head.name.name.hex()}"
    answer = Response(0)
    for place in range(chunks):
        answer = await host.send(Request("PUT", f"{path}/{place}", other[place * MIB : (place + 1) * MIB]))
        assert answer.status == 200
    if finish:
        said = {"size": len(other), "salt": head.name.salt.hex()}
        answer = await host.send(Request("POST", f"{path}/finish", json.dumps(said).encode()))
    return answer


@pytest.mark.parametrize("size", [0, 3 * MIB])
def test_other_bytes_under_the_name_of_a_copied_file_never_arrive_and_the_real_ones_do(world: World, size: int) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(size))
    envelope = data[sealed_file.BEFORE :]
    refused = run(plant(host, data, -(-len(envelope) // MIB), finish=True))
    assert refused.status == 404
    assert not host.envelopes
    assert not host.uploads
    assert not run(hand_in(host, data)).before
    assert [held.data for held in host.envelopes.values()] == [envelope]


@pytest.mark.parametrize(("size", "planted"), [(0, 1), (3 * MIB, 1), (3 * MIB, 4)])
def test_half_of_other_bytes_under_the_name_is_seen_before_anything_is_added_to_it(
    world: World, size: int, planted: int
) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(size))
    run(plant(host, data, planted, finish=False))
    watched = Watched(host)
    with pytest.raises(UploadTaken):
        run(hand_in(watched, data))
    assert watched.seen == [f"GET {name_of(data)}", f"DELETE {name_of(data)}"]
    run(hand_in(host, data))
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]


def test_a_name_that_nobody_knows_gets_past_whoever_has_a_copy(world: World) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(3 * MIB))
    run(plant(host, data, 2, finish=False))
    content = ContentHash()
    content.add(data[sealed_file.BEFORE :])
    run(hand_in(host, data, instead=UploadName.of(b"s" * 16, content.hash)))
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]
    assert host.uploads.keys() == {name_of(data)}


def test_whoever_has_a_copy_and_goes_between_two_chunks_is_seen(world: World) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(3 * MIB))

    class Meddling:
        async def send(self, request: Request) -> Response:
            if request.method == "PUT" and request.path.endswith("/2"):
                await host.send(Request("PUT", request.path, bytes(MIB)))
            return await host.send(request)

    with pytest.raises(UploadTaken):
        run(hand_in(Meddling(), data))
    assert not host.envelopes


def test_a_copy_with_the_right_bytes_only_does_our_work(world: World) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(3 * MIB))
    run(hand_in(host, data))
    assert run(hand_in(host, data)).before
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]


def test_a_file_altered_on_the_stick_is_not_taken_for_the_one_that_was_handed_in(world: World) -> None:
    bureau, host = world
    data = sealed(bureau)
    run(hand_in(host, data))
    with pytest.raises(DoesNotOpen):
        run(hand_in(host, forged(data)))
