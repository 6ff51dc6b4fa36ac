"""The sign that somebody waits: all see it, it lasts while it is so, and it makes a process impatient."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Self

import pytest

from dropbox.gateway.crowd import Crowd, is_shown
from dropbox.gateway.wire import Answer, Line, Patience, Signs

SOON = Patience(first=0.05, further=0.05, head=0.05)
LONG = Patience(first=60.0, further=60.0, head=60.0)
ASKS = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    sign = Crowd()
    yield sign
    sign.close()


@pytest.fixture
def signs(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signs]:
    """What a process sees that is patient, but not in a crowd."""
    monkeypatch.setattr("dropbox.gateway.wire.IN_A_CROWD", SOON)
    ending, going_on = os.pipe()
    yield Signs(ending, crowd.seen)
    os.close(ending)
    os.close(going_on)


class Served:
    """A line that is served by a thread, and the visitor's end of it."""

    def __init__(self, signs: Signs) -> None:
        self.visitor, ours = socket.socketpair()
        self._line = Line(ours, LONG, signs)
        self._thread = threading.Thread(target=lambda: self._line.serve(lambda _: Answer(200, b"page")))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *about: object) -> None:
        self.visitor.close()
        self._thread.join()

    def ended(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()


def test_the_sign_is_seen_as_often_as_one_looks_until_nobody_waits(crowd: Crowd) -> None:
    assert not is_shown(crowd.seen)
    crowd.show(waits=True)
    crowd.show(waits=True)
    assert is_shown(crowd.seen)
    assert is_shown(crowd.seen)
    crowd.show(waits=False)
    assert not is_shown(crowd.seen)
    crowd.show(waits=False)


def test_who_is_silent_is_let_go_once_somebody_waits(crowd: Crowd, signs: Signs) -> None:
    with Served(signs) as served:
        assert not served.ended(0.2)
        crowd.show(waits=True)
        assert served.ended(20)


def test_who_was_answered_and_is_silent_is_let_go_once_somebody_waits(crowd: Crowd, signs: Signs) -> None:
    with Served(signs) as served:
        served.visitor.sendall(ASKS)
        assert served.visitor.recv(4096).endswith(b"page")
        assert not served.ended(0.2)
        crowd.show(waits=True)
        assert served.ended(20)
        assert served.visitor.recv(4096) == b""


def test_a_head_that_drips_is_let_go_once_somebody_waits(crowd: Crowd, signs: Signs) -> None:
    with Served(signs) as served:
        served.visitor.sendall(ASKS[:10])
        assert not served.ended(0.2)
        crowd.show(waits=True)
        served.visitor.sendall(ASKS[10:11])
        assert served.ended(20)


def test_who_asks_in_a_crowd_is_answered(crowd: Crowd, signs: Signs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropbox.gateway.wire.IN_A_CROWD", LONG)
    crowd.show(waits=True)
    with Served(signs) as served:
        for _ in range(2):
            served.visitor.sendall(ASKS)
            assert served.visitor.recv(4096).endswith(b"page")


def test_a_crowd_that_is_over_makes_nobody_impatient(crowd: Crowd, signs: Signs) -> None:
    crowd.show(waits=True)
    crowd.show(waits=False)
    with Served(signs) as served:
        time.sleep(0.2)
        served.visitor.sendall(ASKS)
        assert served.visitor.recv(4096).endswith(b"page")
