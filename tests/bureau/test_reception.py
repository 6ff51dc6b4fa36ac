"""What waits is opened in groups: fast, none lost, and whatever one of them does harms no other."""

import os
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from dropbox.bureau import admission, dossiers
from dropbox.bureau.opening import REFETCHED_TRIES, Opened, Opener
from dropbox.bureau.suspects import PATIENCE
from dropbox.bureau.tables import FileChunkRow, FileRow
from dropbox.bureau.views import EntryKind
from dropbox.protocol import sizes
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import Message
from dropbox.protocol.reply import Acknowledgement
from dropbox.storage.errors import DatabaseFullError
from tests.bureau.office import Office, Open, short_folder
from tests.bureau.test_hostile import bulletin, texts, upload
from tests.bureau.thousand import open_thousand
from tests.simulators.intake_instance import envelope as noise


@pytest.fixture
async def opened(sqlite_office: Office) -> AsyncIterator[Open]:
    async with sqlite_office.open() as found:
        await found.sign_in()
        yield found


class PanicException(BaseException):
    """A mistake of a library in Rust: it has this name there."""


async def test_a_hundred_envelopes_and_a_poisoned_one_go_through_a_real_intake() -> None:
    with short_folder() as folder:
        assert await open_thousand(folder, 101) > 0, "it asserts itself that nothing is lost"


async def test_messages_of_one_dialogue_in_one_group_are_one_case_with_one_acknowledgement(
    sqlite_office: Office, opened: Open
) -> None:
    reporter = sqlite_office.reporter()
    await reporter.send("The first.", [("a.txt", b"a")])
    for number in range(5):
        await reporter.send(f"Later {number}.", [("b.txt", b"b")], known=True)
    await opened.round()
    case = await opened.only_case()
    entries = [entry for entry in case.entries if entry.kind is EntryKind.MESSAGE]
    assert len(entries) == 6
    assert await reporter.notes() == [Acknowledgement(6, 6, sqlite_office.clock.day)]
    (thread,) = opened.vault.opened().state.threads.values()
    assert thread.next_number == 1, "no key was spent on an acknowledgement that the next one replaces"
    for entry in entries:
        _, pieces = await opened.desk.open_file(case.row.identity, entry.files[0].identity)
        assert b"".join([piece async for piece in pieces]) in {b"a", b"b"}


@pytest.mark.parametrize("error", [ZeroDivisionError, RecursionError, MemoryError, PanicException])
async def test_whatever_a_library_raises_while_it_opens_one_envelope_stops_no_other(
    sqlite_office: Office, opened: Open, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    for number in range(4):
        await sqlite_office.reporter().send(f"Report {number}.", [("a.txt", b"a")])
    await opened.sync._fetch()
    real, calls = Opener.open, iter(range(100))

    async def poisoned(*arguments: object) -> object:
        found = await real(*arguments)  # type: ignore[arg-type]
        if next(calls) == 2:
            raise error
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Opener, "open", poisoned)
        assert await opened.sync.reception.open_waiting() == 3
    (failure,) = await opened.desk.failures()
    assert (failure.reason, failure.tries) == ("fault", 1)
    sqlite_office.clock.forward(days=1)
    await opened.round()
    assert await texts(opened) == {f"Report {number}." for number in range(4)}, "a repaired desk opens it"
    assert await opened.desk.failures() == ()


async def test_a_message_that_cannot_be_admitted_is_set_aside_alone(
    sqlite_office: Office, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("One.", "Poison.", "Two.", "Three."):
        await sqlite_office.reporter().send(text)
    real = admission._entry

    def poisoned(found: Opened, day: int) -> object:
        if found.message.text == "Poison.":
            raise ZeroDivisionError
        return real(found, day)

    with monkeypatch.context() as patch:
        patch.setattr(admission, "_entry", poisoned)
        await opened.round()
    assert await texts(opened) == {"One.", "Two.", "Three."}
    assert [one.reason for one in await opened.desk.failures()] == ["fault"]
    assert len(await opened.sync._host.envelopes()) == 1, "what did not open is not confirmed"


async def test_a_full_disk_is_no_envelopes_fault(
    sqlite_office: Office, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await sqlite_office.reporter().send(f"Report {number}.", [("a.txt", b"a")])
    await opened.sync._fetch()

    async def full(*_: object) -> None:
        raise DatabaseFullError

    with monkeypatch.context() as patch:
        patch.setattr(dossiers, "see", full)
        assert await opened.sync.reception.open_waiting() == 0
    assert await opened.desk.failures() == ()
    await opened.round()
    assert await texts(opened) == {f"Report {number}." for number in range(3)}


async def test_files_of_a_message_that_came_twice_are_kept_once(sqlite_office: Office, opened: Open) -> None:
    reporter = sqlite_office.reporter()
    for _ in range(2):
        await reporter.send("The same.", [("a.txt", b"a" * 100_000)], message_id=b"m" * 16)
        await opened.round()
    case = await opened.only_case()
    assert (case.row.messages, case.row.files) == (1, 1)
    async with opened.vault.database.read() as connection:
        for table in (FileRow, FileChunkRow):
            (name,) = set(await connection.scalars(select(table.file)))
            assert name.hex() == case.entries[0].files[0].identity


async def test_noise_is_fetched_three_times_and_never_again(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    await upload(sqlite_office, noise(sizes.ENVELOPE_LADDER[1], today.day, today.revision))
    fetched = 0
    host = opened.sync._host
    real = host.chunk

    async def counting(envelope: bytes, place: int) -> bytes:
        nonlocal fetched
        fetched += 1
        return await real(envelope, place)

    host.chunk = counting  # type: ignore[method-assign]
    for _ in range(REFETCHED_TRIES + 4):
        await opened.round()
        await opened.round()
        sqlite_office.clock.forward(days=1)
    assert fetched == REFETCHED_TRIES
    (failure,) = await opened.desk.failures()
    assert failure.reason == "damaged"
    assert len(await host.envelopes()) == 1, "and kept as long as its prekey lives"


async def test_a_report_that_arrives_with_its_whole_group_is_whole_after_the_line_broke(
    sqlite_office: Office, opened: Open
) -> None:
    """One answer of the group fails; what came is kept, and the next fetch asks for the rest only."""
    for number in range(3):
        await sqlite_office.reporter().send(f"Report {number}.", [("a.bin", os.urandom(1000))])
    host, asked = opened.sync._host, []
    real = host.chunk

    async def breaking(envelope: bytes, place: int) -> bytes:
        asked.append(envelope)
        if len(asked) == 2:
            raise OSError
        return await real(envelope, place)

    host.chunk = breaking  # type: ignore[method-assign]
    with pytest.raises(OSError):  # noqa: PT011 - it has no text
        await opened.sync._fetch()
    await opened.round()
    assert await texts(opened) == {f"Report {number}." for number in range(3)}
    assert (len(asked), asked.count(asked[1])) == (4, 2)


class ProcessEndedError(BaseException):
    """The process that opened it is no more."""


async def test_an_envelope_that_ends_the_process_stops_no_other_and_is_set_aside(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = sqlite_office
    real = EnvelopeReader.finish

    def killing(reader: EnvelopeReader) -> object:
        events = [*real(reader)]
        if any(isinstance(event, Message) and event.text == "Killer." for event in events):
            raise ProcessEndedError
        return events

    async with office.open() as opened:
        for text in ("One.", "Killer.", "Two.", "Three."):
            await office.reporter().send(text)
        await opened.sync._fetch()
    ends = 0
    with monkeypatch.context() as patch:
        patch.setattr(EnvelopeReader, "finish", killing)
        for _ in range(10):
            async with office.open() as opened:
                await opened.sign_in()
                try:
                    await opened.sync.reception.open_waiting()
                except ProcessEndedError:
                    ends += 1
                    continue
                break
    assert ends == PATIENCE, "once in its group, then alone"
    async with office.open() as opened:
        await opened.sign_in()
        await opened.round()
        assert await texts(opened) == {"One.", "Two.", "Three."}
        (failure,) = await opened.desk.failures()
        assert failure.reason == "fault"
        assert len(await opened.sync._host.envelopes()) == 1
        office.clock.forward(days=1)
        await opened.round()
        assert "Killer." in await texts(opened), "a repaired desk opens it"
