"""Property 5: a simulated year, and a copy of everything at the bureau on some of its days."""

import copy
from dataclasses import dataclass

from dropbox.protocol import board_head, sizes
from dropbox.protocol.board import BoardIndex
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.errors import DoesNotOpen
from dropbox.protocol.reply import Reply
from dropbox.protocol.thread import Link, ReporterKeys, advance, open_record
from tests.simulators.basics import FIRST_DAY, run
from tests.simulators.bureau import instance_with_host
from tests.simulators.desk import Keyring, SimulatedDesk, opens_with
from tests.simulators.reporter import SimulatedReporter

DAYS = 365
AHEAD = 8  # numbers that the thief of a copy tries from its chain keys on


@dataclass(frozen=True)
class Written:
    """A report as the host recorded it."""

    day: int
    data: bytes
    bulletin: Bulletin
    reporter: SimulatedReporter


def test_a_copy_of_the_bureau_opens_nothing_whose_key_was_destroyed() -> None:
    bureau, host = instance_with_host()
    (desk,) = bureau.desks
    written: list[Written] = []
    copies: dict[int, Keyring] = {}
    sealed: dict[int, list[tuple[Written, int, bytes]]] = {}
    for day in range(FIRST_DAY, FIRST_DAY + DAYS):
        if day > FIRST_DAY:
            bureau.clock.next_day()
            bureau.open_day(host)
        if day % 14 == 0:
            reporter = SimulatedReporter(bureau.root.public, bureau.clock, day)
            run(reporter.send(host, f"Report of day {day}."))
            (held,) = host.envelopes.values()
            written.append(Written(day, held.data, desk.bulletins[day, 0], reporter))
        desk.take_in(host)
        desk.destroy_prekeys()
        if day % 30 == 0:
            copies[day] = copy.deepcopy(desk.keyring)  # before the day's replies
        if day % 12 == 0 and written:
            entry = written[-1]
            sealed[day] = _answered(
                desk.reply(entry.reporter.thread_id, Reply("A reply.")), entry, desk.issue(None), desk
            )
    assert len(desk.vault.shown) == len(written) > 20
    _envelopes(copies, written, desk.identity)
    _records(copies, sealed, desk.identity)


def _answered(numbers: list[int], entry: Written, raw: bytes, desk: SimulatedDesk) -> list[tuple[Written, int, bytes]]:
    head = board_head.verify_board(raw, (desk.board_key.public,), entry.bulletin.instance)
    index = BoardIndex(head)
    tag_key = desk.keyring.threads[entry.reporter.thread_id].tag_key
    inners = [(number, index.inner(tag_key, number)) for number in numbers]
    return [(entry, number, inner) for number, inner in inners if inner is not None]


def _envelopes(copies: dict[int, Keyring], written: list[Written], identity: bytes) -> None:
    for day, keyring in copies.items():
        for entry in written:
            if entry.day > day:
                continue
            open_now = opens_with(keyring.prekeys, entry.bulletin, identity, entry.data)
            assert open_now == ((entry.day, 0) in keyring.prekeys)
            if day > entry.day + sizes.PREKEY_LAST_DAY:
                assert not open_now


def _records(copies: dict[int, Keyring], sealed: dict[int, list[tuple[Written, int, bytes]]], identity: bytes) -> None:
    """The thief is given the reporter's X25519 secret too, as a quantum computer would: the chain alone must hold."""
    tried = 0
    for day, keyring in copies.items():
        for entry, number, inner in (item for then, items in sealed.items() if then < day for item in items):
            kept = keyring.threads[entry.reporter.thread_id]
            assert kept.number > number
            keys = ReporterKeys.derive(entry.reporter.receipt, entry.bulletin.instance)
            for steps in range(AHEAD):
                for claimed in (number, kept.number + steps):
                    tried += 1
                    assert not _opens(keys, identity, Link(claimed, advance(kept.chain, steps)), inner)
            assert _opens(keys, identity, Link(number, advance(keys.reply_keys(identity).chain, number)), inner)
    assert tried > 500


def _opens(keys: ReporterKeys, identity: bytes, link: Link, inner: bytes) -> bool:
    try:
        open_record(keys, identity, link, inner)
    except DoesNotOpen:
        return False
    return True


def test_a_host_that_withholds_an_envelope_keeps_its_prekey_alive_for_thirty_days_only() -> None:
    bureau, _ = instance_with_host()
    (desk,) = bureau.desks
    day = bureau.clock.day
    for _ in range(sizes.PREKEY_LAST_DAY):
        bureau.clock.next_day()
        desk.destroy_prekeys()  # no fetch ever completes
    assert (day, 0) in desk.keyring.prekeys
    bureau.clock.next_day()
    desk.destroy_prekeys()
    assert (day, 0) not in desk.keyring.prekeys


def test_a_prekey_is_gone_two_weeks_after_its_day_where_the_desk_fetches_daily() -> None:
    bureau, host = instance_with_host()
    (desk,) = bureau.desks
    day, last = bureau.clock.day, 0
    for _ in range(25):
        bureau.clock.next_day()
        bureau.open_day(host)
        desk.take_in(host)
        desk.destroy_prekeys()
        last = bureau.clock.day if (day, 0) in desk.keyring.prekeys else last
    assert last == day + 1 + 2 * sizes.ACCEPTED_DAYS
