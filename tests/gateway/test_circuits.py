import math
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.gateway import reports
from dropbox.gateway.acceptor import Acceptor
from dropbox.gateway.circuits import CHARGED, MOVING, Allowance, Circuits, Connection, Limits
from dropbox.gateway.crowd import Crowd
from dropbox.gateway.settings import Settings
from tests.gateway.bureau import Bureau
from tests.load.crowd import tor_line

LIMITS = Limits(connections=4, connections_per_minute=100, requests_per_minute=60, uploads=2, mebibytes_per_hour=1024)
ONE = reports.REQUEST + reports.UPLOAD
MIB = reports.MEBIBYTE


def circuits(**limits: int) -> Circuits:
    return Circuits(replace(LIMITS, **limits))


def admitted(some: Circuits, number: int, now: float = 0.0) -> Connection:
    connection = some.admit(number, now)
    assert connection
    some.serve(connection, now)
    return connection


def test_a_circuit_that_opens_everything_gets_its_share_and_others_theirs() -> None:
    some = circuits()
    first = admitted(some, 7)
    assert [bool(some.admit(7, 0.0)) for _ in range(5)] == [True] * 3 + [False] * 2
    assert some.admit(8, 0.0)
    some.ended(first, 0.0)
    assert some.admit(7, 0.0)
    assert not some.admit(7, 0.0)
    assert some.to_close() == []  # refused, and no more than that


def test_a_circuit_that_comes_and_goes_is_slowed_down_and_forgiven() -> None:
    some = circuits(connections_per_minute=6)
    for _ in range(6):
        some.ended(admitted(some, 7, 100.0), 100.0)
    assert not some.admit(7, 100.0)
    assert not some.admit(7, 109.9)
    assert some.admit(7, 110.0)


def test_a_circuit_that_goes_on_though_it_is_refused_is_closed() -> None:
    some = circuits(connections=16, connections_per_minute=6)
    for _ in range(12):
        some.admit(7, 100.0)
    assert some.to_close() == []
    some.admit(7, 100.0)
    assert some.to_close() == [7]
    assert some.to_close() == []
    some.admit(7, 109.0)
    assert some.to_close() == []  # it was asked for just now
    for _ in range(12):
        some.admit(7, 110.0)
    assert some.to_close() == [7]


def test_a_circuit_is_forgotten_a_minute_after_its_last_connection() -> None:
    some = circuits(connections=1)
    one, two = admitted(some, 1), admitted(some, 2)
    assert some.forget(0.0) is None  # both are there
    some.ended(one, 10.0)
    assert some.forget(30.0) == 40.0
    assert not some.admit(2, 30.0)
    some.ended(two, 50.0)
    assert some.forget(69.0) == 1.0
    assert some.forget(70.0) == 40.0
    assert len(some) == 1
    assert some.forget(110.0) is None
    assert len(some) == 0


def test_a_circuit_that_comes_back_or_is_refused_is_remembered_for_another_minute() -> None:
    some = circuits(connections_per_minute=1)
    some.ended(admitted(some, 1, 0.0), 0.0)
    some.ended(admitted(some, 2, 0.0), 0.0)
    assert not some.admit(1, 50.0)
    assert some.forget(60.0) == 50.0
    assert len(some) == 1
    line = admitted(some, 1, 61.0)
    assert some.forget(500.0) is None
    assert len(some) == 1
    some.ended(line, 500.0)
    assert some.forget(500.0) == 60.0


def test_the_process_that_counts_forgets_a_circuit_though_nobody_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dropbox.gateway.circuits.MINUTE", 0.2)
    settings = Settings(
        tmp_path / "intake.sock", tmp_path / "gateway.sock", Bureau(1_800_000_000).root.public, proxy=True
    )
    jobs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with socket.create_server(str(tmp_path / "gateway.sock"), family=socket.AF_UNIX) as listener, jobs, theirs:
        acceptor = Acceptor(settings, listener, jobs, Crowd())
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(str(tmp_path / "gateway.sock"))
            visitor.sendall(tor_line(7))
            while not acceptor.remembered:
                acceptor.turn(None)
        for descriptor in socket.recv_fds(theirs, 1, 2)[1]:
            os.close(descriptor)
        acceptor.turn(None)  # the connection is over
        acceptor.turn(None)  # which would wait for ever, had it nothing to forget
        while acceptor.remembered:
            acceptor.turn(0.01)
        acceptor.close()


def test_who_held_a_place_for_long_gives_it_up_when_somebody_has_none() -> None:
    some = circuits()
    admitted(some, 7)
    moving = admitted(some, 8)
    admitted(some, 9, 5.0)
    some.said(moving, ONE + MIB, MOVING)
    some.relieve(3, 1, MOVING)
    assert some.to_close() == []
    some.relieve(3, 1, MOVING + 1)
    assert some.to_close() == [7]
    some.relieve(3, 1, MOVING + 6)
    assert some.to_close() == [9]
    some.relieve(3, 1, MOVING + 9)
    assert some.to_close() == []


def test_a_circuit_is_charged_the_time_that_its_connections_held_places() -> None:
    some = circuits()
    silent, quick = admitted(some, 7), admitted(some, 8)
    some.ended(quick, 0.1)
    some.ended(silent, 30.0)
    assert (silent.circuit.held, quick.circuit.held) == (30.0, CHARGED)
    never_served = some.admit(8, 30.0)
    assert never_served
    some.ended(never_served, 90.0)
    assert quick.circuit.held == CHARGED


def test_a_circuit_is_not_charged_the_time_in_which_its_uploads_moved() -> None:
    some = circuits()
    line = admitted(some, 7)
    some.said(line, ONE + MIB, 1000.0)
    some.ended(line, 1000.0 + MOVING)
    assert line.circuit.held == 0.0
    line = admitted(some, 7, 1200.0)
    some.said(line, ONE, 1200.0)
    some.ended(line, 1290.0)  # an upload that moved nothing
    assert line.circuit.held == 90.0


def test_a_circuit_that_asks_too_often_is_refused_and_closed() -> None:
    some = circuits()
    line = admitted(some, 7)
    some.said(line, reports.REQUEST * 60, 0.0)
    assert some.to_close() == []
    some.said(line, reports.REQUEST, 0.0)
    assert some.to_close() == [7]
    assert not some.admit(7, 0.5)
    assert some.admit(7, 1.5)  # one request a second comes back


def test_a_circuit_with_too_many_uploads_is_refused_and_closed_and_ended_ones_do_not_count() -> None:
    some = circuits()
    lines = [admitted(some, 7) for _ in range(3)]
    for line in lines[:2]:
        some.said(line, ONE, 0.0)
        some.said(line, ONE, 0.0)  # on one connection there is one at most, whatever its process says
    some.said(lines[0], reports.DONE + ONE, 0.0)
    assert some.to_close() == []
    some.said(lines[2], ONE, 0.0)
    assert some.to_close() == [7]
    assert not some.admit(7, 0.0)
    some.ended(lines[1], 0.0)
    assert some.admit(7, 0.0)


def test_the_largest_report_is_never_cut_however_often_it_is_sent_and_after_it_the_circuit_is_closed() -> None:
    some = circuits()
    line, other = admitted(some, 7), admitted(some, 7)
    for _ in range(2):
        some.said(line, ONE, 0.0)
        for _ in range(1024):
            some.said(line, MIB, 0.0)
        assert some.to_close() == []
        some.said(line, reports.DONE, 0.0)
    assert some.to_close() == [7]
    assert not some.admit(7, 0.0)
    some.ended(other, 0.0)


def test_bytes_that_are_no_upload_close_the_circuit_at_once() -> None:
    some = circuits()
    line = admitted(some, 7)
    some.said(line, reports.REQUEST + MIB * 400, 0.0)
    some.said(line, MIB * 600, 0.0)
    assert some.to_close() == []
    some.said(line, MIB * 30, 0.0)
    assert some.to_close() == [7]


def test_an_upload_at_the_speed_that_comes_back_goes_on_for_ever() -> None:
    some = circuits()
    line = admitted(some, 7)
    some.said(line, ONE, 0.0)
    for second in range(0, 40_000, 4):
        some.said(line, MIB, float(second))
    some.said(line, reports.DONE, 40_000.0)
    assert some.to_close() == []


def test_two_processes_of_one_circuit_say_nothing_of_another() -> None:
    some = circuits()
    mallory, alice = admitted(some, 7), admitted(some, 8)
    some.said(mallory, bytes(range(256)) * 8, 0.0)
    some.said(mallory, reports.REQUEST * 1000 + MIB * 5000, 0.0)
    assert some.to_close() == [7]
    assert alice.circuit.requests.left(0.0) == LIMITS.requests_per_minute
    assert some.admit(8, 0.0)


def test_when_places_run_out_the_circuit_with_the_most_is_closed_and_those_within_their_share_stay() -> None:
    some = circuits(connections=16)
    for circuit, number in ((1, 2), (2, 9), (3, 5)):
        for _ in range(number):
            admitted(some, circuit)
    some.relieve(16, 1, 0.0)
    assert some.to_close() == [2]
    some.relieve(16, 1, 1.0)
    assert some.to_close() == [3]
    some.relieve(16, 1, 2.0)
    assert some.to_close() == []


def test_an_upload_that_moves_is_not_closed_for_others_unless_it_holds_more_than_a_browser() -> None:
    some = circuits(connections=16)
    lines = [admitted(some, 1) for _ in range(6)]
    some.said(lines[0], ONE, 0.0)
    some.relieve(4, 9, 100.0)
    assert some.to_close() == []
    some.said(lines[0], MIB, 110.0)
    some.relieve(4, 9, 220.0)
    assert some.to_close() == []
    some.relieve(4, 9, 231.0)  # it stands still
    assert some.to_close() == [1]
    admitted(some, 1)
    some.said(lines[0], MIB, 250.0)
    some.relieve(4, 9, 251.0)  # seven
    assert some.to_close() == [1]


def test_a_browser_that_sends_a_mebibyte_at_a_time_is_not_closed_for_others_in_between() -> None:
    some = circuits(connections=16)
    lines = [admitted(some, 1) for _ in range(6)]
    for second in (0.0, 100.0, 200.0):
        some.said(lines[0], ONE + MIB + reports.DONE, second)
        some.relieve(4, 9, second + 99.0)
    assert some.to_close() == []
    some.relieve(4, 9, 321.0)
    assert some.to_close() == [1]


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(reports.REQUEST + MIB * 200, id="downloads"),
        pytest.param(ONE + reports.DONE + MIB * 200, id="an upload of nothing, and downloads"),
        pytest.param((ONE + reports.DONE) * 50, id="many uploads of nothing"),
    ],
)
def test_a_flooder_keeps_no_places_with_what_moves_no_upload(records: bytes) -> None:
    some = circuits(connections=16)
    lines = [admitted(some, 1) for _ in range(6)]
    some.said(lines[0], records, 0.0)
    some.relieve(4, 9, 0.0)
    assert some.to_close() == [1]


def test_an_upload_that_is_only_begun_keeps_places_once() -> None:
    some = circuits(connections=16)
    lines = [admitted(some, 1) for _ in range(6)]
    some.said(lines[0], ONE, 0.0)
    some.relieve(4, 9, 119.0)
    assert some.to_close() == []
    some.said(lines[0], reports.DONE + ONE, 119.0)
    some.said(lines[1], ONE, 119.0)
    some.relieve(4, 9, 121.0)
    assert some.to_close() == [1]


def test_one_connection_is_never_closed_for_others() -> None:
    some = circuits()
    admitted(some, 1)
    some.relieve(1, 100, 0.0)
    assert some.to_close() == []


def test_of_one_circuit_few_wait() -> None:
    some = circuits(connections=16)
    assert [bool(some.admit(7, 0.0, free=False)) for _ in range(6)] == [True] * 4 + [False] * 2
    assert some.admit(8, 0.0, free=False)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 20)), max_size=50))
def test_an_allowance_gives_no_more_than_it_has_and_what_comes_back(steps: list[tuple[float, int]]) -> None:
    allowance, now, taken = Allowance(30, 60.0, 0.0), 0.0, 0
    for seconds, number in steps:
        now += seconds
        taken += number * allowance.take(number, now)
        assert 0 <= allowance.left(now) <= 30
    assert taken <= math.ceil(30 + now / 2)


Step = tuple[int, str, bytes, float]
RECORDS = st.binary(max_size=4) | st.just(ONE) | st.just(reports.DONE)
ACTS = st.sampled_from(["admit", "say", "end"])
STEPS = st.lists(st.tuples(st.integers(0, 3), ACTS, RECORDS, st.floats(0, 30)), max_size=200)


@given(STEPS)
def test_whatever_comes_the_counts_are_those_of_the_open_connections(steps: list[Step]) -> None:
    some, now = circuits(connections=2, connections_per_minute=10), 0.0
    lines: dict[int, list[Connection]] = {number: [] for number in range(4)}
    for number, act, records, seconds in steps:
        now += seconds
        mine = lines[number]
        if act == "admit":
            connection = some.admit(number, now)
            if connection:
                some.serve(connection, now)
                mine.append(connection)
        elif mine and act == "say":
            some.said(mine[0], records, now)
        elif mine:
            some.ended(mine.pop(0), now)
        assert len(mine) <= 2
        for line in mine:
            assert line.circuit.open == line.circuit.served == len(mine)
            assert line.circuit.uploads == sum(one.uploading for one in mine)
    assert set(some.to_close()) <= set(lines)


@pytest.mark.parametrize("records", [reports.REQUEST, reports.UPLOAD, reports.DONE, reports.MEBIBYTE])
def test_a_record_is_one_byte(records: bytes) -> None:
    assert len(records) == 1
