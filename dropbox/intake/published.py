"""What the bureau publishes to everyone: bulletins, boards, and the publication. Verified as far as intake can.

A malicious desk key could publish nothing that a reader believes; the checks here keep an error at the desk from
replacing something good.
"""

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.intake.context import Context
from dropbox.intake.days import day_of
from dropbox.intake.errors import Code, Refusal
from dropbox.intake.limits import FUTURE_BULLETIN_DAYS, PUBLICATION_BYTES
from dropbox.intake.memory import Memory
from dropbox.intake.tables import BoardRow, BulletinRow, PublicationRow
from dropbox.protocol import board_head, sizes
from dropbox.protocol.board_head import SignedBoard, verify_board
from dropbox.protocol.bulletin import Bulletin, verify_stored_bulletin
from dropbox.protocol.errors import OutsideDates, ProtocolError
from dropbox.protocol.keys import Role

_CURRENT: Final = "current"
_COUNT: Final = struct.Struct(">B")
_LENGTH: Final = struct.Struct(">I")

# In a board's head `next_due` follows magic, instance, recipient, salt and the day of issue (u32).
_NEXT_DUE: Final = struct.Struct(">Q")
_NEXT_DUE_AT: Final = len(board_head.MAGIC) + sizes.INSTANCE + sizes.RECIPIENT_ID + board_head.SALT + 4


class Published:
    """The part of the store that everyone reads alike."""

    def __init__(self, context: Context) -> None:
        """Work on this context."""
        self._context = context
        self._bulletin = Memory(context, self._read_bulletin)
        self._boards = Memory(context, self._read_boards)
        self._publication = Memory(context, self._read_publication)

    async def bulletin(self) -> bytes:
        """Give today's bulletin, of the highest revision. Raises Refusal when there is none."""
        return await self._bulletin.get()

    async def boards(self) -> bytes:
        """Give how many boards (u8), then the length (u32) and the bytes of each, in the order of today's bulletin.

        The board of a recipient that has not published yet is left out. Raises Refusal when there is none at all.
        """
        return await self._boards.get()

    async def publication(self) -> bytes:
        """Give the newest publication. Raises Refusal when there is none."""
        return await self._publication.get()

    async def _read_bulletin(self) -> bytes:
        async with self._context.database.read() as connection:
            return (await self._todays(connection))[0]

    async def _read_boards(self) -> bytes:
        async with self._context.database.read() as connection:
            _, recipients = await self._todays(connection)
            rows = await connection.execute(
                select(BoardRow.recipient, BoardRow.body).where(BoardRow.recipient.in_(recipients))
            )
            found = {row.recipient: bytes(row.body) for row in rows}
        ordered = [found[name] for name in recipients if name in found]
        if not ordered:
            raise Refusal(Code.NOT_READY)
        return _COUNT.pack(len(ordered)) + b"".join(_LENGTH.pack(len(board)) + board for board in ordered)

    async def board(self, recipient: bytes) -> bytes:
        """Give the newest board of one recipient. Raises Refusal when there is none."""
        async with self._context.database.read() as connection:
            body = await connection.scalar(select(BoardRow.body).where(BoardRow.recipient == recipient))
        if body is None:
            raise Refusal(Code.UNKNOWN_KEY)
        return bytes(body)

    async def _read_publication(self) -> bytes:
        async with self._context.database.read() as connection:
            body = await connection.scalar(select(PublicationRow.body).where(PublicationRow.name == _CURRENT))
        if body is None:
            raise Refusal(Code.NOT_READY)
        return bytes(body)

    async def put_bulletin(self, day: int, revision: int, body: bytes) -> None:
        """Keep a bulletin; the same one again changes nothing. Raises Refusal."""
        bulletin = self._verified_bulletin(body)
        if (bulletin.day, bulletin.revision) != (day, revision):
            raise Refusal(Code.BAD_DOCUMENT)
        today = self._context.today
        if not today - sizes.PREKEY_LAST_DAY <= day <= today + FUTURE_BULLETIN_DAYS:
            raise Refusal(Code.BAD_DAY)
        names = b"".join(recipient.identity for recipient in bulletin.recipients)
        place = (BulletinRow.day == day) & (BulletinRow.revision == revision)
        async with self._changing(self._bulletin, self._boards) as connection:
            stored = await connection.scalar(select(BulletinRow.body).where(place))
            if stored is None:
                row = insert(BulletinRow).values(day=day, revision=revision, recipients=names, body=body)
                await connection.execute(row)
            elif bytes(stored) != body:
                raise Refusal(Code.CONFLICT)

    async def put_board(self, recipient: bytes, body: bytes) -> None:
        """Replace a recipient's board, by one that is not due earlier than the stored one. Raises Refusal."""
        async with self._changing(self._boards) as connection:
            bulletin = self._verified_bulletin((await self._todays(connection))[0])
            head = self._verified_board(body, bulletin).head
            if head.recipient != recipient or recipient not in {one.identity for one in bulletin.recipients}:
                raise Refusal(Code.BAD_DOCUMENT)
            stored = await connection.scalar(
                select(func.substr(BoardRow.body, 1, board_head.HEAD)).where(BoardRow.recipient == recipient)
            )
            if stored is not None and _next_due(bytes(stored)) > head.next_due:
                raise Refusal(Code.CONFLICT)
            await connection.execute(delete(BoardRow).where(BoardRow.recipient == recipient))
            await connection.execute(insert(BoardRow).values(recipient=recipient, body=body))

    async def put_publication(self, body: bytes) -> None:
        """Replace the publication. Only its size is checked here: readers verify it. Raises Refusal."""
        if not 0 < len(body) <= PUBLICATION_BYTES:
            raise Refusal(Code.BAD_SIZE)
        async with self._changing(self._publication) as connection:
            await connection.execute(delete(PublicationRow))
            await connection.execute(insert(PublicationRow).values(name=_CURRENT, body=body))

    @asynccontextmanager
    async def _changing(self, *memories: Memory) -> AsyncIterator[AsyncConnection]:
        """Give a transaction, one at a time, after which these are read anew; also if it fails: it may be committed."""
        try:
            async with self._context.database.write() as connection:
                await connection.run_sync(self._context.lock_quotas)
                yield connection
        finally:
            for memory in memories:
                memory.drop()

    async def _todays(self, connection: AsyncConnection) -> tuple[bytes, list[bytes]]:
        statement = (
            select(BulletinRow.body, BulletinRow.recipients)
            .where(BulletinRow.day == day_of(self._context.clock()))
            .order_by(BulletinRow.revision.desc())
            .limit(1)
        )
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise Refusal(Code.NOT_READY)
        step = sizes.RECIPIENT_ID
        names = bytes(row.recipients)
        return bytes(row.body), [names[start : start + step] for start in range(0, len(names), step)]

    def _verified_bulletin(self, body: bytes) -> Bulletin:
        try:
            return verify_stored_bulletin(body, self._context.root)
        except ProtocolError:
            raise Refusal(Code.BAD_DOCUMENT) from None

    def _verified_board(self, body: bytes, bulletin: Bulletin) -> SignedBoard:
        try:
            board = verify_board(body, bulletin.keys_for(Role.BOARD), self._context.root.instance)
            board_head.require_valid(board.head, self._context.clock())
        except OutsideDates:
            raise Refusal(Code.BAD_DAY) from None
        except ProtocolError:
            raise Refusal(Code.BAD_DOCUMENT) from None
        return board


def _next_due(head: bytes) -> int:
    """When the board after the stored one is due; it was verified when it was stored."""
    return int(_NEXT_DUE.unpack_from(head, _NEXT_DUE_AT)[0])
