"""Makes real system calls fail: compiles `shim.c`, starts the command again with it preloaded, and arms it."""

import ctypes
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.crash.plan import Fault, How, Who
from tests.crash.shared import PHASES, Shared

_SOURCE: Final = Path(__file__).with_name("shim.c")
_MARK: Final = "DROPBOX_CRASH_SHIM"
_WRITE, _SYNC, _NAME = 1, 2, 4
_FAIL, _DIE, _TORN = 0, 1, 2
_KINDS: Final = {How.FULL: _WRITE, How.SYNC: _SYNC}
_ACTIONS: Final = {How.DIE: _DIE, How.CUT: _DIE, How.TORN: _TORN}
_ERRORS: Final = {How.EIO: errno.EIO, How.FULL: errno.ENOSPC, How.SYNC: errno.EIO}
_NOT_OURS: Final = ("journal", ".sock", ".lock", ".json")


def preload(folder: Path) -> None:
    """Compile the shim and become the same command with it; returns in the process that has it."""
    if os.environ.get(_MARK):
        return
    library = folder / "shim.so"
    options = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["cc", *options, "-o", str(library), str(_SOURCE), "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), _MARK: str(folder)}
    ended = subprocess.run([sys.executable, "-m", "tests.crash.run", *sys.argv[1:]], check=False, env=environment)
    shutil.rmtree(folder)
    sys.exit(ended.returncode)


def arm(fault: Fault, folder: Path, shadow: Path, journal: int, shared: Shared) -> None:
    """From now on the calls of this process are counted, and the fault strikes."""
    library = ctypes.CDLL(None)
    library.crash_arm(
        os.fsencode(folder),
        os.fsencode(shadow) if fault.how is How.CUT else b"",
        str(fault.how).encode(),
        journal,
        ctypes.c_void_p(shared.phase_address),
        ctypes.c_long(PHASES.index(fault.phase)),
        _KINDS.get(fault.how, _WRITE | _SYNC | _NAME),
        _ACTIONS.get(fault.how, _FAIL),
        _ERRORS.get(fault.how, 0),
        ctypes.c_long(fault.number),
        ctypes.c_long(fault.lasting),
    )


def counted() -> int:
    """How many calls of the armed kind there were in the armed phase."""
    found = ctypes.CDLL(None).crash_count
    found.restype = ctypes.c_long
    return int(found())


def note_durable(folder: Path, shadow: Path) -> None:
    """Everything in the folder is on disk: remember it, by inode."""
    shutil.rmtree(shadow, ignore_errors=True)
    shadow.mkdir()
    for path in _files(folder):
        shutil.copyfile(path, shadow / str(path.stat().st_ino))


DESKS_DISKS: Final = frozenset({"vault", "vault_anew", "backup"})


def cut_power(folder: Path, shadow: Path, who: Who) -> None:
    """What was not synced is gone. Names stay as they were: a file that was never synced is empty."""
    for path in _files(folder):
        if who is not Who.BOTH and (path.relative_to(folder).parts[0] in DESKS_DISKS) != (who is Who.DESK):
            continue
        if path.name.endswith("-shm"):
            path.unlink()  # memory that processes shared, under a name
            continue
        durable = shadow / str(path.stat().st_ino)
        path.write_bytes(durable.read_bytes() if durable.exists() else b"")


def forget_durable(shadow: Path) -> None:
    """The power is back."""
    shutil.rmtree(shadow)


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(_NOT_OURS)]
    return [path for path in found if "saved" not in path.parts]
