"""What a fork costs is the number of page table entries: the mother's heap in pages of 2 MiB has some twenty."""

import ctypes

_MADV_COLLAPSE = 25  # madvise(2), Linux 6.1
_HUGE = 2 << 20


def gather() -> bool:
    """Put the heap of this process into huge pages, once; tell whether the kernel did. It is as good without.

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
