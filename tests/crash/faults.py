"""Where something may strike: every durable step and every request, and every system call below them.

The points are counted within a phase of the work; one fault strikes at the n-th of them. Nothing of this stands in the
product: `install` in `wraps` puts itself around the functions from outside, and `shim` around the system calls.
"""

import contextlib
import enum
import errno
import os
import random
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dropbox.courier.errors import UnreachableError
from dropbox.reporter.errors import TransportFailed
from dropbox.storage.errors import DatabaseFullError, DatabaseGoneError, DatabaseLockedError
from tests.crash import shim
from tests.crash.journal import Journal
from tests.crash.plan import CALLS, SERVER, Fault, How
from tests.crash.server import Server
from tests.crash.shared import Shared


class Point(enum.StrEnum):
    """A place between two steps."""

    TURN = "turn"  # a transaction is about to begin
    BEGIN = "begin"  # a transaction begins
    COMMIT = "commit"  # everything is written, nothing is committed
    COMMITTED = "committed"  # it is, and nobody knows yet
    FSYNC = "fsync"  # a keyring's new file is written and not on disk
    RENAMED = "renamed"  # the new file has the old one's name; the folder is not on disk
    OVERWRITE = "overwrite"  # the old file has no name and still its content
    REPLACED = "replaced"  # all of that is done
    REQUEST = "request"  # the desk is about to ask intake
    ANSWERED = "answered"  # intake has answered, and the desk does not know yet
    VISIT = "visit"  # a reporter's request is about to go
    VISITED = "visited"  # it was answered, and the answer is on its way


def _os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


_ERRORS: Final[dict[Point, tuple[Callable[[], Exception], ...]]] = {
    Point.BEGIN: (DatabaseLockedError, DatabaseGoneError),
    Point.COMMIT: (DatabaseFullError, DatabaseGoneError, DatabaseLockedError),
    Point.COMMITTED: (DatabaseGoneError,),
    Point.FSYNC: (lambda: _os_error(errno.EIO), lambda: _os_error(errno.ENOSPC)),
    Point.RENAMED: (lambda: _os_error(errno.EIO),),
    Point.REQUEST: (UnreachableError,),
    Point.ANSWERED: (UnreachableError,),
    Point.VISIT: (lambda: TransportFailed("cut"),),
    Point.VISITED: (lambda: TransportFailed("cut"),),
}
_OF_TRANSACTIONS: Final = frozenset({Point.TURN, Point.BEGIN, Point.COMMIT, Point.COMMITTED})


class Faults:
    """Counts points, and strikes."""

    def __init__(
        self, folder: Path, journal: Journal, fault: Fault | None, shared: Shared, server: Server | None
    ) -> None:
        self._journal, self._fault, self._shared, self._server = journal, fault, shared, server
        self._random = random.Random(str(fault))
        self._count = 0
        self._failing: Point | None = None
        self._left = 0
        self._lock: sqlite3.Connection | None = None
        if fault is not None and fault.how in CALLS:
            shim.arm(fault, folder, shadow_of(folder), journal.descriptor, shared)

    @property
    def phase(self) -> str:
        """The phase that the work is in, in whatever process."""
        return self._shared.phase

    @phase.setter
    def phase(self, name: str) -> None:
        self._shared.phase = name

    def reach(self, point: Point, where: str, database: str = "") -> None:
        """A point: nothing happens, or the process ends here, or an error is raised."""
        fault = self._fault
        if fault is None or fault.how in CALLS or not self._concerns(fault.how, point):
            return
        if fault.how is How.LOCK:
            self._let_go()
        if self._left and point is self._failing:
            self._left -= 1
            raise self._error(point)
        if self.phase != fault.phase:
            return
        self._count += 1
        if self._count == fault.number:
            self._strike(fault, point, where, database)

    def _concerns(self, how: How, point: Point) -> bool:
        if how is How.LOCK:
            return point is Point.TURN
        return point in _OF_TRANSACTIONS if how in SERVER else point is not Point.TURN

    def _strike(self, fault: Fault, point: Point, where: str, database: str) -> None:
        kill = fault.how is How.KILL or (fault.how is How.ERROR and point not in _ERRORS)
        self._journal.note(
            "fault", phase=self.phase, number=self._count, point=f"{fault.how}: {point}", where=where, kill=kill
        )
        if kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.how is How.LOCK:
            self._hold(database)
        elif fault.how in SERVER:
            assert self._server is not None, "a plan without PostgreSQL"
            self._server.strike(fault.how, database)
        else:
            self._failing, self._left = point, fault.lasting
            raise self._error(point)

    def _hold(self, database: str) -> None:
        """Take SQLite's write lock, as another process would, until the next transaction but one or more is tried."""
        self._lock = sqlite3.connect(database, isolation_level=None, timeout=0, check_same_thread=False)
        with contextlib.suppress(sqlite3.OperationalError):
            self._lock.execute("BEGIN IMMEDIATE")
        self._left = 1 + (0 if self._fault is None else self._fault.lasting)

    def _let_go(self) -> None:
        if self._lock is None:
            return
        self._left -= 1
        if self._left <= 0:
            self._lock.close()
            self._lock = None

    def _error(self, point: Point) -> Exception:
        return self._random.choice(_ERRORS[point])()


def shadow_of(folder: Path) -> Path:
    """Where the shim keeps what is durable in a run's folder."""
    return folder.with_name(folder.name + "-durable")
