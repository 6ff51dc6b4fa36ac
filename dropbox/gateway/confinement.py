"""What a gateway process cannot do: write a file, leave a core dump, be looked into, go to swap, outlive its parent.

aiohttp imports `tempfile` and would spill uploads to disk if one of its conveniences were used by mistake: two locks
stand between such a mistake and a reporter's file on the host's disk.

Memory that is freed is overwritten by the C library's allocator, which Python is made to use for everything: its own
would keep freed words readable in its pools. Both are settings of the environment that count from a process's start.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Sequence

from dropbox.gateway.errors import WriteRefused

OVERWRITING = {
    "PYTHONMALLOC": "malloc",
    "MALLOC_PERTURB_": "165",
    # What a large upload frees it takes again: given to the kernel in between, every page would come anew.
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
}
MEMORY_MOST = (
    512 << 20
)  # bytes that one connection may allocate: boards of four recipients, and as much again, and more
PROCESSOR_SECONDS = 900  # that one connection may use: a report of 1 GiB takes some twenty

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # prctl(2)
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4  # mlockall(2)
_CAP_IPC_LOCK = 14  # capabilities(7)

_LIBC = ctypes.CDLL(None)  # made once: it makes classes, and each process would pay for them anew
_LIBC.prctl  # noqa: B018 - looked up once, as above
_SIGKILL = int(signal.SIGKILL)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED_EVENTS = frozenset({"tempfile.mkstemp", "tempfile.mkdtemp"})


def overwrite_freed_memory() -> None:
    """Start this command anew, as the same process, unless its environment says already how memory is freed."""
    if any(os.environ.get(name) != value for name, value in OVERWRITING.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | OVERWRITING)  # noqa: S606 -- this very command


def forbid_looking() -> None:
    """No core dump, and no other process of this account reads this one's memory; its children inherit both."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _LIBC.prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which forked it, ends; end at once when it has ended already."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit_cost() -> None:
    """Bound memory and processor of this process: one that leaks or runs in circles ends by itself."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))


def can_lock_memory() -> bool:
    """Whether the account may lock as much memory as a process needs. Under a limit locking is worse than none: at
    the limit allocation fails.
    """
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    with open("/proc/self/status", encoding="utf-8") as status:  # noqa: PTH123 - keeps this module's imports few
        effective = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    return most == resource.RLIM_INFINITY or bool(effective >> _CAP_IPC_LOCK & 1)


def has_swap() -> bool:
    """Whether memory of this machine can go to a disk at all."""
    with open("/proc/swaps", encoding="utf-8") as swaps:  # noqa: PTH123 - as above
        return len(swaps.readlines()) > 1  # the first line is a heading


def lock_memory() -> None:
    """Keep every page of this process out of swap, and those that it will get, as they come."""
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
    _LIBC.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def forbid_writing() -> None:
    """Refuse, from now on and for good, to open any file for writing, and to make any file larger than it is.

    Streams and sockets that are open already go on working, except an output that is a plain file: print what an
    operator must see before. Children inherit it.
    """
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_refuse_writing)


def _refuse_writing(event: str, arguments: Sequence[object]) -> None:
    if event in _REFUSED_EVENTS or (event == "open" and _writes(*arguments)):
        message = "this process does not write files"
        raise WriteRefused(message)


def _writes(path: object, mode: object, flags: object) -> bool:
    if isinstance(path, int):
        return False  # wraps a descriptor that is open already
    by_mode = isinstance(mode, str) and any(letter in mode for letter in "wax+")
    return by_mode or (isinstance(flags, int) and bool(flags & _WRITING))
