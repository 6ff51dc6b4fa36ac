"""The archive of bulletins: signed for the coming days, sent to intake, kept as long as an envelope may name them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import prekeys
from dropbox.bureau.certificates import IN_BULLETINS, Certificates
from dropbox.bureau.keyring import PublisherState
from dropbox.bureau.tables import BulletinRow
from dropbox.bureau.vault import request
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import (
    DAILY,
    FALLBACK_DAYS_AHEAD,
    Bulletin,
    Recipient,
    sign_bulletin,
    verify_stored_bulletin,
)
from dropbox.protocol.keys import Role, RootPublicKey
from dropbox.protocol.secret_keys import SigningKey

if TYPE_CHECKING:
    from dropbox.bureau.keyring import PublicPrekey

# The SHA-256 of the code that the reporter's pages run, by `make browser`: a desk vouches for its own release's.
BROWSER_BUNDLE: Final = (resources.files("dropbox.bureau") / "browser_bundle.txt").read_text(encoding="ascii").strip()

KEPT_DAYS: Final = 100  # longer than any envelope of that day can wait to be opened
_FALLBACK_REVISION: Final = 0
_DAILY_REVISION: Final = 1


@functools.lru_cache(maxsize=256)
def _verified(body: bytes, root: RootPublicKey) -> Bulletin:
    """Verified once: the coming days are looked at with every board."""
    return verify_stored_bulletin(body, root)


@dataclass(frozen=True)
class Draft:
    """What a bulletin is made from besides the prekey of its day."""

    state: PublisherState
    certificates: Certificates
    instance: bytes
    board_period: int


async def archived(connection: AsyncConnection, root: RootPublicKey, first: int, last: int) -> dict[int, Bulletin]:
    """By day, the bulletin of the highest revision."""
    statement = select(BulletinRow.day, BulletinRow.body).where(BulletinRow.day.between(first, last))
    rows = await connection.execute(statement.order_by(BulletinRow.day, BulletinRow.revision))
    return {row.day: _verified(bytes(row.body), root) for row in rows}


async def find(connection: AsyncConnection, root: RootPublicKey, day: int, revision: int) -> Bulletin | None:
    """The bulletin that an envelope names, None when it is not in the archive."""
    place = (BulletinRow.day == day) & (BulletinRow.revision == revision)
    body = await connection.scalar(select(BulletinRow.body).where(place))
    return None if body is None else _verified(bytes(body), root)


async def unsent(connection: AsyncConnection, today: int) -> list[tuple[int, int, bytes]]:
    """(day, revision, bytes) of each bulletin that intake does not have yet, today's first."""
    statement = select(BulletinRow.day, BulletinRow.revision, BulletinRow.body)
    rows = await connection.execute(
        statement.where(BulletinRow.sent.is_(False), BulletinRow.day >= today).order_by(BulletinRow.day)
    )
    return [(row.day, row.revision, bytes(row.body)) for row in rows]


async def mark_sent(connection: AsyncConnection, places: Collection[tuple[int, int]]) -> None:
    """Intake has those of these days and revisions."""
    place = (BulletinRow.day == bindparam("of_day")) & (BulletinRow.revision == bindparam("of_revision"))
    rows = [{"of_day": day, "of_revision": revision} for day, revision in places]
    await connection.execute(update(BulletinRow).where(place).values(sent=True), rows)


async def mark_unsent(connection: AsyncConnection, first: int, last: int) -> None:
    """Offer those of these days again, in case intake lacks them."""
    await connection.execute(update(BulletinRow).where(BulletinRow.day.between(first, last)).values(sent=False))


async def keep(connection: AsyncConnection, bulletin: Bulletin, body: bytes) -> None:
    """Archive a bulletin."""
    values = {"day": bulletin.day, "revision": bulletin.revision, "sent": False, "body": body}
    await connection.execute(insert(BulletinRow).values(**values))


async def drop_old(connection: AsyncConnection, today: int) -> None:
    """Delete what no envelope can name any more."""
    await connection.execute(delete(BulletinRow).where(BulletinRow.day < today - KEPT_DAYS))


def due(have: Mapping[int, Bulletin], draft: Draft, today: int) -> list[tuple[Bulletin, bytes]]:
    """The bulletins to sign now: a day without one, with a fallback one where a daily prekey exists by now, or with one
    that vouches for the browser's code of another release. What replaces another has a higher revision.

    `have` holds the archived ones from yesterday on.  Each names the hash of the day before; days that no certificate
    covers get none.
    """
    previous = have[today - 1].hash if today - 1 in have else bytes(sizes.SHA256)
    made = []
    for day in range(today, today + FALLBACK_DAYS_AHEAD + 1):
        current, prekey = have.get(day), prekeys.for_day(draft.state.prekeys, day)
        wanted = prekey is not None and (current is None or _outdated(current, prekey))
        revision = 0 if current is None else current.revision + 1
        if prekey is not None and wanted and (drafted := _draft(draft, prekey, day, revision, previous)) is not None:
            current = drafted
            made.append((drafted, sign_bulletin(drafted, SigningKey(Role.BULLETIN, draft.state.bulletin_seed).sign)))
        previous = bytes(sizes.SHA256) if current is None else current.hash
    return made


def _outdated(current: Bulletin, prekey: PublicPrekey) -> bool:
    """Whether a bulletin must be replaced. One that is sealed to a key of its own day never goes back to a fallback."""
    if current.kind != prekey.kind:
        return prekey.kind == DAILY
    return current.browser_bundle != BROWSER_BUNDLE


def _draft(draft: Draft, prekey: PublicPrekey, day: int, least: int, previous: bytes) -> Bulletin | None:
    ours = [pair for pair in request(draft.state).keys if pair[0] in IN_BULLETINS]
    certified = draft.certificates.of(ours, day)
    if {one.role for one, _ in certified} != set(IN_BULLETINS):
        return None
    return Bulletin(
        instance=draft.instance,
        day=day,
        revision=max(least, _DAILY_REVISION if prekey.kind == DAILY else _FALLBACK_REVISION),
        kind=prekey.kind,
        certificates=tuple(one for one, _ in certified),
        certificate_documents=tuple(body for _, body in certified),
        recipients=(Recipient(draft.state.recipient, prekey.public),),
        board_period=draft.board_period,
        browser_bundle=BROWSER_BUNDLE,
        previous=previous,
    )
