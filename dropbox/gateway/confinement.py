"""A gateway process cannot write a file.

aiohttp imports `tempfile` and would spill uploads to disk if one of its conveniences were used by mistake: two locks
stand between such a mistake and a reporter's file on the host's disk.
"""

import os
import resource
import sys
from collections.abc import Sequence

from dropbox.gateway.errors import WriteRefused

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED_EVENTS = frozenset({"tempfile.mkstemp", "tempfile.mkdtemp"})


def forbid_writing() -> None:
    """Refuse, from now on and for good, to open any file for writing, and to make any file larger than it is.

    Streams and sockets that are open already go on working, except an output that is a plain file: print what an
    operator must see before. No core dump is made either.
    """
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
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
