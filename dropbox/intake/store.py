"""The store as a whole: open the database, migrate it, and give its parts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from dropbox.intake.context import Context
from dropbox.intake.envelopes import Envelopes
from dropbox.intake.erasure import Erasure
from dropbox.intake.faults import Faults
from dropbox.intake.housekeeping import Housekeeping
from dropbox.intake.mailbox import Mailboxes
from dropbox.intake.nonces import Nonces
from dropbox.intake.published import Published
from dropbox.intake.settings import Settings
from dropbox.intake.uploads import Uploads
from dropbox.storage.database import open_database
from dropbox.storage.migrations import migrate

MIGRATIONS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Store:
    """Every part of the store, on one database."""

    context: Context
    uploads: Uploads
    envelopes: Envelopes
    published: Published
    mailboxes: Mailboxes
    nonces: Nonces
    housekeeping: Housekeeping
    erasure: Erasure
    faults: Faults

    @classmethod
    async def open(cls, settings: Settings, clock: Callable[[], int], random: Callable[[int], bytes]) -> Self:
        """Open and migrate the database. `clock` gives Unix seconds. Raises StorageError."""
        database = open_database(settings.database)
        try:
            await migrate(database, MIGRATIONS)
        except BaseException:
            await database.close()
            raise
        context = Context(database, settings.root, settings.limits, clock, random)
        erasure = Erasure(context)
        return cls(
            context=context,
            uploads=Uploads(context, erasure),
            envelopes=Envelopes(context, erasure),
            published=Published(context),
            mailboxes=Mailboxes(context, erasure, settings.cards_per_batch),
            nonces=Nonces(context),
            housekeeping=Housekeeping(context, erasure),
            erasure=erasure,
            faults=Faults(),
        )

    async def close(self) -> None:
        """Close the database."""
        await self.context.database.close()
