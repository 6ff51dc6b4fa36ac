"""The vault's rows as a backup holds them: in parts that change seldom, each a text that is the same for the same rows.

Left out is what a restored desk could not use: envelopes that were not opened, since no backup holds a prekey, and
files of envelopes that are being opened.  The pieces of files are copied apart: they never change.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import ColumnElement, LargeBinary, Table, true
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau.store import State
from dropbox.bureau.tables import Base, FileChunkRow, FileRow, IncomingChunkRow, IncomingRow
from dropbox.storage import rows

_APART: Final = frozenset({IncomingChunkRow.__tablename__, FileChunkRow.__tablename__})
_DONE: Final = (State.OPENED.value, State.GONE.value, State.FORGOTTEN.value)
_PORTIONS: Final = 16  # of a table whose rows have random names
_STEP: Final = 256 // _PORTIONS


def tables() -> list[Table]:
    """Those whose rows stand in parts."""
    return [table for table in Base.metadata.sorted_tables if table.name not in _APART]


async def parts(connection: AsyncConnection) -> AsyncIterator[tuple[str, bytes]]:
    """(name, content) of every part with rows, in one state of the database: that of the caller's transaction."""
    for table in tables():
        for name, portion in _portions(table):
            if content := await rows.copied(connection, table, _kept(table), portion):
                yield name, content


async def put_back(connection: AsyncConnection, content: bytes, name: str) -> None:
    """Insert the rows of a part."""
    await rows.put_back(connection, Base.metadata.tables[name.partition("-")[0]], content)


def _portions(table: Table) -> list[tuple[str, ColumnElement[bool]]]:
    first = next(iter(table.primary_key.columns))
    if not isinstance(first.type, LargeBinary):
        return [(table.name, true())]
    starts = [bytes([number * _STEP]) for number in range(_PORTIONS)]
    within = [(first >= start) & (first < end) for start, end in itertools.pairwise(starts)]
    return [(f"{table.name}-{number:x}", one) for number, one in enumerate([*within, first >= starts[-1]])]


def _kept(table: Table) -> ColumnElement[bool]:
    if table.name == FileRow.__tablename__:
        return table.c.case_id.is_not(None)
    if table.name == IncomingRow.__tablename__:
        return table.c.state.in_(_DONE)
    return true()
