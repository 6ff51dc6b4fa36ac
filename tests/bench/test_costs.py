"""The books that the figures come from: nobody's processor time is missed, and shared memory counts once."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from tests.bench.costs import memory, processor_seconds

_MIB = 1 << 20


@contextlib.contextmanager
def child(work: Callable[[], object]) -> Iterator[int]:
    """A process that has done this work while the body runs."""
    (done, says), (told, tells) = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        kept = work()
        os.write(says, b".")
        os.read(told, 1)
        os._exit(0 if kept is not None else 1)
    assert os.read(done, 1)
    try:
        yield pid
    finally:
        os.write(tells, b".")
        assert os.waitpid(pid, 0) == (pid, 0)
        for descriptor in (done, says, told, tells):
            os.close(descriptor)


def burn() -> bool:
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass
    return True


def test_the_processor_time_of_a_process_counts_while_it_lives_and_after() -> None:
    before = processor_seconds([os.getpid()])
    with child(burn) as pid:
        assert processor_seconds([pid]) >= 0.45
        assert processor_seconds([os.getpid(), pid]) - before >= 0.45
    assert processor_seconds([os.getpid(), pid]) - before >= 0.45


def test_memory_that_two_processes_share_counts_once() -> None:
    held = b"x" * (64 * _MIB)
    before = memory([os.getpid()])
    with child(lambda: True) as pid:
        assert memory([os.getpid(), pid]) - before < 32 * _MIB
    with child(lambda: held + b"y") as pid:
        assert memory([os.getpid(), pid]) - before >= 60 * _MIB
