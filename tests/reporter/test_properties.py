"""The properties of the protocol (docs/protocol.md, section 1), each under its number, where no browser is needed.

Property 3 (the ministry receives cards only) is in tests/protocol/test_card.py; property 5 has a file of its own.
"""

import itertools

import pytest

from dropbox.protocol import board_head, primitives, sizes
from dropbox.protocol.board import BoardIndex
from dropbox.protocol.envelope import EnvelopeWriter, later_head
from dropbox.protocol.errors import DoesNotOpen
from dropbox.protocol.labels import RECORD_TAG
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import Message
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter.errors import HostFull, TransportFailed
from dropbox.reporter.exchange import Outgoing, Sending
from tests.simulators.basics import Clock, run
from tests.simulators.bureau import SimulatedBureau, instance_with_host
from tests.simulators.desk import opens_with
from tests.simulators.host import Line, Seen, SimulatedHost
from tests.simulators.reporter import SimulatedReporter

SECRET = "The planted sentence that nobody between may read. " * 3
PUBLIC_PREFIX = 18  # magic, suite, revision, day, number of slots: the same for everyone who writes that day


def sent_envelope(
    bureau: SimulatedBureau, host: SimulatedHost, reporter: SimulatedReporter, text: str, **more: bool
) -> bytes:
    before = set(host.envelopes)
    run(reporter.send(host, text, **more))  # type: ignore[arg-type]  # only known=...
    (key,) = set(host.envelopes) - before
    assert bureau.desks
    return host.envelopes[key].data


def runs(data: bytes, length: int = 8) -> set[bytes]:
    return {data[at : at + length] for at in range(len(data) - length + 1)}


# ------------------------------------------------------------------------------------------ 1
def test_property_1_the_host_reads_nothing() -> None:
    bureau, host = instance_with_host(desks=2)
    reporter = SimulatedReporter(bureau.root.public, bureau.clock)
    run(reporter.send(host, SECRET, files=[("planted-name.txt", b"planted content of a file " * 9)]))
    keys = ReporterKeys.derive(reporter.receipt, reporter.root.instance)
    secrets = [
        SECRET.encode(),
        b"planted-name",
        b"planted content",
        reporter.receipt.entropy,
        keys.thread_id,
        keys.auth,
    ]
    for desk in bureau.desks:
        reply = keys.reply_keys(desk.identity)
        secrets += [reply.public, reply.chain, reply.tag_key, keys.reply_secret(desk.identity)]
    seen = b"".join([*host.bodies, *(held.data for held in host.envelopes.values())])
    for secret in secrets:
        assert secret not in seen
        assert secret.hex().encode() not in seen


def test_property_1_only_a_recipients_key_of_that_day_opens_an_envelope() -> None:
    bureau, host = instance_with_host(desks=2)
    reporter = SimulatedReporter(bureau.root.public, bureau.clock)
    data = sent_envelope(bureau, host, reporter, SECRET)
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    of_today = [dict(desk.keyring.prekeys) for desk in bureau.desks]
    bureau.clock.next_day()
    bureau.bulletin()
    for place, desk in enumerate(bureau.desks):
        assert opens_with(of_today[place], bulletin, desk.identity, data)
        assert not opens_with(of_today[1 - place], bulletin, desk.identity, data)
        tomorrow = {key: secret for key, secret in desk.keyring.prekeys.items() if key not in of_today[place]}
        assert tomorrow
        assert not opens_with(tomorrow, bulletin, desk.identity, data)


def test_property_1_a_recipient_left_out_cannot_open_it_and_nobody_sees_who_was_left_out() -> None:
    bureau, host = instance_with_host(desks=2)
    reporter = SimulatedReporter(bureau.root.public, bureau.clock)
    first, second = bureau.desks
    run(reporter.send(host, SECRET, left_out=frozenset({second.identity})))
    run(SimulatedReporter(bureau.root.public, bureau.clock, "another").send(host, SECRET))
    assert len({len(held.data) for held in host.envelopes.values()}) == 1
    for desk in bureau.desks:
        desk.take_in(host)
    assert len(first.vault.shown) == 2
    assert len(second.vault.shown) == 1
    assert reporter.thread_id not in second.keyring.threads


# ------------------------------------------------------------------------------------------ 2
def visits(replies: int) -> list[Seen]:
    """What the host sees of two reading visits, to a thread with so many replies."""
    bureau, host = instance_with_host()
    (desk,) = bureau.desks
    reporter = SimulatedReporter(bureau.root.public, Clock())
    if replies:
        run(reporter.send(host, "A report."))
        desk.take_in(host)
        for number in range(replies):
            desk.reply(reporter.thread_id, Reply(f"Reply {number}"))
        desk.issue(host)
    host.log.clear()
    assert len(run(reporter.read(host)).mailboxes[0].notes) == replies
    run(reporter.read(host))
    return host.log


def test_property_2_reading_looks_the_same_for_no_one_and_eight_replies() -> None:
    transcripts = [visits(replies) for replies in (0, 1, 8)]
    assert transcripts[0] == transcripts[1] == transcripts[2]
    assert [entry.path for entry in transcripts[0]] == 2 * ["/v1/bulletin", "/v1/boards", "/v1/publication"]
    assert all(entry.request_bytes == 0 for entry in transcripts[0])


@pytest.mark.parametrize("file", [0, 100, 300_000])
def test_property_2_sending_looks_the_same_for_a_first_and_a_later_message(file: int) -> None:
    bureau, host = instance_with_host(desks=2)
    reporter = SimulatedReporter(bureau.root.public, Clock())
    transcripts = []
    for known in (False, True):
        host.log.clear()
        files = [("a.bin", bytes(file))] if file else []
        run(reporter.send(host, "x" * 7_000, files=files, known=known))
        transcripts.append(list(host.log))
    assert transcripts[0] == transcripts[1]


def test_property_2_two_envelopes_of_one_reporter_share_nothing_visible() -> None:
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    first = sent_envelope(bureau, host, reporter, SECRET)
    second = sent_envelope(bureau, host, reporter, SECRET)
    later = sent_envelope(bureau, host, reporter, SECRET, known=True)
    for left, right in itertools.combinations((first, second, later), 2):
        assert left[:PUBLIC_PREFIX] == right[:PUBLIC_PREFIX]
        assert not runs(left[PUBLIC_PREFIX:]) & runs(right[PUBLIC_PREFIX:])


def test_property_2_two_uploads_have_nothing_in_common_but_their_form() -> None:
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    for _ in range(2):
        run(reporter.send(host, SECRET))
    first, second = host.tombstones
    assert not runs(bytes.fromhex(first), 4) & runs(bytes.fromhex(second), 4)


def test_property_2_the_same_state_issued_twice_shares_no_record() -> None:
    bureau, host = instance_with_host()
    (desk,) = bureau.desks
    reporter = SimulatedReporter(bureau.root.public, Clock())
    run(reporter.send(host, "A report."))
    desk.take_in(host)
    for number in range(5):
        desk.reply(reporter.thread_id, Reply(f"Reply {number}"))
    first, second = (desk.issue(host) for _ in range(2))
    assert len(first) == len(second)
    assert not runs(first[board_head.HEAD :]) & runs(second[board_head.HEAD :])
    assert first[:40] == second[:40]  # magic, instance, recipient
    assert first[40:56] != second[40:56]  # salt


# ------------------------------------------------------------------------------------------ 4
def test_property_4_a_slot_whose_post_quantum_or_classical_half_was_altered_does_not_open() -> None:
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    data = sent_envelope(bureau, host, reporter, SECRET)
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    prekeys = bureau.desks[0].keyring.prekeys
    for place in (sizes.PREFIX + 5, sizes.PREFIX + 1088 + 5):  # the ML-KEM ciphertext; the X25519 key
        altered = bytearray(data)
        altered[place] ^= 1
        assert not opens_with(prekeys, bulletin, bureau.desks[0].identity, bytes(altered))
    assert opens_with(prekeys, bulletin, bureau.desks[0].identity, data)


# ------------------------------------------------------------------------------------------ 6
def test_property_6_the_desk_can_forge_a_follow_up_that_verifies() -> None:
    bureau, host = instance_with_host()
    (desk,) = bureau.desks
    reporter = SimulatedReporter(bureau.root.public, Clock())
    run(reporter.send(host, "A real report."))
    desk.take_in(host)
    kept = desk.keyring.threads[reporter.thread_id]
    bulletin = desk.bulletins[bureau.clock.day, 0]
    only_what_the_desk_has = ReporterKeys(bulletin.instance, reporter.thread_id, kept.auth, b"")
    writer = EnvelopeWriter(bulletin, kept.auth, desk.random)
    data = writer.begin(later_head(only_what_the_desk_has, bytes(16)), Message("Never written by the reporter."))
    data += b"".join(writer.finish())
    reader = EnvelopeReader(bulletin, desk.identity, desk.keyring.prekeys[bureau.clock.day, 0])
    events = [*reader.feed(data), *reader.finish()]
    assert reader.authentic(kept.auth)
    assert events
    desk.open_one(data)
    assert desk.vault.shown[-1].thread == reporter.thread_id


# ------------------------------------------------------------------------------------------ 7
def test_property_7_the_acknowledgement_shows_what_was_opened() -> None:
    bureau, host = instance_with_host()
    (desk,) = bureau.desks
    reporter = SimulatedReporter(bureau.root.public, Clock())
    run(reporter.send(host, "one", files=[("a", b"1"), ("b", b"2")]))
    assert run(reporter.read(host)).mailboxes[0].acknowledgement is None
    desk.take_in(host)
    desk.acknowledge(reporter.thread_id)
    desk.issue(host)
    assert run(reporter.read(host)).mailboxes[0].acknowledgement == Acknowledgement(1, 2, bureau.clock.day)
    run(reporter.send(host, "two", known=True))
    desk.take_in(host)
    desk.acknowledge(reporter.thread_id)
    desk.tidy()
    desk.issue(host)
    dialogue = run(reporter.read(host))
    assert dialogue.mailboxes[0].acknowledgement == Acknowledgement(2, 2, bureau.clock.day)
    assert dialogue.known_everywhere


# ------------------------------------------------------------------------------------------ 9
def operations(monkeypatch: pytest.MonkeyPatch, replies: int, others: int) -> int:
    """How many tags a reader derives to find everything, counted at the primitive."""
    bureau, host = instance_with_host()
    (desk,) = bureau.desks
    reporter = SimulatedReporter(bureau.root.public, Clock())
    for number in range(others):
        other = SimulatedReporter(bureau.root.public, Clock(), ("other", number))
        run(other.send(host, "Somebody else's report."))
        desk.take_in(host)
        for _ in range(10):
            desk.reply(other.thread_id, Reply("To somebody else."))
    run(reporter.send(host, "A report."))
    desk.take_in(host)
    for number in range(replies):
        desk.reply(reporter.thread_id, Reply(f"Reply {number}"))
    desk.issue(host)
    count = 0
    plain = primitives.hmac_sha256

    def counted(key: bytes, *parts: bytes) -> bytes:
        nonlocal count
        count += parts[0] == RECORD_TAG
        return plain(key, *parts)

    with monkeypatch.context() as patched:
        patched.setattr(primitives, "hmac_sha256", counted)
        assert len(run(reporter.read(host)).mailboxes[0].notes) == replies
    return count


def test_property_9_finding_costs_the_same_for_none_to_eight_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {operations(monkeypatch, replies, 0) for replies in range(9)} == {320}


def test_property_9_finding_costs_the_same_however_many_replies_others_have(monkeypatch: pytest.MonkeyPatch) -> None:
    assert operations(monkeypatch, 3, 0) == operations(monkeypatch, 3, 20)


# ------------------------------------------------------------------------------------------ 10
def test_property_10_an_upload_cut_at_any_request_resumes_and_is_visible_only_when_whole() -> None:
    payload = bytes(range(256)) * 9_000  # 2.2 MiB: an envelope of 4 MiB in four chunks
    for fault in Line:
        for place in range(1, 6):  # the bulletin, then four chunks and the end
            bureau, host = instance_with_host()
            reporter = SimulatedReporter(bureau.root.public, Clock())
            host.faults.extend([None] * place + [fault])
            run(reporter.send(host, "text", files=[("a.bin", payload)]))
            assert not host.uploads
            bureau.desks[0].take_in(host)
            (shown,) = bureau.desks[0].vault.shown
            assert shown.files == (payload,)


def test_property_10_a_line_that_stays_cut_leaves_nothing_visible_and_can_be_taken_up_again() -> None:
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    sending = Sending(host, bulletin, Outgoing(reporter.receipt, bytes(16)), reporter.random)
    run(sending.begin(Message("text")))
    run(sending.begin_file("a.bin"))
    host.faults.extend([None] + [Line.CUT_AFTER] * 12)
    with pytest.raises(TransportFailed):
        run(sending.file_data(bytes(4_000_000)))
    assert not host.envelopes
    assert len(host.uploads) == 1
    host.faults.clear()
    run(sending.end_file())
    run(sending.finish())
    assert len(host.envelopes) == 1
    assert not host.uploads
    bureau.desks[0].take_in(host)
    assert bureau.desks[0].vault.shown[0].files == (bytes(4_000_000),)


def test_property_10_an_upload_taken_back_leaves_nothing() -> None:
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    sending = Sending(host, bulletin, Outgoing(reporter.receipt, bytes(16)), reporter.random)
    run(sending.begin(Message("text")))
    run(sending.begin_file("a.bin"))
    run(sending.file_data(bytes(4_000_000)))
    assert host.uploads
    run(sending.cancel())
    assert not host.uploads
    assert not host.envelopes


@pytest.mark.parametrize("file", [0, 2_000_000])
def test_property_10_a_full_host_says_so_and_loses_nothing_that_it_had_accepted(file: int) -> None:
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    run(reporter.send(host, "accepted"))
    host.full = True
    with pytest.raises(HostFull):
        run(reporter.send(host, "refused", files=[("a.bin", bytes(file))]))
    bureau.desks[0].take_in(host)
    assert [shown.text for shown in bureau.desks[0].vault.shown] == ["accepted"]


def test_property_10_an_envelope_in_pieces_of_any_length_opens_and_a_cut_one_never_does() -> None:
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    data = sent_envelope(bureau, host, reporter, SECRET)
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    secret = bureau.desks[0].keyring.prekeys[bureau.clock.day, 0]
    for cut in (0, 1, 31, 32, sizes.HEADER - 1, sizes.HEADER, sizes.HEADER + 55, len(data) // 2, len(data) - 1):
        reader = EnvelopeReader(bulletin, bureau.desks[0].identity, secret)
        with pytest.raises(DoesNotOpen):
            _ = [*reader.feed(data[:cut]), *reader.finish()]


def test_board_index_of_a_verified_board_needs_no_copy_of_it() -> None:
    bureau, host = instance_with_host()
    raw = host.boards[bureau.desks[0].identity]
    verified = board_head.verify_board(raw, (bureau.desks[0].board_key.public,), bureau.root.public.instance)
    assert BoardIndex(verified).inner(bytes(32), 0) is None
    assert verified.raw is raw
