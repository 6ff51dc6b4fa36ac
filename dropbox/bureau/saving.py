"""Saving a keyring without holding up everything else: its whole file is sealed, written and synced."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    _State_contra = TypeVar("_State_contra", contravariant=True)

    class _Keyring(Protocol[_State_contra]):
        def save(self, state: _State_contra) -> None: ...


async def save(keyring: _Keyring[_State_contra], state: _State_contra) -> None:
    """Durable when this returns.  The caller holds `vault.changing`, and so holds it until the file is whole.

    Who is cancelled meanwhile waits for the thread all the same: two writers of one file would leave neither's.
    """
    writing = asyncio.ensure_future(asyncio.to_thread(keyring.save, state))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise
