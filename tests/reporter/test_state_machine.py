"""Reporter, host and two desks under everything that goes wrong between them.

Lines break, the host reorders, replays, withholds and corrupts, clocks are off, each desk stops between any two of its
steps, and one desk goes on with older copies of its keyring. The other desk is the bureau's second recipient: it is
what continuity rests on, and never restores anything.
"""

import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dropbox.protocol import sizes
from dropbox.protocol.errors import OutsideDates
from dropbox.protocol.reply import Acknowledgement, Note, Reply, records_needed
from dropbox.reporter.errors import TransportFailed
from tests.simulators.basics import FIRST_DAY, Clock, run
from tests.simulators.bureau import SimulatedBureau
from tests.simulators.desk import Keyring, SimulatedDesk, StoppedError
from tests.simulators.host import Held, Line, SimulatedHost
from tests.simulators.reporter import SimulatedReporter

REPORTERS = 2
RESTORED, CONTINUOUS = 0, 1
DAYS = 2 * sizes.ACCEPTED_DAYS  # a host that withholds for longer loses what it withholds; that shows elsewhere

desks = st.integers(0, 1)
reporters = st.integers(0, REPORTERS - 1)


def stopping_at(*steps: str) -> st.SearchStrategy[str]:
    """Mostly at none."""
    return st.sampled_from(("",) * (2 * len(steps)) + steps)


faults = st.lists(st.sampled_from((None, None, *Line)), max_size=5)
places = st.integers(0, 16 * sizes.KIB - 1)
first_byte = st.sampled_from((b"\0", b"\xff"))  # of the host's key: the copy comes before or after the good one
replies = st.sampled_from((Reply("Short."), Reply("Long. " * 400), Reply("")))


@dataclass
class Accepted:
    """A message that the host confirmed: how often it was sent, as which bytes."""

    reporter: int
    message_id: bytes
    text: str
    envelopes: list[bytes] = field(default_factory=list)


class DropBox(RuleBasedStateMachine):
    """The parties, and a model of what each of them is owed."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.bureau = SimulatedBureau(self.clock, desks=2)
        self.host = SimulatedHost(self.bureau.root.public, self.clock)
        self.reporters = [
            SimulatedReporter(self.bureau.root.public, Clock(), ("reporter", number)) for number in range(REPORTERS)
        ]
        self.stranger = SimulatedReporter(self.bureau.root.public, Clock(), "never reported")
        self.known = [False] * REPORTERS
        self.accepted: list[Accepted] = []
        self.withheld: list[Held] = []
        self.ever: list[Held] = []
        self.attempts = 0
        self.sealed: dict[tuple[int, bytes, int], bytes] = {}
        self.notes: dict[tuple[int, bytes], dict[int, Note]] = {}
        self.published: dict[tuple[int, bytes], dict[int, Note]] = {}
        self.copies: list[Keyring] = []

    @initialize()
    def first_day(self) -> None:
        self.bureau.open_day(self.host)
        self.a_round_without_trouble(0)

    @rule(who=reporters)
    def a_round_without_trouble(self, who: int) -> None:
        """What all the other rules get in between of."""
        self.write(who, [])
        for place, desk in enumerate(self.bureau.desks):
            self.take_in(place, "")
            if self.reporters[who].thread_id in desk.vault.acknowledged:
                self._acknowledge(place, "", self.reporters[who].thread_id)
            self.issue(place, "")
        self.read(who)

    # -------------------------------------------------------------------------------------- the reporter
    def _send(self, who: int, accepted: Accepted) -> None:
        before = set(self.host.envelopes)
        try:
            run(
                self.reporters[who].send(
                    self.host, accepted.text, message_id=accepted.message_id, known=self.known[who]
                )
            )
        except TransportFailed:
            assert set(self.host.envelopes) == before, "given up, and yet visible"
            return
        finally:
            self.host.faults.clear()
        (key,) = set(self.host.envelopes) - before
        held = self.host.envelopes[key]
        accepted.envelopes.append(held.data)
        self.ever.append(Held(held.data, held.day, held.revision))
        if accepted not in self.accepted:
            self.accepted.append(accepted)

    @rule(who=reporters, cuts=faults)
    def write(self, who: int, cuts: list[Line | None]) -> None:
        self.attempts += 1
        self.host.faults.extend(cuts)
        self._send(who, Accepted(who, self.bureau.random(16), f"message {self.attempts}"))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def send_the_same_form_again(self, data: st.DataObject) -> None:
        again = data.draw(st.sampled_from(self.accepted))
        self._send(again.reporter, again)

    @rule(who=reporters, hours=st.integers(-11, 11), years=st.sampled_from((-1, 1)))
    def visit_with_a_clock_a_year_off_and_set_it_right_within_hours(self, who: int, hours: int, years: int) -> None:
        reporter, before = self.reporters[who], dict(self.host.uploads)
        reporter.clock.now += years * 365 * sizes.DAY
        with pytest.raises(OutsideDates):
            run(reporter.send(self.host, "never sent"))
        assert self.host.uploads == before
        reporter.clock.now = self.clock.now + hours * 3600

    @rule(who=reporters)
    def read(self, who: int) -> None:
        """Finds every live record of the boards that the host serves, and nothing else."""
        reporter = self.reporters[who]
        dialogue = run(reporter.read(self.host))
        for place, mailbox in enumerate(dialogue.mailboxes):
            expected = self.published.get((place, reporter.thread_id), {})
            assert {note.number: note.note for note in mailbox.notes} == expected
            assert mailbox.unread == 0
        self.known[who] = dialogue.known_everywhere

    @rule()
    def a_stranger_reads_and_sees_nothing(self) -> None:
        dialogue = run(self.stranger.read(self.host))
        assert dialogue.empty
        assert not dialogue.known_everywhere

    # -------------------------------------------------------------------------------------- the host
    @rule(data=st.data(), act=st.sampled_from(("reorder", "replay", "corrupt", "withhold", "give back")))
    def the_host_interferes(self, data: st.DataObject, act: str) -> None:
        match act:
            case "reorder":
                order = data.draw(st.permutations(list(self.host.envelopes.values())))
                self.host.envelopes = {self.host.random(16): held for held in order}
            case "replay":
                held = data.draw(st.sampled_from(self.ever))
                self.host.envelopes[self.host.random(16)] = Held(held.data, held.day, held.revision)
            case "corrupt":
                self._corrupt_a_copy(data.draw(st.sampled_from(self.ever)), data.draw(places), data.draw(first_byte))
            case "withhold" if self.host.envelopes:
                self.withheld.append(self.host.envelopes.pop(data.draw(st.sampled_from(self.host.listing()))))
            case _:
                self._give_back()

    def _corrupt_a_copy(self, held: Held, place: int, first: bytes) -> None:
        altered = bytearray(held.data)
        altered[place] ^= 0x40
        self.host.envelopes[first + self.host.random(15)] = Held(bytes(altered), held.day, held.revision)

    def _give_back(self) -> None:
        for held in self.withheld:
            self.host.envelopes[self.host.random(16)] = held
        self.withheld.clear()

    # -------------------------------------------------------------------------------------- the desks
    def _desk(self, place: int, stop_at: str) -> SimulatedDesk:
        self.bureau.desks[place].stop_at = stop_at
        return self.bureau.desks[place]

    @rule(place=desks, stop_at=stopping_at("opened", "keyring written", "committed"))
    def take_in(self, place: int, stop_at: str) -> None:
        desk = self._desk(place, stop_at)
        try:
            desk.take_in(self.host)
        except StoppedError:
            return
        desk.stop_at = ""

    @precondition(lambda self: any(desk.keyring.threads for desk in self.bureau.desks))
    @rule(data=st.data(), stop_at=stopping_at("persisted", "sealed", "stored"), note=replies)
    def reply(self, data: st.DataObject, stop_at: str, note: Note) -> None:
        place, thread_id = data.draw(st.sampled_from(self._threads()))
        self._write(place, stop_at, note, thread_id)

    @precondition(lambda self: any(desk.keyring.threads for desk in self.bureau.desks))
    @rule(data=st.data(), stop_at=stopping_at("persisted", "sealed", "stored"))
    def acknowledge(self, data: st.DataObject, stop_at: str) -> None:
        place, thread_id = data.draw(st.sampled_from(self._threads()))
        self._acknowledge(place, stop_at, thread_id)

    def _acknowledge(self, place: int, stop_at: str, thread_id: bytes) -> None:
        desk = self.bureau.desks[place]
        if thread_id in desk.keyring.threads and thread_id in desk.vault.acknowledged:
            messages, files = desk.vault.acknowledged[thread_id]
            self._write(place, stop_at, Acknowledgement(messages, files, self.clock.day), thread_id)

    def _threads(self) -> list[tuple[int, bytes]]:
        return [(place, name) for place, desk in enumerate(self.bureau.desks) for name in sorted(desk.keyring.threads)]

    def _write(self, place: int, stop_at: str, note: Note, thread_id: bytes) -> None:
        desk = self._desk(place, stop_at)
        before = {record.number for record in desk.vault.records.get(thread_id, ())}
        stopped = False
        try:
            if isinstance(note, Acknowledgement):
                desk.acknowledge(thread_id)
            else:
                desk.reply(thread_id, note)
        except StoppedError:
            stopped = True
        desk.stop_at = ""
        new = [record for record in desk.vault.records.get(thread_id, ()) if record.number not in before]
        assert stopped or len(new) == records_needed(note)
        for record in new:
            assert (place, thread_id, record.number) not in self.sealed, "a chain key sealed two records"
            self.sealed[place, thread_id, record.number] = record.inner
        if new:
            self.notes.setdefault((place, thread_id), {})[new[0].number] = note

    @rule(place=desks)
    def tidy(self, place: int) -> None:
        self.bureau.desks[place].tidy()

    @rule(place=desks, stop_at=stopping_at("issued", "published"))
    def issue(self, place: int, stop_at: str) -> None:
        desk = self._desk(place, stop_at)
        with contextlib.suppress(StoppedError):
            desk.issue(self.host)
        desk.stop_at = ""
        if self.host.boards[desk.identity] == desk.vault.last_board:
            self._published(place)

    def _published(self, place: int) -> None:
        desk = self.bureau.desks[place]
        for reporter in self.reporters:
            thread_id = reporter.thread_id
            live = {record.number for record in desk.vault.records.get(thread_id, ())}
            live = live if thread_id in desk.keyring.threads else set()
            notes = self.notes.get((place, thread_id), {})
            self.published[place, thread_id] = {number: note for number, note in notes.items() if number in live}

    @precondition(lambda self: self.bureau.desks[RESTORED].keyring.threads or not self.copies)
    @rule()
    def copy_a_keyring(self) -> None:
        self.copies.append(self.bureau.desks[RESTORED].copy_keyring())

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def go_on_with_an_older_keyring(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.copies) - 1))
        self.bureau.desks[RESTORED].restore(self.copies[place])

    # -------------------------------------------------------------------------------------- time
    @rule(hours=st.integers(1, 8))
    def some_hours_pass(self, hours: int) -> None:
        if (self.clock.now + hours * 3600) // sizes.DAY == self.clock.day:
            self._to(self.clock.now + hours * 3600)
        elif self.clock.day < FIRST_DAY + DAYS:
            self._to((self.clock.day + 1) * sizes.DAY)
            self.bureau.open_day(self.host)
            self.host.sweep()
            for place, desk in enumerate(self.bureau.desks):
                desk.destroy_prekeys()
                self._published(place)

    def _to(self, now: int) -> None:
        passed = now - self.clock.now
        self.clock.now = now
        for reporter in (*self.reporters, self.stranger):
            reporter.clock.now += passed

    # -------------------------------------------------------------------------------------- what must always hold
    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        at_host = {held.data: held.confirmed for held in (*self.host.envelopes.values(), *self.withheld)}
        desk = self.bureau.desks[CONTINUOUS]
        shown = {entry.text for entry in desk.vault.shown}
        for accepted in self.accepted:
            assert accepted.text in shown or any(data in at_host for data in accepted.envelopes)

    @invariant()
    def no_envelope_is_shown_twice(self) -> None:
        texts = [entry.text for entry in self.bureau.desks[CONTINUOUS].vault.shown]
        assert len(texts) == len(set(texts))
        shown = self.bureau.desks[RESTORED].vault.shown
        attached = [(entry.thread, entry.message_id) for entry in shown if entry.thread is not None]
        assert len(attached) == len(set(attached))
        for accepted in self.accepted:
            times = sum(entry.text == accepted.text for entry in shown)
            assert times <= len(accepted.envelopes)

    @invariant()
    def every_message_stands_in_its_own_thread(self) -> None:
        of_text = {accepted.text: self.reporters[accepted.reporter].thread_id for accepted in self.accepted}
        for place, desk in enumerate(self.bureau.desks):
            for entry in desk.vault.shown:
                assert entry.thread == of_text[entry.text] or (place == RESTORED and entry.thread is None)

    def teardown(self) -> None:
        """In the end everything that the host still has reaches the desk, whatever lies beside it."""
        if not self.host.boards:
            return
        self._give_back()
        desk = self._desk(CONTINUOUS, "")
        desk.take_in(self.host)
        assert {accepted.text for accepted in self.accepted} <= {entry.text for entry in desk.vault.shown}


TestDropBox = DropBox.TestCase
TestDropBox.settings = settings(stateful_step_count=40)
