"""A sealed file on its way: once, twice, interrupted, cut, and not one at all."""

from __future__ import annotations

import pytest

from dropbox.protocol import sealed_file
from dropbox.protocol.envelope import EnvelopeWriter, first_head
from dropbox.protocol.errors import ProtocolError, TooLong, UnknownVersion, WrongSize
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.sizes import ENVELOPE_MAX, MESSAGE_ID, MIB
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter.errors import HostRefused, TransportFailed, UploadLost
from dropbox.reporter.handing_in import HandingIn
from dropbox.reporter.transport import Request, Response
from tests.simulators.basics import run
from tests.simulators.bureau import SimulatedBureau, instance_with_host
from tests.simulators.host import SimulatedHost

World = tuple[SimulatedBureau, SimulatedHost]
ID = bytes(range(16))


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
    return sealed_file.before_envelope(ID) + b"".join(parts)


async def hand_in(transport: object, data: bytes, piece: int = 100_000) -> int:
    handing = HandingIn(transport)  # type: ignore[arg-type]  # hosts and what stands before them
    try:
        for at in range(0, len(data), piece):
            await handing.add(data[at : at + piece])
        return await handing.finish()
    except ProtocolError:
        await handing.cancel()
        raise


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
    assert run(hand_in(host, data, piece)) == len(data) - sealed_file.BEFORE
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]


@pytest.mark.parametrize("size", [0, 3 * MIB])
def test_the_same_file_handed_in_twice_is_one_envelope(world: World, size: int) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(size))
    assert run(hand_in(host, data)) == run(hand_in(host, data))
    assert len(host.envelopes) == 1


def test_what_was_interrupted_goes_on_where_the_host_is(world: World) -> None:
    bureau, host = world
    data = sealed(bureau, bytes(3 * MIB))
    first = Watched(host, cut="/2")
    with pytest.raises(TransportFailed):
        run(hand_in(first, data))
    second = Watched(host)
    run(hand_in(second, data))
    assert second.seen == [f"GET {ID.hex()}", "PUT 2", "PUT 3", "POST finish"]
    assert [held.data for held in host.envelopes.values()] == [data[sealed_file.BEFORE :]]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: b"PK" + data[2:], UnknownVersion),
        (lambda data: data[:24] + b"X" + data[25:], UnknownVersion),
        (lambda data: data[:-1], WrongSize),
        (lambda data: data + b"\0", WrongSize),
        (lambda data: data[:40], WrongSize),
        (lambda _: b"", WrongSize),
    ],
    ids=["other-magic", "no-envelope", "cut", "longer", "half-a-head", "empty"],
)
def test_what_is_no_sealed_file_leaves_nothing(world: World, change: object, error: type[ProtocolError]) -> None:
    bureau, host = world
    data = change(sealed(bureau, bytes(2 * MIB)))  # type: ignore[operator]  # a parameter
    with pytest.raises(error):
        run(hand_in(host, data))
    assert not host.envelopes
    assert not host.uploads


def test_more_than_the_largest_envelope_is_refused(world: World) -> None:
    bureau, host = world
    handing = HandingIn(host)
    run(handing.add(sealed(bureau)[:56]))
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

    with pytest.raises(UploadLost):
        run(hand_in(Lying(), sealed(world[0], bytes(2 * MIB))))
