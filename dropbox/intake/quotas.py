"""What strangers together occupy, and whether one more envelope has a place beside it.

Texts are kept apart twice. An upload of a text takes a moment, so texts have places of their own: a few uploads of
files that never end would otherwise keep out every report. And a part of the room is for texts alone: files that fill
all the rest still leave no report unsent that is only words.
"""

from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import Connection, bindparam, case, func, select

from dropbox.intake.errors import Code, Refusal
from dropbox.intake.limits import Limits
from dropbox.intake.tables import EnvelopeRow, ReceivedRow, UploadRow
from dropbox.protocol import sizes

TEXT_BYTES: Final = min(sizes.ENVELOPE_LADDER)
"""An envelope that holds a text and no file. It is one chunk, so its upload takes a moment."""

_TAKEN: Final = select(
    select(func.count()).select_from(UploadRow).scalar_subquery().label("unfinished"),
    select(func.count(case((UploadRow.size == TEXT_BYTES, 1)))).scalar_subquery().label("unfinished_texts"),
    select(func.sum(UploadRow.reserved)).scalar_subquery().label("reserved"),
    select(func.sum(EnvelopeRow.size)).scalar_subquery().label("waiting"),
    select(ReceivedRow.envelopes).where(ReceivedRow.day == bindparam("today")).scalar_subquery().label("received"),
)


@dataclass(frozen=True)
class Taken:
    """What is taken, in one statement. Counts unless a name says bytes; `received` are the day's finished envelopes."""

    limits: Limits
    unfinished: int
    unfinished_texts: int
    reserved_bytes: int
    waiting_bytes: int
    received: int

    @classmethod
    def read(cls, connection: Connection, limits: Limits, today: int) -> Self:
        """Count it. While the quotas are locked nobody else changes it."""
        row = connection.execute(_TAKEN, {"today": today}).one()
        return cls(limits, *(int(value or 0) for value in row))

    def require_one_more(self) -> None:
        """Raise Refusal unless one more envelope may come today, beside those on their way."""
        if self.received + self.unfinished >= self.limits.envelopes_per_day:
            raise Refusal(Code.FULL)

    def require_place(self, *, text: bool) -> None:
        """Raise Refusal unless one more upload may begin."""
        taken, most = self.unfinished - self.unfinished_texts, self.limits.uploads_at_once
        if text:
            taken, most = self.unfinished_texts, self.limits.texts_at_once
        if taken >= most:
            raise Refusal(Code.TOO_MANY_UPLOADS)

    def require_room(self, more: int, *, text: bool) -> None:
        """Raise Refusal unless `more` bytes can wait beside what waits and what is set aside."""
        room = self.limits.waiting_bytes - (0 if text else self.limits.text_bytes)
        if self.waiting_bytes + self.reserved_bytes + more > room:
            raise Refusal(Code.FULL)

    def require_unfinished_room(self, more: int, *, text: bool) -> None:
        """Raise Refusal unless `more` bytes can be set aside for an upload that may never finish.

        The part of the room that those have does not bind a text: it is bounded by the number of texts.
        """
        if not text and self.reserved_bytes + more > self.limits.upload_bytes:
            raise Refusal(Code.FULL)
        self.require_room(more, text=text)
