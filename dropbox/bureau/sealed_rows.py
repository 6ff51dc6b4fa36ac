"""Rows of the vault, sealed: a small JSON value under a key, bound to its table and to its row."""

from __future__ import annotations

import json
from typing import Any

from dropbox.storage.sealed_file import open_sealed, seal

Value = dict[str, Any]


def context(table: str, *row: bytes | int | str) -> bytes:
    """Where a value stands: one that is moved to another row or table does not open."""
    parts = [one.hex() if isinstance(one, bytes) else one for one in row]
    return json.dumps(["dropbox/v1/row", table, *parts]).encode()


def seal_value(key: bytes, value: Value, table: str, *row: bytes | int | str) -> bytes:
    """Seal a value for a row."""
    return seal_bytes(key, json.dumps(value, separators=(",", ":")).encode(), table, *row)


def open_value(key: bytes, body: bytes, table: str, *row: bytes | int | str) -> Value:
    """Open the value of a row.  Raises StorageError for one that was moved, altered, or sealed to another key."""
    value: Value = json.loads(open_bytes(key, body, table, *row))
    return value


def seal_bytes(key: bytes, data: bytes, table: str, *row: bytes | int | str) -> bytes:
    """Seal bytes for a row."""
    return seal(key, data, context(table, *row))


def open_bytes(key: bytes, body: bytes, table: str, *row: bytes | int | str) -> bytes:
    """Open the bytes of a row.  Raises StorageError."""
    return open_sealed(key, body, context(table, *row))
