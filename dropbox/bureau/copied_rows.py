"""The vault's rows as a backup holds them: in parts that change seldom, each a text that is the same for the same rows.

Left out is what a restored desk could not use: envelopes that were not opened, since no backup holds a prekey, and
files of envelopes that are being opened.  The pieces of files are copied apart: they never change.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import ColumnElement, LargeBinary, Table, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau.store import State
from dropbox.bureau.tables import Base, FileChunkRow, FileRow, IncomingChunkRow, IncomingRow

_APART: Final = frozenset({IncomingChunkRow.__tablename__, FileChunkRow.__tablename__})
_DONE: Final = (State.OPENED.value, State.GONE.value, State.FORGOTTEN.value)
_PORTIONS: Final = 16  # of a table whose rows have random names
_AT_ONCE: Final = 500  # rows in one statement


def tables() -> list[Table]:
    """Those whose rows stand in parts."""
    return [table for table in Base.metadata.sorted_tables if table.name not in _APART]


async def parts(connection: AsyncConnection) -> AsyncIterator[tuple[str, bytes]]:
    """(name, content) of every part with rows, in one state of the database: that of the caller's transaction."""
    for table in tables():
        for name, portion in _portions(table):
            statement = select(table).where(_kept(table), portion).order_by(*table.primary_key.columns)
            rows = [_written(table, row) for row in await connection.execute(statement)]
            if rows:
                yield name, json.dumps(rows, separators=(",", ":")).encode()


async def put_back(connection: AsyncConnection, content: bytes, name: str) -> None:
    """Insert the rows of a part."""
    table = Base.metadata.tables[name.partition("-")[0]]
    rows = [_read(table, row) for row in json.loads(content)]
    for at in range(0, len(rows), _AT_ONCE):
        await connection.execute(insert(table), rows[at : at + _AT_ONCE])


async def is_empty(connection: AsyncConnection) -> bool:
    """Whether no table holds a row, pieces of files aside."""
    counts = [await connection.scalar(select(func.count()).select_from(table)) for table in tables()]
    return not any(counts)


def _portions(table: Table) -> list[tuple[str, ColumnElement[bool]]]:
    first = next(iter(table.primary_key.columns))
    if not isinstance(first.type, LargeBinary):
        return [(table.name, true())]
    step = 256 // _PORTIONS
    return [
        (
            f"{table.name}-{number:x}",
            (first >= bytes([number * step]))
            & (first < bytes([(number + 1) * step]) if number + 1 < _PORTIONS else true()),
        )
        for number in range(_PORTIONS)
    ]


def _kept(table: Table) -> ColumnElement[bool]:
    if table.name == FileRow.__tablename__:
        return table.c.case_id.is_not(None)
    if table.name == IncomingRow.__tablename__:
        return table.c.state.in_(_DONE)
    return true()


def _written(table: Table, row: Any) -> list[Any]:  # noqa: ANN401 - a row of any table
    return [
        base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for value in (row._mapping[column] for column in table.columns)  # noqa: SLF001 - SQLAlchemy's own name for it
    ]


def _read(table: Table, row: list[Any]) -> dict[str, Any]:
    return {
        column.name: base64.b64decode(value) if isinstance(column.type, LargeBinary) and value is not None else value
        for column, value in zip(table.columns, row, strict=True)
    }
