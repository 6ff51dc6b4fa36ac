"""What every part of the store works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from dropbox.intake.days import day_of
from dropbox.intake.limits import Limits
from dropbox.protocol.keys import RootPublicKey
from dropbox.storage.database import Database

_QUOTA_LOCK: Final = 0x44425851_554F5441
_LOCK: Final = text("SELECT pg_advisory_xact_lock(:key)")


@dataclass(frozen=True)
class Context:
    """The database, the pinned root, the limits, and the two things that tests replace: clock and randomness."""

    database: Database
    root: RootPublicKey
    limits: Limits
    clock: Callable[[], int]
    random: Callable[[int], bytes]

    @property
    def today(self) -> int:
        """The UTC day by the clock."""
        return day_of(self.clock())

    def lock_quotas(self, connection: Connection) -> None:
        """Let one transaction at a time count and spend what is left, also when several hosts share one PostgreSQL.

        SQLite has one writer at a time anyway. Always taken after a row's lock, never before: no deadlock.
        """
        if not self.database.is_sqlite:
            connection.execute(_LOCK, {"key": _QUOTA_LOCK})
