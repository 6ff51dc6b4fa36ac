"""Looks for planted secrets in the memory of running processes, as root: the figure `residue_copies`."""

import contextlib
import os
import re
import signal
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

_PIECE: Final = 4 << 20
_REGION: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r")
_NOT_MEMORY: Final = ("[vvar", "[vsyscall]")


def copies(pids: Iterable[int], needles: Mapping[str, bytes]) -> dict[str, int]:
    """Return how often each secret stands in the memory of these processes, all together."""
    found = dict.fromkeys(needles, 0)
    for pid in pids:
        with _stopped(pid):
            for name, count in _copies_in(pid, needles).items():
                found[name] += count
    return found


def swapped(pids: Iterable[int]) -> int:
    """Return how many KiB of these processes are in swap."""
    maps = "".join(Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8") for pid in pids)
    sizes = re.findall(r"^Swap:\s+(\d+) kB$", maps, re.MULTILINE)
    assert sizes
    return sum(map(int, sizes))


def _copies_in(pid: int, needles: Mapping[str, bytes]) -> dict[str, int]:
    found = dict.fromkeys(needles, 0)
    overlap = max(map(len, needles.values())) - 1
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            region = _REGION.match(line)
            if region is None or any(name in line for name in _NOT_MEMORY):
                continue
            at, end = (int(number, 16) for number in region.groups())
            before = b""
            while at < end:
                piece = os.pread(memory.fileno(), min(_PIECE, end - at), at)
                if not piece:
                    break
                at += len(piece)
                window = before + piece
                for name, needle in needles.items():
                    # What stands wholly in the overlap was counted with the piece before.
                    found[name] += window.count(needle) - before.count(needle)
                before = window[-overlap:]
    return found


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """Let nothing move while we look."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
