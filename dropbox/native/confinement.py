"""What this process does so that nothing of a reporter stays behind on the machine, and what it cannot do.

Python cannot overwrite what it has used: text and words stand in the memory of this process until it ends.  So that
memory must end nowhere else: not in a core dump, not with a debugger of the same account, and, where the system lets
us, not in swap.
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

_PR_SET_DUMPABLE = 4
_LOCK_ALL = 1 | 2  # MCL_CURRENT | MCL_FUTURE
_SWAPS = Path("/proc/swaps")


def confine() -> bool:
    """Begin; tells whether memory may still end in swap, of which the reporter is told."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        locked = _lock(libc)
    except (OSError, AttributeError):  # not Linux
        locked = False
    return not locked and swaps()


def _lock(libc: ctypes.CDLL) -> bool:
    """Lock all memory where no limit stands: under a limit, what is allocated later would fail in the middle of work.

    An account's usual limit is 8 MiB, less than an interpreter takes.
    """
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if most != resource.RLIM_INFINITY:
        return False
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
    return bool(libc.mlockall(_LOCK_ALL) == 0)


def swaps() -> bool:
    """Whether the system writes memory to a disk; True where that cannot be known."""
    try:
        lines = _SWAPS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return True
    return any(not line.startswith("/dev/zram") for line in lines[1:])
