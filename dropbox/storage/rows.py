"""Rows of any table as text, for copies of a database: the same rows in the same order are the same text."""

import base64
import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, LargeBinary, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

_AT_ONCE: Final = 500  # rows in one statement


async def copied(connection: AsyncConnection, table: Table, *which: ColumnElement[bool]) -> bytes:
    """Give the rows of a table for which these hold, in the order of their keys; no rows are empty bytes."""
    found = await connection.execute(select(table).where(*which).order_by(*table.primary_key.columns))
    rows = [[_written(row._mapping[column]) for column in table.columns] for row in found]  # noqa: SLF001 - its public name
    return json.dumps(rows, separators=(",", ":")).encode() if rows else b""


async def put_back(connection: AsyncConnection, table: Table, content: bytes) -> None:
    """Insert the rows that `copied` gave. Raises ValueError for anything else."""
    rows = [_read(table, row) for row in json.loads(content or b"[]")]
    for at in range(0, len(rows), _AT_ONCE):
        await connection.execute(insert(table), rows[at : at + _AT_ONCE])


async def are_empty(connection: AsyncConnection, tables: Sequence[Table]) -> bool:
    """Whether none of these tables holds a row."""
    for table in tables:
        if await connection.scalar(select(func.count()).select_from(table)):
            return False
    return True


def _written(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _read(table: Table, row: list[Any]) -> dict[str, Any]:
    return {
        column.name: base64.b64decode(value) if isinstance(column.type, LargeBinary) and value is not None else value
        for column, value in zip(table.columns, row, strict=True)
    }
