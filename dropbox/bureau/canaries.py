"""Canaries: reports of auditors, answered by the desk itself and shown to nobody (docs/protocol.md, section 16.3).

A canary is a case like any other, marked as one, so that all that holds for cases in a crash or a restore holds for it;
but it has no clocks, stands in no list, and is discarded by itself.  A further message in its dialogue makes it an
ordinary case: nothing that somebody wrote is lost because it came with a canary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dropbox.bureau import dossiers, ledger, removal
from dropbox.bureau.ledger import CANARY
from dropbox.bureau.vault import Vault
from dropbox.protocol import canary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dropbox.bureau.ledger import Record
    from dropbox.bureau.opening import Opened

DAYS: Final = 7  # so long the answer stays on the board
MOST: Final = 32
"""Answered at a time, of all auditors together: their records never swell a board.  What comes beyond is a report."""


def is_canary(opened: Opened, instance: bytes, day: int, known: Collection[bytes]) -> bool:
    """Whether a first message, sealed to the bulletin of this day, is a canary of an auditor that is known."""
    message = opened.message
    if not known or opened.files or message.answers or message.category or message.ongoing or message.keep_from:
        return False
    return canary.signer(message.text, instance, opened.head.thread_id, day, known) is not None


def room(records: Iterable[Record]) -> int:
    """How many more may be answered."""
    return MOST - sum(one.kind == CANARY for one in records)


async def discard_old(vault: Vault, today: int) -> None:
    """Discard those whose answer has been on the board long enough.  Does nothing while the vault is locked.

    What counts is the day of the answer: a report can wait for weeks until somebody signs in.
    """
    if vault.recipient is None:
        return
    async with vault.changing:
        async with vault.database.read() as connection:
            found = await dossiers.dossiers(connection, vault.opened().state.case_keys)
            records = await ledger.records(connection, vault.storage_key)
        answered = {one.item for one in records if one.kind == CANARY and not one.is_over(today)}
        old = [
            name for name, value in found.items()
            if value.canary and name not in answered and value.last_day + DAYS <= today
        ]  # fmt: skip
        for name in old:
            async with vault.database.write() as connection:
                await removal.begin(connection, vault, name)
        if old:
            await removal.finish(vault)
