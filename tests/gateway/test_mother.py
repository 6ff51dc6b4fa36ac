"""When the process that forks forks. How many live, and how they end, is seen in test_supervision.py."""

import itertools
import os
import time

import pytest

from dropbox.gateway.mother import _PID, REST_SECONDS, Mother, Pool
from dropbox.web.tally import Tally

WARM = 8
FIRST_PID = 1 << 22  # above which Linux gives none: nothing of anybody's is touched


class Watched(Mother):
    """A mother whose children are numbers."""

    def __init__(self, warm: int = WARM) -> None:
        super().__init__(Pool(warm, 64, 60, 5), lambda *_: None, Tally(), lambda: None)
        self._fill(time.monotonic())

    @property
    def waiting(self) -> int:
        return len(self._warm)

    def take(self, count: int) -> float:
        """So many of its children take a connection; gives when it knows."""
        for pid in [*self._warm][:count]:
            os.write(self._taking, _PID.pack(pid))
        self._bury()
        return time.monotonic()

    def fill(self, now: float) -> int:
        self._fill(now)
        return self.waiting


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    pids = itertools.count(FIRST_PID)
    monkeypatch.setattr(os, "fork", lambda: next(pids))
    monkeypatch.setattr(os, "waitpid", lambda *_: (0, 0))


def test_while_more_than_half_wait_the_visitor_comes_before_the_next_process() -> None:
    mother = Watched()
    now = mother.take(3)
    assert mother.fill(now) == WARM - 3
    assert mother.fill(now + REST_SECONDS) == WARM


def test_in_a_crowd_processes_are_made_at_once() -> None:
    mother = Watched()
    assert mother.fill(mother.take(WARM // 2)) == WARM


@pytest.mark.parametrize("warm", [1, 2])
def test_where_few_wait_they_are_replaced_at_once(warm: int) -> None:
    mother = Watched(warm)
    assert mother.fill(mother.take(1)) == warm


def test_a_visit_after_another_one_lets_the_next_process_wait_no_longer_than_for_itself() -> None:
    mother = Watched()
    mother.take(1)
    now = mother.take(1)
    assert mother.fill(now + REST_SECONDS) == WARM


def test_nothing_tells_the_next_visitor_when_the_last_one_came() -> None:
    mother = Watched()
    before = {name: value for name, value in vars(mother).items() if isinstance(value, float)}
    mother.fill(mother.take(1) + REST_SECONDS)
    assert {name: value for name, value in vars(mother).items() if isinstance(value, float)} == before
