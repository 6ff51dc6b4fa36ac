"""Canaries: the desk answers an auditor's report by itself, shows it to nobody, and keeps it a week.  A forged one is
an ordinary report.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dropbox.auditor.keys import AuditorKey
from dropbox.bureau import canaries, ledger
from dropbox.bureau.copies import Medium
from dropbox.bureau.errors import SettingsError
from dropbox.protocol import canary, sizes
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.protocol.thread import ReporterKeys
from tests.bureau.office import PERIOD, Office, Open, Reporter

AUDITOR = AuditorKey(bytes(range(32)))
KEYS = [AUDITOR.public.hex()]


def text(reporter: Reporter, key: AuditorKey = AUDITOR, day: int | None = None) -> str:
    office = reporter.office
    instance = office.root.public.instance
    thread = ReporterKeys.derive(reporter.receipt, instance).thread_id
    return canary.text(key.public, instance, thread, office.clock.day if day is None else day, key.sign)


async def records(opened: Open) -> list[ledger.Record]:
    async with opened.vault.database.read() as connection:
        return await ledger.records(connection, opened.vault.storage_key)


@asynccontextmanager
async def open_desk(office: Office) -> AsyncIterator[Open]:
    """A desk that knows the auditor, with a round behind it and a handler signed in."""
    async with office.intake(), office.desk(canary_keys=KEYS) as opened:
        await opened.round()
        await opened.sign_in()
        yield opened


async def test_a_canary_is_answered_by_itself_and_shown_to_nobody(office: Office) -> None:
    reporter = office.reporter()
    async with open_desk(office) as opened:
        await reporter.send(text(reporter))
        await opened.round()
        assert await opened.desk.cases() == ()
        assert await reporter.notes() == [Acknowledgement(1, 0, office.clock.day), Reply("canary")]
        sync = await opened.desk.sync_state()
        assert sync.problem == ""


async def test_it_waits_for_somebody_to_sign_in_like_any_report(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake(), office.desk(canary_keys=KEYS) as opened:
        await opened.round()
        await reporter.send(text(reporter))
        await opened.round()
        assert (await reporter.read()).empty
        await opened.sign_in()
        await opened.round()
        assert Reply("canary") in await reporter.notes()


async def test_one_that_waited_for_weeks_is_answered_for_a_week_all_the_same(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake(), office.desk(canary_keys=KEYS) as opened:
        await opened.round()
        await reporter.send(text(reporter))
        await opened.round()
        office.clock.forward(days=canaries.DAYS + 3)
        await opened.sign_in()
        for days in (1, canaries.DAYS - 2, 1):
            await opened.round()
            await opened.round()
            assert Reply("canary") in await reporter.notes()
            office.clock.forward(days=days)
        await opened.round()
        assert (await reporter.read()).empty


async def test_the_answer_goes_out_with_the_acknowledgement_once_the_backup_has_it(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    medium = office.folder / "medium"
    medium.mkdir()
    async with office.intake(), office.desk(canary_keys=KEYS, backup=str(medium)) as opened:
        await opened.sign_in()
        await opened.round()
        await reporter.send(text(reporter))
        with monkeypatch.context() as patch:
            patch.setattr(Medium, "write_listing", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
            await opened.sync.fetch_round()
            assert opened.sync.problems == {"backup": "backup"}
            office.clock.forward(seconds=PERIOD)
            await opened.sync.publish_round()
            assert await opened.desk.cases() == ()
            assert (await reporter.read()).empty, "neither of the two"
        await opened.sync.fetch_round()
        office.clock.forward(seconds=PERIOD)
        await opened.sync.publish_round()
        assert {type(note) for note in await reporter.notes()} == {Acknowledgement, Reply}


async def test_after_a_week_nothing_of_it_is_left(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with open_desk(office) as opened:
        await reporter.send(text(reporter))
        await opened.round()
        office.clock.forward(days=canaries.DAYS - 1)
        await opened.round()
        assert Reply("canary") in await reporter.notes()
        office.clock.forward(days=1)
        await opened.round()
        assert (await reporter.read()).empty
        assert await records(opened) == []
        state = opened.vault.opened().state
        assert (state.threads, state.case_keys, opened.vault.publisher.state.tag_keys) == ({}, {}, {})


@pytest.mark.parametrize("fault", ["unknown key", "other thread", "other day", "a file", "a category", "one more"])
async def test_a_forged_canary_is_an_ordinary_report(sqlite_office: Office, fault: str) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    day, written = office.clock.day, text(reporter)
    files = [("a.txt", b"a")] if fault == "a file" else []
    written = {
        "unknown key": text(reporter, AuditorKey(bytes(32))),
        "other thread": text(office.reporter()),
        "other day": text(reporter, day=day - 1),
        "one more": written + " ",
    }.get(fault, written)
    async with open_desk(office) as opened:
        await reporter.send(written, files, category="fraud" if fault == "a category" else "")
        await opened.round()
        (row,) = await opened.desk.cases()
        assert (row.can_reply, row.deadlines.next_name) == (True, "feedback")
        assert await reporter.notes() == [Acknowledgement(1, len(files), day)]


async def test_a_desk_that_knows_no_auditor_takes_it_for_a_report(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send(text(reporter))
        await opened.round()
        assert len(await opened.desk.cases()) == 1


async def test_a_further_message_makes_it_a_case_and_nothing_written_is_lost(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with open_desk(office) as opened:
        await reporter.send(text(reporter))
        await opened.round()
        await reporter.send("There is something after all.", known=True)
        await opened.round()
        case = await opened.only_case()
        assert "There is something after all." in [entry.text for entry in case.entries]
        office.clock.forward(days=canaries.DAYS + 1)
        await opened.round()
        assert len(await opened.desk.cases()) == 1


async def test_both_at_once_are_one_case(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake(), office.desk(canary_keys=KEYS) as opened:
        await opened.round()
        await reporter.send(text(reporter))
        await reporter.send("There is something after all.", known=True)
        await opened.round()
        await opened.sign_in()
        await opened.round()
        assert len(await opened.desk.cases()) == 1
        assert await reporter.notes() == [Acknowledgement(2, 0, office.clock.day)]


async def test_the_same_canary_sent_twice_is_answered_once(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with open_desk(office) as opened:
        written, message = text(reporter), os.urandom(16)
        await reporter.send(written, message_id=message)
        await opened.round()
        await reporter.send(written, message_id=message)
        await opened.round()
        assert await reporter.notes() == [Acknowledgement(1, 0, office.clock.day), Reply("canary")]
        assert await opened.desk.cases() == ()


async def test_more_canaries_than_are_answered_are_reports_and_the_board_stays_small(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canaries, "MOST", 3)
    office = sqlite_office
    async with open_desk(office) as opened:
        for several in (2, 3):
            for _ in range(several):
                reporter = office.reporter()
                await reporter.send(text(reporter))
            await opened.round()
        assert len(await opened.desk.cases()) == 2
        assert sum(one.kind == ledger.CANARY for one in await records(opened)) == 3


async def test_on_a_full_board_a_canary_stands_whole_or_not_at_all(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    others = [office.reporter(), office.reporter()]
    async with open_desk(office) as opened:
        await reporter.send(text(reporter))
        await opened.round()
        office.clock.forward(days=1)
        for other in others:
            await other.send("Something is wrong.")
        for most, shown in ((3, False), (4, True), (2, False)):
            monkeypatch.setattr(sizes, "BOARD_MAX_RECORDS", most)
            await opened.round()
            await opened.round()
            kinds = {type(note) for note in await reporter.notes()}
            assert kinds == ({Acknowledgement, Reply} if shown else set()), most
            assert ("board-full" in (await opened.desk.sync_state()).warnings) == (most < 4)
            for other in others:
                assert len(await other.notes()) == 1, "who wrote later is told longer"


def record(number: int, kind: str, expires: int) -> ledger.Record:
    name = number.to_bytes(16, "big")
    return ledger.Record(os.urandom(16), name, 0, b"", kind, name, expires)


def test_a_canary_gives_way_when_a_report_of_its_day_would_and_replies_never() -> None:
    replies = [record(n, ledger.NOTE, 10) for n in range(3)]
    old, new = record(10, ledger.ACKNOWLEDGEMENT, 20), record(11, ledger.ACKNOWLEDGEMENT, 40)
    both = [record(12, ledger.ACKNOWLEDGEMENT, 30), record(12, ledger.CANARY, 7)]
    live = [old, *both, new, *replies]
    kept = [{one.name for one in ledger.fitting(live, most)} for most in range(3, 8)]
    names = {one.name for one in replies}
    assert kept[0] == names
    assert kept[1] == kept[2] == names | {new.name}, "half a canary is none"
    assert kept[3] == names | {new.name} | {one.name for one in both}
    assert kept[4] == {one.name for one in live}


@pytest.mark.parametrize(
    "value", ["ab", ["AB" * 32], [1], ["ab" * 31], ["ab" * 32] * 2, [f"{n:064x}" for n in range(17)]]
)
def test_keys_that_are_none_are_refused(sqlite_office: Office, value: object) -> None:
    with pytest.raises(SettingsError, match="canary_keys"):
        sqlite_office.settings(canary_keys=value)
