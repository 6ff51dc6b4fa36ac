"""Which notes stop the clock of three months."""

from __future__ import annotations

import pytest

from dropbox.bureau import cases, notes
from dropbox.bureau.views import CaseStatus, EntryKind, NoteDraft
from dropbox.protocol.payload import Message

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
