"""Runs the acceptor in this process and keeps a mother beside it.

This process loads nothing that reads requests: the mother loads it after the fork. A mother that ends is replaced, and
the kernel ends her children with her; connections that wait in the queue go to those of the next one.
"""

import contextlib
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from dropbox.gateway.acceptor import Acceptor
from dropbox.gateway.confinement import can_lock_memory, die_with_parent, forbid_looking, forbid_writing, has_swap
from dropbox.gateway.crowd import Crowd
from dropbox.gateway.errors import NotStarted
from dropbox.gateway.settings import Listen, Settings

SOCKET_MODE = 0o660
BACKLOG = 1024
KNOCK_SECONDS = 2.0  # for whoever may have the socket to take a connection
PAUSE_SECONDS = 1.0  # between a mother that ended and the next
GRACE_SECONDS = 5.0  # more than its children get, until a mother that was told to end is killed
UNLOCKED = "memory cannot be locked under this account's limit: switch swap off, or raise LimitMEMLOCK"
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Supervisor:
    """The acceptor's process. Raises `NotStarted` when the first mother does not come up."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        """`say` writes a line for the operator."""
        self._settings, self._say = settings, say
        self._jobs, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._jobs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._crowd = Crowd()
        self._told = False
        self._mother = 0
        self._until = 0.0  # before which no mother is made

    def run(self) -> None:
        """Listen, say "ready", and serve until SIGTERM or SIGINT."""
        forbid_looking()
        if has_swap() and not can_lock_memory():
            sys.stderr.write(f"dropbox-gateway: {UNLOCKED}\n")
        with _listening(self._settings.listen) as (listener, where), self._signals() as woken:
            self._mother = self._fork()
            self._say(f"ready {where}")
            forbid_writing()
            acceptor = Acceptor(self._settings, listener, self._jobs, self._crowd)
            acceptor.watch(woken, lambda: _empty(woken))
            while not self._told:
                acceptor.turn(PAUSE_SECONDS if self._bereft() else None)
            listener.close()
            acceptor.close()
            self._end()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[int]:
        """Have every signal make the returned descriptor readable."""
        woken, waking = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._note)
        yield woken
        signal.set_wakeup_fd(-1)

    def _note(self, number: int, _frame: object) -> None:
        self._told = self._told or number != signal.SIGCHLD

    def _bereft(self) -> bool:
        """Whether there is no mother just now. One that ended is replaced after a pause, which is the caller's."""
        if self._mother and os.waitpid(self._mother, os.WNOHANG)[0]:
            self._mother, self._until = 0, time.monotonic() + PAUSE_SECONDS
        elif not self._mother and time.monotonic() >= self._until:
            with contextlib.suppress(NotStarted):
                self._mother = self._fork()
            self._until = time.monotonic() + PAUSE_SECONDS
        return not self._mother

    def _fork(self) -> int:
        """Fork a mother and wait until it is ready; raise `NotStarted` when it ends before."""
        ready, saying = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        parent = os.getpid()
        pid = os.fork()
        if not pid:
            self._be_mother(saying, parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(saying)
        said = os.read(ready, 1)
        os.close(ready)
        if not said:
            os.waitpid(pid, 0)
            message = "the pages cannot be served"
            raise NotStarted(message)
        return pid

    def _be_mother(self, saying: int, parent: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            die_with_parent(parent)
            _close_all_but(saying, self._theirs.fileno(), self._crowd.seen)
            from dropbox.gateway import nursery  # noqa: PLC0415 - in the acceptor's process it must not be

            # aiohttp warns about odd headers with the header in the text: a stranger's words on the host's log.
            warnings.simplefilter("ignore")
            nursery.keep(self._settings, self._theirs, self._crowd.seen, lambda: _say_ready(saying))
            status = 0
        except BaseException as error:  # noqa: BLE001 - the process ends here, whatever it is
            sys.stderr.write(f"dropbox-gateway: the processes cannot be kept: {type(error).__name__}\n")
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _end(self) -> None:
        """Have the mother end her children and herself; kill her when she does not."""
        if not self._mother:
            return
        until = time.monotonic() + self._settings.drain_seconds + GRACE_SECONDS
        self._jobs.shutdown(socket.SHUT_WR)  # who waits ends, once what was given away before is taken
        os.kill(self._mother, signal.SIGTERM)
        while not os.waitpid(self._mother, os.WNOHANG)[0]:
            if time.monotonic() > until:
                os.kill(self._mother, signal.SIGKILL)
            signal.sigtimedwait((signal.SIGCHLD,), 0.05)


@contextlib.contextmanager
def _listening(listen: Listen) -> Iterator[tuple[socket.socket, str]]:
    """Bind the socket; give it with where it is. Raises `NotStarted` where another process listens."""
    if isinstance(listen, Path):
        if listen.is_socket():
            if _answers(listen):
                raise NotStarted(f"another process listens at {listen}: end it first")
            listen.unlink()  # left behind by a process that was killed
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(listen))
            listen.chmod(SOCKET_MODE)
            listener.listen(BACKLOG)
            yield listener, str(listen)
        with contextlib.suppress(OSError):
            listen.unlink()
        return
    with socket.create_server((listen.host, listen.port), family=_family(listen.host), backlog=BACKLOG) as listener:
        host, port = listener.getsockname()[:2]
        yield listener, f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.settimeout(KNOCK_SECONDS)
        try:
            knocking.connect(str(path))
        except TimeoutError:
            return True  # its queue is full
        except OSError:
            return False
        return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _empty(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        os.read(descriptor, 4096)


def _say_ready(saying: int) -> None:
    os.write(saying, b"r")
    os.close(saying)


def _close_all_but(*kept: int) -> None:
    """Close what the acceptor holds: a connection's end that we kept would outlive the visit."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are enough
        if int(name) > sys.stderr.fileno() and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))
