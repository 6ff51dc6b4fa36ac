"""A heap that is cheap to fork and cheap to write to, for a process that holds all that its children need.

A fork costs time for each entry of the page table, and a child for each page that it writes to: two to three
microseconds, far more than what it writes. All of this is as good without: where the C library or the kernel does not
have it, nothing else changes.
"""

import ctypes
import gc

_MADV_COLLAPSE = 25  # madvise(2), Linux 6.1
_HUGE = 2 << 20
_LARGEST, _SMALLEST, _STEP = 64 << 10, 24, 16  # bytes of pieces that the allocator gives from one heap


def settle() -> None:
    """To be called before the first fork, and again once more was learnt."""
    gc.collect()
    gc.freeze()  # what is never looked at is never copied
    fill_holes()
    gather()


class _Heap(ctypes.Structure):
    """`struct mallinfo2` of mallinfo(3); `keepcost` is what is free at the heap's end."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks",
                     "keepcost")
    ]  # fmt: skip


def fill_holes() -> bool:
    """Take the free pieces between what lives, for good; tell whether this C library lets us.

    They lie on pages all over the heap: a child that gets them copies each of these pages, one that gets none has its
    new objects side by side at the heap's end.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):
        return False
    libc.mallinfo2.restype = _Heap
    libc.sbrk.restype = libc.malloc.restype = ctypes.c_void_p
    libc.sbrk.argtypes, libc.malloc.argtypes = (ctypes.c_ssize_t,), (ctypes.c_size_t,)
    end = libc.sbrk(0) - libc.mallinfo2().keepcost
    size = _LARGEST
    while size >= _SMALLEST:
        while (libc.malloc(size) or end) < end:
            pass
        size -= max(size // 16, _STEP)
    return True


def gather() -> bool:
    """Put the heap into pages of 2 MiB, some twenty in all; tell whether the kernel did.

    A child that writes gets single pages of its own again, those that it writes to.
    """
    with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123 - as in `confinement`
        heap = next((line.split("-", 1) for line in maps if line.endswith("[heap]\n")), None)
    if heap is None:
        return False
    start = -(-int(heap[0], 16) // _HUGE) * _HUGE
    length = int(heap[1].split()[0], 16) // _HUGE * _HUGE - start
    if length <= 0:
        return False
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return bool(advise(start, length, _MADV_COLLAPSE) == 0)
