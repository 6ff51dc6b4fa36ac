"""A private PostgreSQL for tests: a cluster in a temporary folder, on a Unix socket only, one database per test.

Use it by importing the fixtures into a `conftest.py`: `from tests.postgres import postgres_cluster, postgres_url`.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest


def binaries() -> Path:
    """The folder of PostgreSQL's commands."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


@dataclass
class Cluster:
    """A running server. Root may not run one: then it belongs to the Debian account `postgres`."""

    folder: Path
    binaries: Path
    account: str | None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, *command: str) -> None:
        """Run one of PostgreSQL's commands."""
        subprocess.run(
            [str(self.binaries / command[0]), *command[1:]],
            check=True,
            user=self.account,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        name = f"test{next(self._numbers)}"
        self.run("createdb", "-h", str(self.folder), "-U", "postgres", name)
        return f"postgresql://postgres@/{name}?host={self.folder}"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """Start a server, stop it after the last test."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    account = "postgres" if os.geteuid() == 0 else None
    if account:
        shutil.chown(folder, account)
    cluster = Cluster(folder, binaries(), account)
    data = str(folder / "data")
    try:
        cluster.run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses= -k {folder} -c fsync=off -c max_connections=50"
        cluster.run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield cluster
        finally:
            cluster.run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """Give the URL of an empty database."""
    return postgres_cluster.new_database()
