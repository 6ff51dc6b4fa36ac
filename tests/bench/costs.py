"""What a server's processes cost: processor time and memory, from the kernel's own books."""

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_EVERY: Final = 0.2  # seconds between two looks at the memory
_PRIVATE: Final = re.compile(r"^Pss_(?:Anon|Shmem): +(\d+) kB$", re.MULTILINE)


def processor_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of these processes and of those of their children that have ended and were buried."""
    return sum(map(_processor_ticks, pids)) / _TICKS


def memory(pids: Iterable[int]) -> int:
    """Return how many bytes these processes hold together; what several share counts once. Mapped files do not count:
    the kernel takes them back when it wants to.
    """
    return sum(map(_memory, pids)) << 10


@contextmanager
def watched(pids: Callable[[], Iterable[int]]) -> Iterator[list[int]]:
    """Give a list that grows by the memory of the processes that there are, as long as the body runs."""
    seen, over = [memory(pids())], threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY):
            seen.append(memory(pids()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _processor_ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has ended, and its mother's books have it
    return sum(map(int, stat.rpartition(")")[2].split()[11:15]))


def _memory(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, _PRIVATE.findall(rollup)))
