"""Boards: fresh every time, of a steady size, without what has expired."""

from collections.abc import AsyncIterator

import pytest

from dropbox.bureau import ledger, sealing
from dropbox.bureau.errors import NoteTooLongError
from dropbox.bureau.ledger import ACKNOWLEDGEMENT, NOTE, RECORD_DAYS, UNREAD_DAYS, Record
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.protocol import sizes
from dropbox.protocol.board_head import HEAD, TRAILER, BoardHead, verify_board
from dropbox.protocol.keys import Role
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.protocol.secret_keys import SigningKey
from dropbox.protocol.thread import MAX_GAP
from tests.bureau.office import PERIOD, Office, Open


@pytest.fixture
async def opened(sqlite_office: Office) -> AsyncIterator[Open]:
    async with sqlite_office.open() as found:
        await found.sign_in()
        yield found


async def board(opened: Open) -> bytes:
    data = await opened.sync._host.board(opened.vault.publisher.state.recipient)
    assert data is not None
    return data


def head(opened: Open, data: bytes) -> BoardHead:
    public = SigningKey(Role.BOARD, opened.vault.publisher.state.board_seed).public
    instance = opened.sync.publisher._settings.root.instance
    return verify_board(data, (public,), instance).head


async def test_same_state_issued_twice_shares_no_record(sqlite_office: Office, opened: Open) -> None:
    await sqlite_office.reporter().send("One.")
    await opened.round()
    boards = []
    for _ in range(2):
        sqlite_office.clock.forward(seconds=PERIOD)
        await opened.round()
        data = await board(opened)
        records = data[HEAD:-TRAILER]
        boards.append({records[at : at + 16] for at in range(0, len(records), sizes.RECORD)})
    assert len(boards[0]) == len(boards[1]) == 64
    assert not boards[0] & boards[1]


async def test_board_says_when_the_next_one_is_due(sqlite_office: Office, opened: Open) -> None:
    sqlite_office.clock.now = sqlite_office.clock.day * sizes.DAY + 15 * PERIOD + 17
    await opened.round()
    found = head(opened, await board(opened))
    assert found.next_due == sqlite_office.clock.day * sizes.DAY + 16 * PERIOD
    assert found.valid_until == found.next_due + 7 * sizes.DAY
    assert found.issued_day == sqlite_office.clock.day


async def test_board_that_grew_does_not_shrink_within_180_days(sqlite_office: Office, opened: Open) -> None:
    reporter = sqlite_office.reporter()
    await reporter.send("One.")
    await opened.round()
    name = (await opened.only_case()).row.identity
    long = "word " * 1450
    for _ in range(9):
        await opened.desk.send(name, NoteDraft(EntryKind.REPLY, long))
    await opened.round()
    assert head(opened, await board(opened)).records == 128
    await opened.desk.discard(name)
    for days in (1, 20, 20, 20, 20, 20, 20, 20, 20, 18):
        sqlite_office.clock.forward(days=days)
        await opened.round()
        assert head(opened, await board(opened)).records == 128
    sqlite_office.clock.forward(days=3)
    await opened.round()
    assert head(opened, await board(opened)).records == 64


async def test_unread_acknowledgement_leaves_the_board_after_30_days_and_a_read_one_stays(
    sqlite_office: Office, opened: Open
) -> None:
    junk, real = sqlite_office.reporter(), sqlite_office.reporter()
    await real.send("Real.")
    await opened.round()
    await opened.desk.mark_read((await opened.only_case()).row.identity)
    await junk.send("Junk.")
    await opened.round()
    sqlite_office.clock.forward(days=UNREAD_DAYS - 1)
    await opened.round()
    assert not (await junk.read()).empty
    sqlite_office.clock.forward(days=1)
    await opened.round()
    assert (await junk.read()).empty
    assert await real.notes() == [Acknowledgement(1, 0, sqlite_office.clock.day - UNREAD_DAYS)]


async def test_reply_leaves_the_board_after_180_days(sqlite_office: Office, opened: Open) -> None:
    reporter = sqlite_office.reporter()
    await reporter.send("One.")
    await opened.round()
    name = (await opened.only_case()).row.identity
    await opened.desk.send(name, NoteDraft(EntryKind.REPLY, "Short-lived."))
    await opened.round()
    for _ in range(8):
        sqlite_office.clock.forward(days=20)
        await opened.round()
    sqlite_office.clock.forward(days=RECORD_DAYS - 161)
    await opened.round()
    assert Reply("Short-lived.") in await reporter.notes()
    sqlite_office.clock.forward(days=1)
    await opened.round()
    assert Reply("Short-lived.") not in await reporter.notes()
    shown = next(one for one in (await opened.only_case()).entries if one.kind is EntryKind.REPLY)
    assert not shown.on_board
    assert shown.published_day is not None


async def test_many_messages_keep_their_latest_acknowledgement_findable(sqlite_office: Office, opened: Open) -> None:
    """Each message replaces the acknowledgement before it: a reader who starts from nothing still finds the last."""
    reporter = sqlite_office.reporter()
    await reporter.send("One.")
    await opened.round()
    for messages in range(2, 7):
        keyring = opened.vault.opened()
        (thread_id,) = keyring.state.threads
        # As many numbers as many messages would take: all of their records were replaced.
        await sealing.take(keyring, thread_id, MAX_GAP - 50)
        await reporter.send("One more.", known=True)
        await opened.round()
        assert (await reporter.notes())[-1] == Acknowledgement(messages, 0, sqlite_office.clock.day)


def record(number: int, kind: str = NOTE, expires: int = 10, *, replaced: bool = False) -> Record:
    return Record(bytes([number % 256]) * 16, b"r" * 16, number, b"", kind, b"", expires, None, replaced)


def test_expired_records_go_as_far_as_a_reader_who_starts_from_nothing_can_do_without() -> None:
    live = [record(0), record(150, expires=99), record(190), record(240, ACKNOWLEDGEMENT, 99)]
    assert ledger.expired(live, {b"r" * 16: 241}, 10) == {live[0].name, live[2].name}
    far = [record(0), record(100), record(250, expires=99)]
    assert ledger.expired(far, {b"r" * 16: 251}, 10) == {far[0].name}


def test_replaced_acknowledgement_goes_at_once_and_a_live_reply_stays() -> None:
    live = [record(0, ACKNOWLEDGEMENT, 99, replaced=True), record(1, expires=99), record(2, ACKNOWLEDGEMENT, 99)]
    assert ledger.expired(live, {}, 10) == {live[0].name}


async def test_note_preview_counts_records_and_room_to_the_byte(sqlite_office: Office, opened: Open) -> None:
    reporter = sqlite_office.reporter()
    await reporter.send("One.")
    await opened.round()
    name = (await opened.only_case()).row.identity
    small = opened.desk.preview(NoteDraft(EntryKind.REPLY, "x"))
    assert small.records == 1
    brim = NoteDraft(EntryKind.REPLY, "x" + "y" * small.room)
    assert (opened.desk.preview(brim).records, opened.desk.preview(brim).room) == (8, 0)
    over = NoteDraft(EntryKind.REPLY, brim.text + "z")
    assert not opened.desk.preview(over).fits
    with pytest.raises(NoteTooLongError):
        await opened.desk.send(name, over)
    await opened.desk.send(name, brim)
    await opened.round()
    assert (await reporter.notes())[-1] == Reply(brim.text)
