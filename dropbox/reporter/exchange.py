"""Visits as conversations: what to fetch, how to believe it, what to send.

All I/O is behind ``Transport``; the time and the randomness are passed in.  The gateway runs this in the process of
one connection, the native client on the reporter's own machine.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropbox.protocol import board_head, keys, sizes
from dropbox.protocol.board import BoardIndex
from dropbox.protocol.bulletin import Bulletin, verify_bulletin
from dropbox.protocol.envelope import EnvelopeWriter, first_head, later_head
from dropbox.protocol.errors import DoesNotOpen, Malformed, ProtocolError
from dropbox.protocol.publication import Publication, verify_publication
from dropbox.protocol.reply import Acknowledgement, ReceivedNote, join_notes
from dropbox.protocol.thread import Link, ReporterKeys, chains, open_record
from dropbox.reporter import session
from dropbox.reporter.errors import HostNotReady, VisitError
from dropbox.reporter.uploading import Uploading

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropbox.protocol.keys import RootPublicKey
    from dropbox.protocol.payload import Message
    from dropbox.protocol.receipt import Receipt
    from dropbox.reporter.transport import Transport

    Random = Callable[[int], bytes]
    Verify = Callable[[bytes, tuple[bytes, ...], bytes], Publication]

_LENGTH = struct.Struct(">I")


async def fetch_bulletin(transport: Transport, root: RootPublicKey, now: int) -> Bulletin:
    """Today's bulletin, verified.  Raises ``VisitError`` or ``ProtocolError``."""
    response = await transport.send(session.BULLETIN)
    return verify_bulletin(session.body_of(response), root, now)


async def fetch_publication(
    transport: Transport, bulletin: Bulletin, now: int, verify: Verify = verify_publication
) -> Publication | None:
    """What the bureau tells everyone, or None where it cannot be had or is not valid: pages do without it.

    ``verify`` is ``verify_publication``, or one that remembers what that said.
    """
    try:
        body = session.body_of(await transport.send(session.PUBLICATION))
        publics = bulletin.keys_for(keys.Role.PUBLICATION)
        publication = verify(body, publics, bulletin.instance)
        publication.require_valid(now // sizes.DAY)
    except (ProtocolError, VisitError):
        return None
    return publication


async def fetch_boards(transport: Transport, bulletin: Bulletin, now: int) -> tuple[BoardIndex, ...]:
    """The boards of all recipients of the bulletin, verified, in its order.

    Raises ``HostNotReady`` without boards, ``ProtocolError`` when one is forged, of another instance, or too old.
    """
    parts = split_boards(session.body_of(await transport.send(session.BOARDS)))
    if len(parts) != len(bulletin.recipients):
        raise HostNotReady("the host has no board of one of the recipients")
    publics = bulletin.keys_for(keys.Role.BOARD)
    boards = []
    for recipient, data in zip(bulletin.recipients, parts, strict=True):
        board = board_head.verify_board(data, publics, bulletin.instance)
        if board.head.recipient != recipient.identity:
            raise Malformed("the boards are not in the order of the bulletin")
        board_head.require_valid(board.head, now)
        boards.append(BoardIndex(board))
    return tuple(boards)


def split_boards(data: bytes) -> list[bytes]:
    """The boards from the one body that carries all of them: a count, then each with its length before it."""
    if not data or data[0] > sizes.SLOTS:
        raise Malformed("boards without their number")
    parts, at = [], 1
    for _ in range(data[0]):
        if len(data) < at + _LENGTH.size:
            raise Malformed("boards that are cut")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        parts.append(data[at : at + length])
        at += length
    if at != len(data):
        raise Malformed("boards whose lengths do not fit")
    return parts


@dataclass(frozen=True)
class Mailbox:
    """What one recipient's board holds for a receipt.  ``unread`` notes could not be put together."""

    recipient: bytes
    issued_day: int
    next_due: int
    late: bool
    notes: tuple[ReceivedNote, ...]
    unread: int

    @property
    def acknowledgement(self) -> Acknowledgement | None:
        """The latest one: how much of what was sent has been opened."""
        found = [note.note for note in self.notes if isinstance(note.note, Acknowledgement)]
        return found[-1] if found else None


@dataclass(frozen=True)
class Dialogue:
    """What the boards hold for a receipt.  Nothing at all looks the same as an unknown receipt."""

    mailboxes: tuple[Mailbox, ...]

    @property
    def empty(self) -> bool:
        """Nothing for these words yet."""
        return not any(mailbox.notes or mailbox.unread for mailbox in self.mailboxes)

    @property
    def known_to(self) -> frozenset[bytes]:
        """The recipients that have the keys of this thread: each has said something in it."""
        return frozenset(mailbox.recipient for mailbox in self.mailboxes if mailbox.notes or mailbox.unread)

    @property
    def known_everywhere(self) -> bool:
        """Whether every recipient has the keys of this thread, so that a later message need not bring them."""
        return len(self.known_to) == len(self.mailboxes)


def read_dialogue(receipt: Receipt, bulletin: Bulletin, boards: tuple[BoardIndex, ...], now: int) -> Dialogue:
    """Finds and opens everything for this receipt.  Pure: the boards are there already."""
    reporter = ReporterKeys.derive(receipt, bulletin.instance)
    return Dialogue(tuple(_read_board(reporter, board, bulletin.board_period, now) for board in boards))


def _read_board(reporter: ReporterKeys, board: BoardIndex, period: int, now: int) -> Mailbox:
    recipient = board.head.recipient
    reply_keys = reporter.reply_keys(recipient)
    chain, chain_number = chains(reply_keys.chain), -1
    chain_key = b""
    bodies, unread = [], 0
    for number, inner in board.walk(reply_keys.tag_key):
        while chain_number < number:
            chain_key, chain_number = next(chain), chain_number + 1
        try:
            bodies.append((number, open_record(reporter, recipient, Link(number, chain_key), inner)))
        except DoesNotOpen:
            unread += 1
    notes, more = join_notes(bodies)
    return Mailbox(
        recipient, board.head.issued_day, board.head.next_due, board.head.late(now, period), tuple(notes), unread + more
    )


@dataclass(frozen=True)
class Outgoing:
    """What a message belongs to.

    ``message_id`` (16 bytes) comes from the form, so that the same form sent twice is one message.  ``known`` says
    that every recipient of the bulletin that is sealed to has this thread's keys: then they do not travel again.  That
    bulletin may be a later one than ``Dialogue.known_to`` was read with; see ``known_to_all``.
    ``left_out`` names recipients who must not be able to open it.
    """

    receipt: Receipt
    message_id: bytes
    known: bool = False
    left_out: frozenset[bytes] = frozenset()


def known_to_all(bulletin: Bulletin, known_to: frozenset[bytes]) -> bool:
    """Whether each recipient of the bulletin is among those that have the keys.

    One that was added since the reading would get a message that it can never answer.
    """
    return {recipient.identity for recipient in bulletin.recipients} <= known_to


class Sending:
    """One message on its way: seals while the caller reads, uploads while it seals, constant memory throughout."""

    def __init__(self, transport: Transport, bulletin: Bulletin, outgoing: Outgoing, random: Random) -> None:
        reporter = ReporterKeys.derive(outgoing.receipt, bulletin.instance)
        if outgoing.known:
            self._head = later_head(reporter, outgoing.message_id)
        else:
            self._head = first_head(reporter, bulletin, outgoing.message_id, outgoing.left_out)
        self._writer = EnvelopeWriter(bulletin, reporter.auth, random, outgoing.left_out)
        self._uploading = Uploading(transport, random(sizes.UPLOAD_ID))

    async def begin(self, message: Message) -> None:
        """The text.  Nothing is uploaded before more than a MiB is there or the end is reached."""
        await self._uploading.add(self._writer.begin(self._head, message))

    async def begin_file(self, name: str) -> None:
        """Starts a file; its name is cleaned.  Raises ``TooLong`` beyond 20 files."""
        await self._uploading.add(self._writer.begin_file(name))

    async def file_data(self, data: bytes | bytearray | memoryview) -> None:
        """A piece of the file.  Raises ``TooLong`` beyond 1 GiB in all."""
        await self._uploading.add(self._writer.file_data(data))

    async def end_file(self) -> None:
        """Ends the file."""
        await self._uploading.add(self._writer.end_file())

    async def finish(self) -> int:
        """Sends the rest and waits until the host holds all of it.  Gives the size of the envelope in bytes.

        ``OutcomeUnknown`` means that the host may hold all of it, any other ``VisitError`` that it does not.
        """
        for piece in self._writer.finish():
            await self._uploading.add(piece)
        await self._uploading.finish(self._writer.size)
        return self._writer.size

    @property
    def ending(self) -> bool:
        """Whether the end is asked for, or is next: who is stopped now does not know what has arrived."""
        return self._uploading.ending

    async def cancel(self) -> None:
        """Takes back what was uploaded of a message that will not be finished; see ``Uploading.cancel``."""
        await self._uploading.cancel()
