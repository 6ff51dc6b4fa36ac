"""What a host, a line or a wrong clock may try against the real client and a desk that keeps only what it may."""

import struct
from dataclasses import replace

import pytest

from dropbox.protocol import board_head, sizes
from dropbox.protocol.bulletin import sign_bulletin
from dropbox.protocol.envelope import EnvelopeWriter, first_head
from dropbox.protocol.errors import (
    BadSignature,
    Malformed,
    OutsideDates,
    ProtocolError,
    UnknownVersion,
    WrongInstance,
    WrongSize,
)
from dropbox.protocol.keys import Role
from dropbox.protocol.payload import Message
from dropbox.protocol.reply import Reply
from dropbox.protocol.secret_keys import RootSecretKey, XWingSecretKey
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter import exchange
from dropbox.reporter.errors import HostFull, HostNotReady, HostRefused, TransportFailed, VisitError
from dropbox.reporter.transport import Request, Response
from tests.simulators.basics import Clock, Seeded, run
from tests.simulators.bureau import SimulatedBureau, instance_with_host
from tests.simulators.host import Held, SimulatedHost
from tests.simulators.reporter import SimulatedReporter

World = tuple[SimulatedBureau, SimulatedHost, SimulatedReporter]


@pytest.fixture
def world() -> World:
    bureau, host = instance_with_host()
    return bureau, host, SimulatedReporter(bureau.root.public, Clock())


def reported(world: World, text: str = "A report.") -> None:
    """The reporter sends, the desk takes in and answers, and a board with the answer is out."""
    bureau, host, reporter = world
    run(reporter.send(host, text))
    bureau.desks[0].take_in(host)
    bureau.desks[0].reply(reporter.thread_id, Reply("Received."))
    bureau.desks[0].issue(host)


# ------------------------------------------------------------------------------------------ bulletins
def test_rolled_back_bulletin_is_refused(world: World) -> None:
    bureau, host, reporter = world
    old = host.bulletins[bureau.clock.day, 0]
    for clock in (bureau.clock, reporter.clock):
        clock.next_day(2)
    host.bulletins[bureau.clock.day, 0] = old
    with pytest.raises(OutsideDates):
        run(reporter.send(host, "sealed to a key that may be known"))
    assert not host.uploads
    assert not host.envelopes


def test_bulletin_made_ahead_is_refused_before_its_day(world: World) -> None:
    bureau, host, reporter = world
    host.bulletins[bureau.clock.day, 0] = bureau.signed(bureau.bulletin(bureau.clock.day + 2))
    with pytest.raises(OutsideDates):
        run(reporter.send(host, "x"))


@pytest.mark.parametrize("days", [-365, -2, 2, 365])
def test_clock_a_year_or_days_off_is_refused_and_nothing_is_sent(world: World, days: int) -> None:
    _, host, reporter = world
    reporter.clock.now += days * sizes.DAY
    with pytest.raises(OutsideDates):
        run(reporter.send(host, "x"))
    with pytest.raises(OutsideDates):
        run(reporter.read(host))
    assert not host.uploads


@pytest.mark.parametrize("hours", [-20, 26])
def test_clock_up_to_twelve_hours_off_is_tolerated(world: World, hours: int) -> None:
    _, host, reporter = world
    reporter.clock.now += hours * 3600  # the day began nine hours ago: twelve hours before it, and after its end
    run(reporter.send(host, "x"))
    assert len(host.envelopes) == 1


def test_bulletin_with_a_substituted_prekey_is_refused(world: World) -> None:
    bureau, host, reporter = world
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    stolen = XWingSecretKey.generate(Seeded("attacker")).public
    recipients = (replace(bulletin.recipients[0], prekey=stolen),)
    forged = sign_bulletin(replace(bulletin, recipients=recipients), bureau.signing[Role.BOARD].sign)
    host.bulletins[bureau.clock.day, 0] = forged
    with pytest.raises(BadSignature):
        run(reporter.send(host, "x"))


def test_bulletin_of_another_root_is_refused(world: World) -> None:
    _, host, reporter = world
    _, other = instance_with_host(seed="another instance")
    with pytest.raises(WrongInstance):
        run(reporter.send(other, "x"))
    impostor = RootSecretKey.generate(Seeded("impostor"))
    with pytest.raises(WrongInstance):
        run(exchange.fetch_bulletin(host, impostor.public, reporter.clock.now))


def test_certificates_of_another_root_under_the_pinned_instances_name_are_refused(world: World) -> None:
    bureau, host, reporter = world
    impostor = SimulatedBureau(bureau.clock, seed="impostor")
    forged = replace(impostor.bulletin(), instance=bureau.root.public.instance)
    host.bulletins[bureau.clock.day, 0] = impostor.signed(forged)
    with pytest.raises(BadSignature):
        run(reporter.send(host, "x"))


def test_bulletin_under_an_expired_certificate_is_refused() -> None:
    bureau, _ = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, bureau.clock)
    bureau.clock.next_day(731)
    bulletin = bureau.bulletin()
    with pytest.raises(OutsideDates):
        run(exchange.fetch_bulletin(Serving(bureau.signed(bulletin)), reporter.root, reporter.clock.now))


class Serving:
    """A host that answers everything with the same bytes."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body, self.status = body, status

    async def send(self, request: Request) -> Response:
        assert request.path.startswith("/v1/")
        return Response(self.status, self.body)


# ------------------------------------------------------------------------------------------ boards
def test_rolled_back_board_shows_as_late(world: World) -> None:
    bureau, host, reporter = world
    old = host.boards[bureau.desks[0].identity]
    reported(world)
    bureau.clock.now += 6 * 3600
    reporter.clock.now = bureau.clock.now
    bureau.desks[0].issue(host)
    assert not run(reporter.read(host)).mailboxes[0].late
    host.boards[bureau.desks[0].identity] = old
    reporter.clock.now += 3 * 3600  # the board after the old one has been missing for more than a period
    mailbox = run(reporter.read(host)).mailboxes[0]
    assert mailbox.late
    assert not mailbox.notes


def test_frozen_board_is_refused_once_it_is_no_longer_valid(world: World) -> None:
    bureau, host, reporter = world
    reported(world)
    for days in range(5):
        frozen = host.boards[bureau.desks[0].identity]
        bureau.open_day(host)
        host.boards[bureau.desks[0].identity] = frozen
        if days < 4:
            bureau.clock.next_day()
    reporter.clock.now = bureau.clock.now
    with pytest.raises(OutsideDates):
        run(reporter.read(host))


def test_board_of_another_instance_is_refused(world: World) -> None:
    bureau, host, reporter = world
    _, other = instance_with_host(seed="another instance")
    host.boards[bureau.desks[0].identity] = next(iter(other.boards.values()))
    with pytest.raises(WrongInstance):
        run(reporter.read(host))


def test_boards_of_two_recipients_swapped_are_refused() -> None:
    bureau, host = instance_with_host(desks=2)
    reporter = SimulatedReporter(bureau.root.public, bureau.clock)
    first, second = (desk.identity for desk in bureau.desks)
    host.boards[first], host.boards[second] = host.boards[second], host.boards[first]
    with pytest.raises(Malformed):
        run(reporter.read(host))


def test_withheld_board_of_one_recipient_shows() -> None:
    bureau, host = instance_with_host(desks=2)
    reporter = SimulatedReporter(bureau.root.public, bureau.clock)
    del host.boards[bureau.desks[1].identity]
    with pytest.raises(HostNotReady):
        run(reporter.read(host))


def test_board_with_any_byte_changed_is_refused(world: World) -> None:
    bureau, host, reporter = world
    reported(world)
    good = host.boards[bureau.desks[0].identity]
    places = [
        0,
        8,
        24,
        40,
        56,
        60,
        68,
        76,
        108,
        110,
        board_head.HEAD + 1,
        len(good) // 2,
        len(good) - 66,
        len(good) - 1,
    ]
    for place in places:
        altered = bytearray(good)
        altered[place] ^= 1
        host.boards[bureau.desks[0].identity] = bytes(altered)
        with pytest.raises(ProtocolError):
            run(reporter.read(host))


def test_board_that_is_cut_or_longer_is_refused(world: World) -> None:
    bureau, host, reporter = world
    good = host.boards[bureau.desks[0].identity]
    for data in (b"", good[:50], good[:-1], good[: -sizes.RECORD], good + b"\0", good + good[-sizes.RECORD :]):
        host.boards[bureau.desks[0].identity] = data
        with pytest.raises((WrongSize, UnknownVersion)):
            run(reporter.read(host))


def test_board_with_a_record_left_out_and_the_count_lowered_is_refused(world: World) -> None:
    bureau, host, reporter = world
    bureau.desks[0].vault.most_records = 128
    good = bureau.desks[0].issue(host)
    cut = bytearray(good[: board_head.HEAD] + good[board_head.HEAD + 64 * sizes.RECORD :])
    struct.pack_into(">H", cut, board_head.HEAD - 2, 64)
    host.boards[bureau.desks[0].identity] = bytes(cut)
    with pytest.raises(BadSignature):
        run(reporter.read(host))


def test_board_signed_by_the_bulletin_key_is_refused(world: World) -> None:
    bureau, host, reporter = world
    unsigned = host.boards[bureau.desks[0].identity][: -board_head.TRAILER]
    signature = bureau.signing[Role.BULLETIN].sign(unsigned)
    host.boards[bureau.desks[0].identity] = board_head.append_signature(unsigned, signature)
    with pytest.raises(BadSignature):
        run(reporter.read(host))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x05",
        b"\x01",
        b"\x01\0\0\0",
        b"\x01\0\0\0\x05abc",
        b"\x01\0\0\0\x02abc",
        b"\x00\0",
        b"\x01\xff\xff\xff\xff",
    ],
)
def test_boards_whose_lengths_do_not_fit_are_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        exchange.split_boards(body)


def test_forged_publication_is_left_out_and_the_visit_goes_on(world: World) -> None:
    bureau, host, reporter = world
    bulletin = run(exchange.fetch_bulletin(host, reporter.root, reporter.clock.now))
    assert run(exchange.fetch_publication(host, bulletin, reporter.clock.now)) is not None
    assert host.publication is not None
    for body in (host.publication[:-1], b"{}", b"", host.publication.replace(b'"pad":"0', b'"pad":"1', 1)):
        host.publication = body
        assert run(exchange.fetch_publication(host, bulletin, reporter.clock.now)) is None
    host.publication = bureau.publication()
    assert run(exchange.fetch_publication(host, bulletin, reporter.clock.now + 40 * sizes.DAY)) is None


# ------------------------------------------------------------------------------------------ receipts
def test_unknown_receipt_and_receipt_of_another_instance_and_no_reply_look_the_same(world: World) -> None:
    bureau, host, reporter = world
    reported(world)
    assert not run(reporter.read(host)).empty
    unknown = SimulatedReporter(bureau.root.public, reporter.clock, "somebody else")
    elsewhere, other_host = instance_with_host(seed="another instance")
    stranger = SimulatedReporter(elsewhere.root.public, reporter.clock, "a third")
    run(stranger.send(other_host, "a report to the other instance"))
    stranger.root = bureau.root.public
    unanswered = SimulatedReporter(bureau.root.public, reporter.clock, "a fourth")
    run(unanswered.send(host, "not fetched yet"))
    found = [run(visitor.read(host)) for visitor in (unknown, stranger, unanswered)]
    assert found[0] == found[1] == found[2]
    assert found[0].empty
    assert not found[0].known_everywhere


def test_the_same_words_in_another_instance_open_nothing(world: World) -> None:
    reported(world)
    bureau, host, reporter = world
    elsewhere, other_host = instance_with_host(seed="another instance")
    moved = SimulatedReporter(elsewhere.root.public, reporter.clock)
    moved.receipt = reporter.receipt
    other_host.boards = dict(host.boards)
    with pytest.raises((HostNotReady, ProtocolError)):
        run(moved.read(other_host))
    assert moved.thread_id != reporter.thread_id
    assert bureau.desks[0].vault.shown[0].thread == reporter.thread_id


# ------------------------------------------------------------------------------------------ envelopes
def test_poisoned_envelope_between_two_good_ones_stops_nothing(world: World) -> None:
    bureau, host, reporter = world
    run(reporter.send(host, "one"))
    run(reporter.send(host, "two"))
    run(reporter.send(host, "three"))
    keys = host.listing()
    texts = {"one", "two", "three"}
    middle = host.envelopes[keys[1]].data
    host.envelopes[keys[1]].data = middle[: sizes.PREFIX] + bytes(len(middle) - sizes.PREFIX)
    bureau.desks[0].take_in(host)
    shown = {entry.text for entry in bureau.desks[0].vault.shown}
    assert shown < texts
    assert len(shown) == 2
    assert bureau.desks[0].vault.failed == {keys[1]: "DoesNotOpen"}
    assert host.listing() == [keys[1]]


@pytest.mark.parametrize("place", [20, 100, sizes.HEADER - 1, sizes.HEADER + 10, sizes.HEADER + 60, -1])
def test_corrupted_copy_before_the_good_one_does_not_block_it(world: World, place: int) -> None:
    bureau, host, reporter = world
    run(reporter.send(host, "the good one"))
    ((key, held),) = host.envelopes.items()
    altered = bytearray(held.data)
    altered[place] ^= 1
    host.envelopes[bytes(16)] = Held(bytes(altered), held.day, held.revision)
    assert host.listing() == [bytes(16), key]
    bureau.desks[0].take_in(host)
    assert [entry.text for entry in bureau.desks[0].vault.shown] == ["the good one"]


def test_replayed_envelope_is_shown_once(world: World) -> None:
    bureau, host, reporter = world
    run(reporter.send(host, "once"))
    held = next(iter(host.envelopes.values()))
    for _ in range(3):
        bureau.desks[0].take_in(host)
        host.envelopes[host.random(16)] = Held(held.data, held.day, held.revision)
    bureau.desks[0].take_in(host)
    assert [entry.text for entry in bureau.desks[0].vault.shown] == ["once"]
    assert bureau.desks[0].vault.acknowledged[reporter.thread_id] == (1, 0)


def test_the_same_form_sent_twice_is_one_report(world: World) -> None:
    bureau, host, reporter = world
    for _ in range(2):
        run(reporter.send(host, "sent twice", message_id=b"the form's id..."))
    assert len(host.envelopes) == 2
    bureau.desks[0].take_in(host)
    assert [entry.text for entry in bureau.desks[0].vault.shown] == ["sent twice"]


def test_reordered_envelopes_are_all_shown(world: World) -> None:
    bureau, host, reporter = world
    for number in range(4):
        run(reporter.send(host, str(number), known=number > 0))
    later = list(host.envelopes.values())[::-1]
    host.envelopes = {bytes([place]) * 16: held for place, held in enumerate(later)}
    bureau.desks[0].take_in(host)
    shown = bureau.desks[0].vault.shown
    assert sorted(entry.text for entry in shown) == ["0", "1", "2", "3"]
    # What came before its thread was known is a report by itself, never part of a thread.
    assert {entry.text for entry in shown if entry.thread is None} == {"1", "2", "3"}


def test_message_with_other_keys_for_a_known_thread_is_a_new_report(world: World) -> None:
    bureau, _, reporter = world
    reported(world)
    before = dict(bureau.desks[0].keyring.threads)
    forged = _with_thread_id(world, reporter.thread_id)
    bureau.desks[0].open_one(forged)
    assert bureau.desks[0].vault.shown[-1].thread is None
    assert bureau.desks[0].keyring.threads == before


def test_first_message_sent_again_resets_no_chain(world: World) -> None:
    bureau, host, reporter = world
    reported(world)
    before = bureau.desks[0].keyring.threads[reporter.thread_id]
    assert before.number == 1
    run(reporter.send(host, "with its keys once more"))
    bureau.desks[0].take_in(host)
    assert bureau.desks[0].keyring.threads[reporter.thread_id] == before
    assert bureau.desks[0].vault.shown[-1].thread == reporter.thread_id


def _with_thread_id(world: World, thread_id: bytes) -> bytes:
    """An envelope of somebody who knows the name of a thread, but not its keys."""
    bureau, _, _ = world
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    other = SimulatedReporter(bureau.root.public, bureau.clock, "forger")
    keys = replace(ReporterKeys.derive(other.receipt, bulletin.instance), thread_id=thread_id)
    writer = EnvelopeWriter(bulletin, keys.auth, other.random)
    return writer.begin(first_head(keys, bulletin, bytes(16)), Message("forged")) + b"".join(writer.finish())


def test_envelope_whose_prekey_was_destroyed_is_refused_and_the_others_open(world: World) -> None:
    bureau, host, reporter = world
    run(reporter.send(host, "withheld by the host"))
    ((_, withheld),) = host.envelopes.items()
    host.envelopes.clear()
    for _ in range(40):
        bureau.clock.next_day()
        bureau.open_day(host)
        bureau.desks[0].take_in(host)
        bureau.desks[0].destroy_prekeys()
    reporter.clock.now = bureau.clock.now
    run(reporter.send(host, "fresh"))
    host.envelopes[bytes(16)] = withheld
    bureau.desks[0].take_in(host)
    assert [entry.text for entry in bureau.desks[0].vault.shown] == ["fresh"]
    assert bureau.desks[0].vault.failed == {bytes(16): "OutsideDates"}


# ------------------------------------------------------------------------------------------ a host that misbehaves
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (507, b'{"error": "full"}', HostFull),
        (503, b'{"error": "too_many_uploads"}', HostFull),
        (503, b'{"error": "not_ready"}', HostNotReady),
        (422, b'{"error": "bad_day"}', HostRefused),
        (500, b"", HostRefused),
        (500, b"[" * 100_000, HostRefused),
        (500, b'{"error": {"a": 1}}', HostRefused),
        (500, b'["error"]', HostRefused),
        (500, b"\xff\xfe", HostRefused),
        (302, b'{"error": null}', HostRefused),
    ],
)
def test_any_answer_of_a_host_ends_as_one_of_our_errors(
    world: World, status: int, body: bytes, error: type[VisitError]
) -> None:
    _, _, reporter = world
    with pytest.raises(error):
        run(reporter.read(Serving(body, status)))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"<html>", b"{" * 5000, b'{"a":NaN}', b"\0" * 70_000])
def test_whatever_a_host_serves_as_bulletin_is_refused_as_malformed_or_too_long(world: World, body: bytes) -> None:
    with pytest.raises(ProtocolError):
        run(world[2].read(Serving(body)))


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"[]", b'{"chunks": 1e999, "finished": false}', b'{"chunks": Infinity, "finished": false}',
        b'{"chunks": "1", "finished": false}', b'{"chunks": true, "finished": false}', b'{"chunks": 0, "finished": 1}',
        b'{"finished": false}', b'{"chunks": -1, "finished": false}', b'{"chunks": 99, "finished": false}',
        b"[" * 100_000, b'{"chunks": 0, "finished": true}',
    ],
)  # fmt: skip
def test_a_lying_answer_to_how_far_an_upload_is_ends_as_one_of_our_errors(world: World, answer: bytes) -> None:
    _, host, reporter = world

    class Liar:
        async def send(self, request: Request) -> Response:
            if request.method == "PUT":
                raise TransportFailed("cut")
            if request.path.startswith("/v1/uploads/"):
                return Response(200, answer)
            return await host.send(request)

    with pytest.raises(VisitError):
        run(reporter.send(Liar(), "x", files=[("a.bin", bytes(1_500_000))]))
    assert not host.envelopes
