"""From the drivers' exceptions to ours.

The drivers' texts quote statements and parameters, and a parameter may be a stranger's bytes, so none of them is kept:
callers raise the translated exception `from None`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dropbox.storage.errors import (
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseGoneError,
    DatabaseLockedError,
    StorageError,
)

_SQLITE: Final[dict[int, type[StorageError]]] = {
    sqlite3.SQLITE_FULL: DatabaseFullError,
    sqlite3.SQLITE_BUSY: DatabaseLockedError,
    sqlite3.SQLITE_LOCKED: DatabaseLockedError,
    sqlite3.SQLITE_CANTOPEN: DatabaseGoneError,
    sqlite3.SQLITE_IOERR: DatabaseGoneError,
    sqlite3.SQLITE_READONLY: DatabaseGoneError,
    sqlite3.SQLITE_PERM: DatabaseGoneError,
    sqlite3.SQLITE_NOTADB: DatabaseDamagedError,
    sqlite3.SQLITE_CORRUPT: DatabaseDamagedError,
}
_PRIMARY_CODE: Final = 0xFF  # an extended SQLite code keeps the primary one in its lowest byte

# SQLSTATE classes and codes, PostgreSQL manual, appendix A.
_SQLSTATE: Final[tuple[tuple[str, type[StorageError]], ...]] = (
    ("53", DatabaseFullError),  # insufficient resources: disk full, out of memory, too many connections
    ("55P03", DatabaseLockedError),  # lock not available
    ("40", DatabaseLockedError),  # serialization failure, deadlock
    ("57", DatabaseGoneError),  # administrator's shutdown, crash, cannot connect now
    ("08", DatabaseGoneError),  # connection exception
    ("25006", DatabaseGoneError),  # it takes no writes: a primary that became a standby
    ("28", DatabaseGoneError),  # this account may not open it
    ("3D", DatabaseGoneError),  # no such database
    ("58", DatabaseGoneError),  # error of the system below
    ("XX001", DatabaseDamagedError),
    ("XX002", DatabaseDamagedError),
)


def of_sqlite(error: sqlite3.Error) -> StorageError | None:
    """Our exception for SQLite's, or None when it is a mistake in our own code."""
    code = getattr(error, "sqlite_errorcode", None)
    found = None if code is None else _SQLITE.get(code & _PRIMARY_CODE)
    return None if found is None else found()


def of_sqlstate(state: str) -> StorageError | None:
    """Our exception for PostgreSQL's SQLSTATE, or None when it is a mistake in our own code."""
    return next((found() for prefix, found in _SQLSTATE if state.startswith(prefix)), None)


def translate(error: Exception) -> StorageError | None:
    """Our exception for whatever a driver raised, or None when it is a mistake in our own code."""
    if isinstance(error, IntegrityError):
        return None
    if isinstance(error, PoolTimeoutError):
        return DatabaseLockedError()
    inner = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(inner, sqlite3.Error):
        return of_sqlite(inner)
    state = getattr(inner, "sqlstate", None)
    if isinstance(state, str):
        return of_sqlstate(state)
    broken = isinstance(error, DBAPIError) and error.connection_invalidated
    return DatabaseGoneError() if broken or isinstance(error, OSError | InterfaceError) else None


@contextmanager
def translated() -> Iterator[None]:
    """Let the body's database exceptions out as ours; anything else passes unchanged."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, sqlite3.Error, OSError) as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from None
