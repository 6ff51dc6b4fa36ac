"""The main job, on both databases: a report with files comes in, is read, answered, answered again."""

import pytest

from dropbox.bureau.errors import LockedError, UnknownCaseError
from dropbox.bureau.views import CaseStatus, EntryKind, NoteDraft
from dropbox.protocol.reply import Acknowledgement, Question, Reply, Status
from dropbox.protocol.reply import CaseStatus as SentStatus
from tests.bureau.office import PERIOD, Office


async def collected(office: Office, name: str) -> bytes:
    async with office.desk() as opened:
        await opened.sign_in()
        case = await opened.only_case()
        file = next(file for entry in case.entries for file in entry.files if file.name == name)
        _, pieces = await opened.desk.open_file(case.row.identity, file.identity)
        return b"".join([piece async for piece in pieces])


async def test_report_with_files_is_opened_acknowledged_read_and_answered(office: Office) -> None:
    reporter = office.reporter()
    large = bytes(range(256)) * 10_000
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send(
            "Somebody takes money.",
            [("invoice.pdf", large), ("empty.txt", b"")],
            category="fraud",
            ongoing="yes",
            keep_from="my manager",
            language="en",
        )
        await opened.round()
        assert await reporter.notes() == [Acknowledgement(1, 2, office.clock.day)]
        case = await opened.only_case()
        assert case.facts.keep_from == ("my manager",)
        assert (case.row.category, case.facts.ongoing, case.row.unread) == ("fraud", "yes", 1)
        message = case.entries[0]
        assert message.text == "Somebody takes money."
        assert [(file.name, file.size) for file in message.files] == [("invoice.pdf", len(large)), ("empty.txt", 0)]
        await opened.desk.mark_read(case.row.identity)
        assert (await opened.only_case()).row.unread == 0

        await opened.desk.send(case.row.identity, NoteDraft(EntryKind.REPLY, "Thank you. Which year?"))
        waiting = (await opened.only_case()).entries[1]
        assert (waiting.published_day, waiting.on_board) == (None, False)
        office.clock.forward(seconds=PERIOD)
        await opened.round()
        assert (await reporter.notes())[-1] == Reply("Thank you. Which year?")
        published = (await opened.only_case()).entries[1]
        assert (published.published_day, published.on_board) == (office.clock.day, True)

        await reporter.send("2019.", known=True)
        await opened.round()
        case = await opened.only_case()
        assert [entry.text for entry in case.entries if entry.kind is EntryKind.MESSAGE] == [message.text, "2019."]
        assert Acknowledgement(2, 2, office.clock.day) in await reporter.notes()
    assert await collected(office, "invoice.pdf") == large
    assert await collected(office, "empty.txt") == b""


async def test_status_and_question_reach_the_reporter_and_the_answer_comes_back(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send("Something.")
        await opened.round()
        name = (await opened.only_case()).row.identity
        await opened.desk.send(name, NoteDraft(EntryKind.STATUS, "", CaseStatus.ASSESSING))
        await opened.desk.send(name, NoteDraft(EntryKind.QUESTION, "Any harm?", choices=("yes", "no")))
        await opened.round()
        _, status, question = await reporter.notes()
        assert status == Status(SentStatus.ASSESSING, "")
        assert isinstance(question, Question)
        assert (question.text, question.answers) == ("Any harm?", ("yes", "no"))
        await reporter.send("", known=True, answers=((question.identity, "no"),))
        await opened.round()
        case = await opened.only_case()
        assert case.row.status is CaseStatus.ASSESSING
        (answer,) = next(entry.answers for entry in case.entries if entry.answers)
        assert (answer.question, answer.answer) == ("Any harm?", "no")


async def test_locked_desk_fetches_and_publishes_and_opens_at_the_next_sign_in(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        handler = await opened.sign_in()
        await reporter.send("One.")
        await opened.round()
        opened.desk.sign_out(handler)
        assert not opened.desk.is_open
        before = (await reporter.read()).mailboxes[0]
        await reporter.send("Two.", known=True)
        office.clock.forward(days=1)
        await opened.round()
        state = await opened.desk.sync_state()
        assert (state.waiting, state.problem, state.last_fetch) == (1, "", office.clock.now)
        after = (await reporter.read()).mailboxes[0]
        assert after.notes == before.notes
        assert (before.issued_day, after.issued_day) == (office.clock.day - 1, office.clock.day)
        with pytest.raises(LockedError):
            await opened.desk.cases()
        await opened.sign_in()
        await opened.round()
        assert (await opened.only_case()).row.messages == 2
        assert (await opened.desk.sync_state()).waiting == 0


async def test_second_handler_keeps_the_keyring_open(sqlite_office: Office) -> None:
    async with sqlite_office.open() as opened:
        one, two = await opened.sign_in(), await opened.sign_in()
        opened.desk.sign_out(one)
        assert opened.desk.is_open
        opened.desk.sign_out(one)
        assert opened.desk.is_open
        opened.desk.sign_out(two)
        assert not opened.desk.is_open


async def test_discarded_junk_is_gone_from_desk_board_and_vault(office: Office) -> None:
    junk, kept = office.reporter(), office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await junk.send("Buy now.", [("offer.txt", b"cheap" * 1000)])
        await opened.round()
        case = await opened.only_case()
        await opened.desk.discard(case.row.identity)
        await kept.send("A real one.")
        await opened.round()
        assert (await junk.read()).empty
        assert (await opened.only_case()).entries[0].text == "A real one."
        with pytest.raises(UnknownCaseError):
            await opened.desk.case(case.row.identity)
        state = opened.vault.opened().state
        assert len(state.threads) == len(state.case_keys) == len(opened.vault.publisher.state.tag_keys) == 1


async def test_intake_is_told_what_was_opened_and_keeps_nothing_of_it(sqlite_office: Office) -> None:
    async with sqlite_office.open() as opened:
        await opened.sign_in()
        await sqlite_office.reporter().send("One.")
        await opened.round()
        assert await opened.sync._host.envelopes() == []
