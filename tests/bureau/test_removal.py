"""A power cut at any step of discarding a case: the next sign-in finishes it, and nothing of the case goes out."""

from __future__ import annotations

from typing import NoReturn

import pytest
from sqlalchemy import func, select

from dropbox.bureau.tables import CardRow, CaseRow, EntryRow, FileChunkRow, FileRow, PostingRow, RecordRow
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.protocol.card import Dummy
from tests.bureau.office import CARD_PERIOD, CARDS, Office, Open
from tests.bureau.test_cards import DRAFT, YES, batches, cards_of

STEPS = (
    "dropbox.bureau.keyring.RecipientKeyring.save",
    "dropbox.bureau.keyring.PublisherKeyring.save",
    "dropbox.bureau.dossiers.discard",
)
OF_CASES = (CardRow, CaseRow, EntryRow, FileChunkRow, FileRow, PostingRow, RecordRow)


class PowerCutError(BaseException):
    """The machine lost power here."""


def cut(*_arguments: object) -> NoReturn:
    raise PowerCutError


async def rows(opened: Open) -> dict[str, int]:
    async with opened.vault.database.read() as connection:
        counted = [(one, await connection.scalar(select(func.count()).select_from(one))) for one in OF_CASES]
    return {one.__tablename__: count or 0 for one, count in counted}


@pytest.mark.parametrize("step", STEPS)
async def test_discarding_that_was_cut_is_finished_at_the_next_sign_in(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await reporter.send("Junk.", [("a.bin", b"x" * 100_000)])
            await opened.round()
            name = (await opened.only_case()).row.identity
            await opened.desk.release_card(name, DRAFT, YES)
            await opened.desk.send(name, NoteDraft(EntryKind.REPLY, "What do you mean?"))
            await opened.round()
            with monkeypatch.context() as patch:
                patch.setattr(step, cut)
                with pytest.raises(PowerCutError):
                    await opened.desk.discard(name)
        async with office.desk() as opened:
            office.clock.forward(seconds=CARD_PERIOD)
            await opened.round()
            assert (await reporter.read()).empty, "also while nobody is signed in"
            (batch,) = await batches(office)
            assert [type(card) for card in cards_of(office, opened, batch)] == [Dummy] * CARDS
            await opened.sign_in()
            assert await opened.desk.cases() == ()
            assert set((await rows(opened)).values()) == {0}, await rows(opened)
            assert (opened.vault.opened().state.threads, opened.vault.publisher.state.tag_keys) == ({}, {})


async def test_case_that_is_not_noted_survives_an_older_database(sqlite_office: Office) -> None:
    office, database = sqlite_office, sqlite_office.vault / "vault.db"
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.vault.database.checkpoint_truncate()
        old = database.read_bytes()
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await office.reporter().send("One.", known=True)
            await opened.round()
            await opened.vault.database.checkpoint_truncate()
        newer = database.read_bytes()
        database.write_bytes(old)
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            assert await opened.desk.cases() == ()
        for path in office.vault.glob("vault.db-*"):
            path.unlink()
        database.write_bytes(newer)
        async with office.desk() as opened:
            await opened.sign_in()
            assert (await opened.only_case()).row.messages == 1
