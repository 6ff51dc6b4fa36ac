"""Which notes stop the clock of three months."""

from __future__ import annotations

import pytest

from dropbox.bureau import cases, notes
from dropbox.bureau.errors import EmptyNoteError
from dropbox.bureau.views import CaseStatus, EntryKind, NoteDraft
from dropbox.protocol.payload import Message
from tests.bureau.office import Office

BEFORE = cases.begun(Message("A report."), bytes(16), None, 20_000)
NAME = b"n" * 16


def feedback_after(draft: NoteDraft) -> str:
    return notes._after(BEFORE, notes.Composed(draft, b"", ()), NAME).feedback


@pytest.mark.parametrize("status", [CaseStatus.ADDRESSING, CaseStatus.CLOSED])
def test_an_action_with_its_reasons_is_feedback(status: CaseStatus) -> None:
    assert feedback_after(NoteDraft(EntryKind.STATUS, "We look into it, because it is serious.", status)) == NAME.hex()


@pytest.mark.parametrize(
    "draft",
    [
        NoteDraft(EntryKind.REPLY, "Thank you. Since which month?"),
        NoteDraft(EntryKind.NOTICE, "We are shut next week."),
        NoteDraft(EntryKind.QUESTION, "May we?", choices=("Yes", "No")),
        NoteDraft(EntryKind.STATUS, "We are reading it.", CaseStatus.ASSESSING),
        NoteDraft(EntryKind.STATUS, " ", CaseStatus.CLOSED),
    ],
    ids=["reply", "notice", "question", "assessing", "closed-without-reasons"],
)
def test_anything_else_lets_the_clock_run(draft: NoteDraft) -> None:
    assert feedback_after(draft) == ""


def test_a_case_is_not_closed_without_a_reason() -> None:
    with pytest.raises(EmptyNoteError):
        notes.preview(NoteDraft(EntryKind.STATUS, " \n", CaseStatus.CLOSED))


async def test_feedback_stays_due_until_the_reasons_are_on_the_board(sqlite_office: Office) -> None:
    async with sqlite_office.open() as opened:
        await opened.sign_in()
        await sqlite_office.reporter().send("One.")
        await opened.round()
        name = (await opened.only_case()).row.identity
        await opened.desk.send(name, NoteDraft(EntryKind.STATUS, "Nothing was found.", CaseStatus.CLOSED))
        assert (await opened.only_case()).row.deadlines.next_name == "feedback"
        await opened.round()
        deadlines = (await opened.only_case()).row.deadlines
        assert (deadlines.next_name, deadlines.feedback_day) == ("", sqlite_office.clock.day)
