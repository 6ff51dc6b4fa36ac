"""The process that has everything loaded and nothing to say: it forks, counts, and buries.

    WARM --took a connection--> BUSY --ended, crashed, or overdue and killed--> gone

It keeps `warm_processes` waiting and has at most `connections_at_once` in all. It never sees a connection: those go
from the acceptor to its children past it. A child that ends before it has served anything is a fault of ours, and the
next is made after a pause, so that a fault costs no processor. After one was taken the next is made a little later,
while more than half are still waiting: on a machine with few cores the visitor comes first. Told to end, it closes a
pipe that every child watches while no request is on its way, and the acceptor says on its socket that no more
connections come: a signal would strike children that have just read a request, or just taken a connection. When this
process is killed, the kernel kills its children: nothing outlives it that nobody counts.
"""

import contextlib
import gc
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from dropbox.gateway.confinement import die_with_parent
from dropbox.gateway.heap import settle
from dropbox.web.tally import Tally

DAY = 86_400  # seconds
GARBAGE_AT = 10_000  # objects: few visits make so many, and looking for cycles copies pages
REST_SECONDS = 0.05  # after a child took a connection, in which its visitor has the processors
PAUSE_SECONDS = 1.0  # after a child that ended without having served
_PID = struct.Struct("=i")
_MANAGED = (signal.SIGTERM, signal.SIGCHLD)


@dataclass(frozen=True, slots=True)
class Pool:
    """How many children, and how long they have. `drain_seconds` is for those that are busy when we are to end."""

    warm: int
    most: int
    connection_seconds: int
    drain_seconds: int


class Mother:
    """Keeps the pool filled; `serve(taken, ending)` runs in a child, calls `taken()` once it has a connection, and
    returns. It takes no further request once the descriptor `ending` can be read.
    """

    def __init__(
        self, pool: Pool, serve: Callable[[Callable[[], None], int], None], tally: Tally, renew: Callable[[], None]
    ) -> None:
        """Change nothing yet. `tally` is where children count what fails; its numbers are said at midnight. `renew`
        is called before each fork: what it learns, the child knows.
        """
        self._tally, self._day = tally, int(time.time()) // DAY
        self._pool, self._serve, self._renew = pool, serve, renew
        self._warm: set[int] = set()
        self._busy: dict[int, float] = {}  # until when they may live
        self._pause_until = self._rest_until = 0.0  # before which no process is made, or none while there are enough
        self._told = False
        self._pid = os.getpid()
        self._drained_at: float | None = None
        self._taken, self._taking = os.pipe()
        self._wakes, self._waking = os.pipe()
        self._ending, self._going_on = os.pipe()
        for descriptor in (self._taken, self._taking, self._wakes, self._waking):
            os.set_blocking(descriptor, False)

    def __len__(self) -> int:
        """How many children there are."""
        return len(self._warm) + len(self._busy)

    def run(self) -> None:
        """Keep the pool until SIGTERM; then let the busy ones finish, for as long as the pool says."""
        signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._tell)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes us
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the acceptor tells us
        gc.set_threshold(GARBAGE_AT)
        settle()
        while not self._told or self._warm or self._busy:
            if self._told and self._drained_at is None:
                self._drain()
            now = time.monotonic()
            self._fill(now)
            self._wait(now)
            self._bury()
            self._kill_overdue()
            if self._day != int(time.time()) // DAY:
                self._report()
        self._report()

    def _report(self) -> None:
        """Say what failed since the last time: at midnight and at the end, never when somebody visits."""
        self._day = int(time.time()) // DAY
        for sentence, times in sorted(self._tally.take().items()):
            sys.stderr.write(f"dropbox-gateway: {times} times since this was last said: {sentence}\n")
        sys.stderr.flush()

    def _tell(self, *_: object) -> None:
        self._told = True

    def _drain(self) -> None:
        self._drained_at = time.monotonic() + self._pool.drain_seconds
        self._busy = {pid: min(until, self._drained_at) for pid, until in self._busy.items()}
        os.close(self._going_on)

    def _fill(self, now: float) -> None:
        enough = len(self._warm) * 2 > self._pool.warm
        if now < self._pause_until or (enough and now < self._rest_until):
            return
        self._rest_until = 0.0  # it tells when the last visitor came
        while not self._told and len(self._warm) < self._pool.warm and len(self) < self._pool.most:
            self._renew()
            signal.pthread_sigmask(signal.SIG_BLOCK, _MANAGED)  # none may reach the child while it has our handlers
            pid = os.fork()
            if not pid:
                self._be_child()
            self._warm.add(pid)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _MANAGED)

    def _be_child(self) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # who sends it to all of us gets the same end as from us
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _MANAGED)
            die_with_parent(self._pid)
            for descriptor in (self._taken, self._wakes, self._waking, self._going_on):
                os.close(descriptor)
            self._serve(lambda: _say(self._taking), self._ending)
            status = 0
        except BaseException as error:  # noqa: BLE001 - whatever it is, its text may quote a reporter
            self._tally.count(f"a process ended by {type(error).__name__}")
        finally:
            os._exit(status)  # no handler, buffer or thread of the mother's may end with us

    def _wait(self, now: float) -> None:
        """Sleep until there is something to do, seen from `now`: a moment that has passed since then is due at once."""
        times = [0.0] if self._told and self._drained_at is None else [*self._busy.values()]
        if self._drained_at is not None and self._drained_at > now:
            times.append(self._drained_at)
        times += [until for until in (self._pause_until, self._rest_until) if until > now]
        times.append(now + DAY - time.time() % DAY)  # midnight
        seconds = max(0.0, min(times) - time.monotonic())
        with contextlib.suppress(InterruptedError):
            select.select([self._taken, self._wakes], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakes, 4096)

    def _bury(self) -> None:
        """First see who ended, then who took a connection: who did both in between counts as having served."""
        ended = []
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                ended.append(pid)
        now = time.monotonic()
        until = self._drained_at or now + self._pool.connection_seconds
        with contextlib.suppress(BlockingIOError):
            while said := os.read(self._taken, 1024 * _PID.size):
                for (pid,) in _PID.iter_unpack(said):
                    self._warm.discard(pid)
                    self._busy[pid] = until
                self._rest_until = now + REST_SECONDS
        for pid in ended:
            if pid in self._warm and not self._told:
                self._pause_until = now + PAUSE_SECONDS
            self._warm.discard(pid)
            self._busy.pop(pid, None)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        if self._drained_at is not None and self._drained_at <= now:
            self._busy |= dict.fromkeys(self._warm, self._drained_at)  # one that waits when it should have ended
            self._warm.clear()
        for pid in [pid for pid, until in self._busy.items() if until <= now]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self._busy[pid] = now + PAUSE_SECONDS  # until it is buried


def _say(taking: int) -> None:
    os.write(taking, _PID.pack(os.getpid()))
