"""A PostgreSQL of our own that is killed in the middle of things and started again."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.crash.plan import How
from tests.postgres import Cluster, binaries

_PATIENCE: Final = 600  # tries, a twentieth of a second apart


class Server:
    """One cluster in a temporary folder, reached through a Unix socket."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="cp"))
        account = "postgres" if os.geteuid() == 0 else None
        if account:
            shutil.chown(folder, account)
        self._cluster = Cluster(folder, binaries(), account)
        self._cluster.run("initdb", "-D", "data", "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
        self._start()

    def stop(self) -> None:
        """For good."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._cluster.run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._cluster.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Of a database."""
        return f"postgresql://postgres@/{name}?host={self._cluster.folder}"

    def make(self, name: str, template: str = "template0") -> None:
        """A database, empty or a copy."""
        self._run("createdb", "-T", template, name)

    def drop(self, name: str) -> None:
        """A database that nobody needs any more."""
        self._run("dropdb", "--force", "--if-exists", name)

    def wait(self) -> None:
        """Until it answers again."""
        for _ in range(_PATIENCE):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._run("psql", "-qc", "SELECT 1", "template1")
                return
            time.sleep(0.05)
        raise AssertionError("PostgreSQL did not come back")

    def strike(self, how: How, database: str) -> None:
        """Do it now; where the server dies it is started again at once."""
        if how is How.SERVER_KILLED:
            main = self._main()
            for process in (main, *self._children(main)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self._remove_segment()
            # All of them are dead, but until somebody has buried the first one its number looks alive.
            for name in ("data/postmaster.pid", ".s.PGSQL.5432.lock"):
                (self._cluster.folder / name).unlink(missing_ok=True)
            self._start()
            return
        backends = [process for process in self._children(self._main()) if f" {database} " in _title(process)]
        strength = signal.SIGKILL if how is How.BACKEND_KILLED else signal.SIGTERM
        for process in backends[:1] if strength == signal.SIGKILL else backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, strength)

    def _start(self) -> None:
        # mmap: what a killed server leaves of its memory stands in its folder, not in /dev/shm.
        options = f"-c listen_addresses= -k {self._cluster.folder} -c fsync=off -c dynamic_shared_memory_type=mmap"
        self._cluster.run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def _remove_segment(self) -> None:
        """The few bytes of System V memory by which servers find each other: there is room for some thousands."""
        *_, segment, _ = (self._cluster.folder / "data" / "postmaster.pid").read_text().split()
        subprocess.run(["ipcrm", "-m", segment], check=False, capture_output=True)

    def _run(self, command: str, *arguments: str) -> None:
        self._cluster.run(command, "-h", str(self._cluster.folder), "-U", "postgres", *arguments)

    def _main(self) -> int:
        return int((self._cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    @staticmethod
    def _children(process: int) -> list[int]:
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _title(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
