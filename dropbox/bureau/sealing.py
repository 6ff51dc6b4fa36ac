"""Sealing records to a reporter: the chain moves on first, durably, and only then is anything sealed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dropbox.bureau import saving
from dropbox.bureau.keyring import RecipientKeyring, ThreadKeys
from dropbox.bureau.ledger import Record
from dropbox.protocol.thread import Link, ReplyKeys, chains, seal_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Random = Callable[[int], bytes]


@dataclass(frozen=True)
class Purpose:
    """What records are for; see `ledger.Record`."""

    kind: str
    item: bytes
    expires_day: int


async def take(keyring: RecipientKeyring, thread_id: bytes, count: int) -> tuple[ThreadKeys, list[Link]]:
    """The next links of a thread.  When this returns, the keyring's file no longer holds them.

    The caller holds `vault.changing`.  A crash between here and the database costs numbers, never a key used twice.
    """
    moved, links = first_links(keyring.state.threads[thread_id], count)
    await saving.save(keyring, replace(keyring.state, threads={**keyring.state.threads, thread_id: moved}))
    return moved, links


def first_links(thread: ThreadKeys, count: int) -> tuple[ThreadKeys, list[Link]]:
    """The thread moved on, which is to be saved first, and the next links."""
    links = [
        Link(thread.next_number + step, chain) for step, chain in zip(range(count), chains(thread.chain), strict=False)
    ]
    return thread.moved_on(count), links


def seal(
    thread: ThreadKeys,
    recipient: bytes,
    instance: bytes,
    links: Sequence[Link],
    bodies: Sequence[bytes],
    random: Random,
) -> list[tuple[int, bytes]]:
    """(number, inner record) of each body, under links that `take` gave."""
    keys = ReplyKeys(recipient, thread.public, thread.chain, thread.tag_key)
    return [
        (link.number, seal_record(keys, instance, link, body, random)) for link, body in zip(links, bodies, strict=True)
    ]


def as_records(
    sealed: Sequence[tuple[int, bytes]], thread: ThreadKeys, purpose: Purpose, random: Random
) -> list[Record]:
    """Rows for the ledger."""
    return [
        Record(random(16), thread.reference, number, inner, purpose.kind, purpose.item, purpose.expires_day)
        for number, inner in sealed
    ]
