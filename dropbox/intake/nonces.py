"""The memory of what is done once, in the database: it survives a restart, and all processes share it."""

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from dropbox.intake.context import Context
from dropbox.intake.days import day_of
from dropbox.intake.tables import NonceRow


class Nonces:
    """Implements `dropbox.courier.replay.ReplayMemory`."""

    def __init__(self, context: Context) -> None:
        """Work on this context."""
        self._context = context

    async def remember(self, token: bytes, expires: int) -> bool:
        """Durably note a token; False when it was noted before. Kept until the end of the day after `expires`."""
        try:
            async with self._context.database.write() as connection:
                await connection.execute(insert(NonceRow).values(token=token, day=day_of(expires)))
        except IntegrityError:
            return False
        return True
