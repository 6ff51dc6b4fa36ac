"""Whose turn it is when every place is taken."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.gateway.circuits import Circuits, Connection, Limits
from dropbox.gateway.room import Room, has_gone

MANY = 10_000


@pytest.fixture
def lines() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def some_circuits() -> Circuits:
    return Circuits(Limits(MANY, MANY, MANY, MANY, MANY))


def waiting(circuits: Circuits, number: int) -> Connection:
    connection = circuits.admit(number, 0.0)
    assert connection
    return connection


def order(room: Room) -> list[int]:
    """The circuits, each served as soon as it is its turn."""
    found = []
    while (first := room.first()) is not None:
        first[1].circuit.served += 1
        found.append(first[1].circuit.number)
    return found


def test_who_has_nothing_comes_before_who_has_something(lines: tuple[socket.socket, socket.socket]) -> None:
    circuits, room = some_circuits(), Room(MANY)
    held = waiting(circuits, 1)
    circuits.serve(held, 0.0)
    for number in (1, 1, 2, 2, 3):
        room.add(lines[0], waiting(circuits, number))
    assert room.without_place() == 2
    assert order(room) == [3, 2, 2, 1, 1]
    assert room.without_place() == 0


def test_who_held_places_for_long_comes_after_who_did_not(lines: tuple[socket.socket, socket.socket]) -> None:
    circuits, room = some_circuits(), Room(MANY)
    connection = waiting(circuits, 3)
    circuits.serve(connection, 0.0)
    circuits.ended(connection, 21.0)
    for number in (1, 2, 3):
        room.add(lines[0], waiting(circuits, number))
    assert order(room) == [2, 1, 3]


def test_a_visit_with_some_connections_stays_as_new_as_one_that_begins(
    lines: tuple[socket.socket, socket.socket],
) -> None:
    circuits, room = some_circuits(), Room(MANY)
    for _ in range(6):
        connection = waiting(circuits, 2)
        circuits.serve(connection, 0.0)
        circuits.ended(connection, 3.0)
    for number in (1, 2):
        room.add(lines[0], waiting(circuits, number))
    assert order(room) == [2, 1]


def test_when_the_room_is_full_the_last_in_line_goes(lines: tuple[socket.socket, socket.socket]) -> None:
    circuits, room = some_circuits(), Room(3)
    circuits.serve(waiting(circuits, 1), 0.0)
    assert [room.add(lines[0], waiting(circuits, number)) for number in (2, 1, 3)] == [None] * 3
    gone = [room.add(lines[0], waiting(circuits, number)) for number in (4, 5)]
    assert [one[1].circuit.number for one in gone if one] == [1, 2]  # who has a place; then who waited longest
    assert order(room) == [5, 4, 3]


def test_a_visitor_who_has_hung_up_is_known_without_reading(lines: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = lines
    theirs.sendall(b"GET")
    assert not has_gone(ours)
    theirs.close()
    assert has_gone(ours)
    assert ours.recv(8) == b"GET"


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.integers(1, 20))
def test_nobody_is_lost_and_nobody_comes_twice(numbers: list[int], most: int) -> None:
    circuits, room = some_circuits(), Room(most)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        let_go = [room.add(ours, waiting(circuits, number)) for number in numbers]
        kept = order(room)
    assert sorted(kept + [one[1].circuit.number for one in let_go if one]) == sorted(numbers)
    assert len(kept) == min(most, len(numbers))
