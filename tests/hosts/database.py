"""PostgreSQL on two machines: a primary, and a replica without whose word no commit is answered."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hosts.network import Machine, until
from tests.postgres import binaries

_SHIPPED: Final = Path(__file__).parents[2] / "deploy" / "several"
ACCOUNT: Final = "postgres"
PORT: Final = 5432


@dataclass
class Server:
    """PostgreSQL on one machine."""

    machine: Machine
    certificates: Path

    @property
    def data(self) -> Path:
        return self.machine.folder / "data"

    def make(self) -> None:
        """Make a new cluster with a database for intake, and start it as the primary."""
        self._own()
        self._run("initdb", "-D", str(self.data), "-U", ACCOUNT, "--auth=trust", "--no-sync", "-E", "UTF8")
        shutil.copyfile(_SHIPPED / "pg_hba.conf", self.data / "pg_hba.conf")
        shutil.copyfile(_SHIPPED / "postgresql.conf", self.data / "shipped.conf")
        self._configure()
        self.start()
        # Without this nothing is answered before a replica follows.
        alone = "dbname=postgres options='-c synchronous_commit=local'"
        self.sql("CREATE ROLE intake LOGIN", alone)
        self.sql("CREATE ROLE replica LOGIN REPLICATION", alone)
        self.sql("CREATE DATABASE dropbox OWNER intake", alone)

    def follow(self, primary: "Server") -> None:
        """Copy the primary and follow it, as `replica`."""
        self._own()
        key = self.certificates / "replica"
        line = (
            f"host={primary.machine.address} user=replica application_name=replica sslmode=verify-full"
            f" sslrootcert={self.certificates}/authority.crt sslcert={key}.crt sslkey={key}.key"
        )
        self._run("pg_basebackup", "-d", line, "-D", str(self.data), "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self._configure()
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.machine.start(str(binaries() / "postgres"), "-D", str(self.data), account=ACCOUNT)
        until(self._answers, "PostgreSQL does not start")

    def promote(self) -> None:
        """Make the replica the primary, as docs/operations.md says: from now on there is one copy."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "promote")
        self.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.sql("SELECT pg_reload_conf()")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement over the server's own socket."""
        options = ["-h", str(self.machine.folder), "-U", ACCOUNT, "-d", database, "-qtA", "-v", "ON_ERROR_STOP=1"]
        return self._run("psql", *options, "-c", statement).strip()

    def _answers(self) -> bool:
        command = [str(binaries() / "pg_isready"), "-q", "-h", str(self.machine.folder)]
        return subprocess.run(command, check=False).returncode == 0

    def _configure(self) -> None:
        name = self.certificates / self.machine.name
        own = [
            "include 'shipped.conf'",
            f"listen_addresses = '{self.machine.address}'",
            f"unix_socket_directories = '{self.machine.folder}'",
            f"ssl_ca_file = '{self.certificates}/authority.crt'",
            f"ssl_cert_file = '{name}.crt'",
            f"ssl_key_file = '{name}.key'",
            "fsync = off",
        ]
        (self.data / "postgresql.conf").write_text("\n".join(own) + "\n")

    def _own(self) -> None:
        shutil.chown(self.machine.folder, ACCOUNT)

    def _run(self, command: str, *arguments: str) -> str:
        return self.machine.run(str(binaries() / command), *arguments, account=ACCOUNT)
