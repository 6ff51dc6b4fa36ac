"""Fetching envelopes from intake, as far as the host lets us: needs no handler, and opens nothing.

Most envelopes are one chunk of 16 KiB: some are asked for at once, and one transaction keeps them.  Larger ones come
chunk by chunk, each committed, so that a line that breaks goes on where it ended.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from dropbox.bureau import store
from dropbox.bureau.opening import REFETCHED, REFETCHED_TRIES
from dropbox.bureau.store import State
from dropbox.courier.errors import BadAnswerError, RefusedError
from dropbox.protocol import sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dropbox.bureau.host import Host, Listed
    from dropbox.bureau.vault import Vault

AT_ONCE: Final = 8  # requests on their way; over Tor each takes a second, however small
GROUP: Final = 64  # envelopes kept in one transaction
GROUP_BYTES: Final = 8 * sizes.MIB
_THIS_ONE: Final = (BadAnswerError, RefusedError)  # is not what the host said; the others are still to be fetched


class Fetching:
    """One fetch after the other; `arrived` is called when something new waits to be opened."""

    def __init__(self, vault: Vault, host: Host, arrived: Callable[[], None]) -> None:
        """Fetch into this vault."""
        self._vault, self._host, self._arrived = vault, host, arrived

    async def fetch(self, today: int) -> bool:
        """Fetch what the host lists and is not here; False when the host did not give all of it.

        Raises CourierError, StorageError.
        """
        listed = [one for one in await self._host.envelopes() if one.is_possible(today)]
        names = {one.envelope for one in listed}
        async with self._vault.database.write() as connection:
            await _begin_failed_again(connection, names, today)
            states = await store.known(connection)
            await store.begin(connection, [one for one in listed if one.envelope not in states], today)
        wanted = [one for one in listed if states.get(one.envelope, State.FETCHING) is State.FETCHING]
        complete = True
        for group in _groups(sorted(wanted, key=lambda one: one.size)):  # the small need not wait for the large
            complete &= await (self._fetch_group(group) if _is_small(group[0]) else self._fetch_large(group[0]))
        # What was begun and is no longer there is forgotten.
        lost = [name for name, state in states.items() if state is State.FETCHING and name not in names]
        async with self._vault.database.write() as connection:
            await store.forget(connection, lost)
        return complete

    async def _fetch_group(self, group: Sequence[Listed]) -> bool:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(listed: Listed) -> bytes:
            async with turn:
                return await self._chunk(listed, 0)

        bodies = await asyncio.gather(*(one(listed) for listed in group), return_exceptions=True)
        whole = [(listed, body) for listed, body in zip(group, bodies, strict=True) if isinstance(body, bytes)]
        async with self._vault.database.write() as connection:
            await store.receive(connection, whole)
        if whole:
            self._arrived()
        for body in bodies:
            if isinstance(body, BaseException) and not isinstance(body, _THIS_ONE):
                raise body
        return len(whole) == len(group)

    async def _fetch_large(self, listed: Listed) -> bool:
        database = self._vault.database
        async with database.read() as connection:
            start = await store.chunks_here(connection, listed.envelope)
        for place in range(start, _chunks(listed)):
            try:
                body = await self._chunk(listed, place)
            except _THIS_ONE:
                return False
            async with database.write() as connection:
                if place == 0:
                    await store.begin_chunks(connection, listed, body)
                else:
                    await store.add_chunk(connection, listed.envelope, place, body)
        async with database.write() as connection:
            await store.move(connection, [listed.envelope], State.WAITING)
        self._arrived()
        return True

    async def _chunk(self, listed: Listed, place: int) -> bytes:
        body = await self._host.chunk(listed.envelope, place)
        if len(body) != min(sizes.UPLOAD_CHUNK, listed.size - place * sizes.UPLOAD_CHUNK):
            raise BadAnswerError
        if place == 0 and not listed.begins_with(body):
            raise BadAnswerError  # a false day would end a report's time before its prekey's
        return body


async def _begin_failed_again(connection: AsyncConnection, listed: set[bytes], today: int) -> None:
    """Once a day, and a few times only, what did not open is fetched anew: the copy here may be the damaged one."""
    for one in await store.envelopes(connection, State.FAILED):
        mendable = one.reason in REFETCHED and one.tries < REFETCHED_TRIES
        if mendable and one.envelope in listed and one.last_day != today:
            await store.begin_again(connection, one.envelope)


def _chunks(listed: Listed) -> int:
    return -(-listed.size // sizes.UPLOAD_CHUNK)


def _is_small(listed: Listed) -> bool:
    return _chunks(listed) == 1


def _groups(wanted: Sequence[Listed]) -> Iterator[list[Listed]]:
    """Small ones together, in order; each large one alone."""
    group: list[Listed] = []
    for one in wanted:
        most = min(GROUP, GROUP_BYTES // one.size) if _is_small(one) else 1
        if len(group) >= most:
            yield group
            group = []
        group.append(one)
    if group:
        yield group
