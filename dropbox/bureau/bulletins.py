"""The archive of bulletins: signed for the coming days, sent to intake, kept as long as an envelope may name them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import ledger, prekeys
from dropbox.bureau.certificates import IN_BULLETINS, Certificates
from dropbox.bureau.keyring import PublisherState, prekey_name
from dropbox.bureau.tables import BulletinRow
from dropbox.bureau.vault import request
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import (
    DAILY,
    FALLBACK,
    FALLBACK_DAYS_AHEAD,
    Bulletin,
    Recipient,
    sign_bulletin,
    verify_stored_bulletin,
)
from dropbox.protocol.keys import Role, RootPublicKey
from dropbox.protocol.secret_keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropbox.bureau.keyring import PublicPrekey

# The SHA-256 of the code that the reporter's pages run, by `make browser`: a desk vouches for its own release's.
BROWSER_BUNDLE: Final = (resources.files("dropbox.bureau") / "browser_bundle.txt").read_text(encoding="ascii").strip()

KEPT_DAYS: Final = 100  # longer than any envelope of that day can wait to be opened
_REVISIONS: Final = {FALLBACK: 0, DAILY: 1}  # of a generation
_GENERATION: Final = "generation"  # what is remembered in the vault: how many revisions a restored desk leaves out
_LEAST_LEAP, _LEAPS = 8, 128


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
    first_revision: int = 0


async def first_revision(connection: AsyncConnection, key: bytes) -> int:
    """The lowest revision of the bulletins that are signed now."""
    return int((await ledger.recall(connection, key, _GENERATION) or {}).get("first", 0))


async def leap(connection: AsyncConnection, key: bytes, random: Callable[[int], bytes]) -> None:
    """A restored desk does not know which revisions it signed after its backup: leave out many, and not always as many.

    Two that are restored from one backup, one after the other, then sign no revision twice.
    """
    first = await first_revision(connection, key) + len(_REVISIONS) * (_LEAST_LEAP + random(1)[0] % _LEAPS)
    await ledger.remember(connection, key, _GENERATION, {"first": first})


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
    """The bulletins to sign now: a day without one, with a fallback one where a daily prekey exists by now, with one
    whose prekey is lost, or with one that vouches for the browser's code of another release. What replaces another has
    a higher revision.

    `have` holds the archived ones from yesterday on.  Each names the hash of the day before; days that no certificate
    covers get none.
    """
    previous = have[today - 1].hash if today - 1 in have else bytes(sizes.SHA256)
    made = []
    for day in range(today, today + FALLBACK_DAYS_AHEAD + 1):
        current, prekey = have.get(day), prekeys.for_day(draft.state.prekeys, day)
        wanted = prekey is not None and (current is None or _outdated(current, prekey, draft.state))
        least = 0 if current is None else current.revision + 1
        if prekey is not None and wanted and (drafted := _draft(draft, prekey, day, least, previous)) is not None:
            current = drafted
            made.append((drafted, sign_bulletin(drafted, SigningKey(Role.BULLETIN, draft.state.bulletin_seed).sign)))
        previous = bytes(sizes.SHA256) if current is None else current.hash
    return made


def _outdated(current: Bulletin, prekey: PublicPrekey, state: PublisherState) -> bool:
    """Whether a bulletin must be replaced.

    What is sealed to a lost prekey opens for nobody.  One of a key of its own day never goes back to a fallback else.
    """
    if all(prekey_name(one.prekey) not in state.prekeys for one in current.recipients):
        return True
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
        revision=max(least, draft.first_revision + _REVISIONS[prekey.kind]),
        kind=prekey.kind,
        certificates=tuple(one for one, _ in certified),
        certificate_documents=tuple(body for _, body in certified),
        recipients=(Recipient(draft.state.recipient, prekey.public),),
        board_period=draft.board_period,
        browser_bundle=BROWSER_BUNDLE,
        previous=previous,
    )
