"""What goes out to everyone: the publication, and everything again when intake was made anew."""

import pytest

from dropbox.bureau.errors import NotCertifiedError
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.keys import Role
from dropbox.protocol.publication import Publication
from dropbox.reporter import exchange
from tests.bureau.office import PERIOD, Office


async def everything(office: Office) -> tuple[Bulletin, Publication]:
    async with office.transport() as transport:
        bulletin = await exchange.fetch_bulletin(transport, office.root.public, office.clock())
        await exchange.fetch_boards(transport, bulletin, office.clock())
        publication = await exchange.fetch_publication(transport, bulletin, office.clock())
    assert publication is not None
    return bulletin, publication


async def test_publication_says_on_which_day_the_mailboxes_were_last_read(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        _, before = await everything(office)
        assert before.mailboxes_read_day == 0
        handler = await opened.sign_in()
        await opened.desk.cases()
        read_day = office.clock.day
        await opened.round()
        _, after = await everything(office)
        assert (after.mailboxes_read_day, after.sequence) == (read_day, before.sequence + 1)
        opened.desk.sign_out(handler)
        office.clock.forward(days=2)
        await opened.round()
        _, later = await everything(office)
        assert (later.mailboxes_read_day, later.issued_day) == (read_day, office.clock.day)


async def test_notices_and_facts_of_the_settings_are_published(sqlite_office: Office) -> None:
    office = sqlite_office
    notices = [{"language": "nl", "text": "Wij zijn dicht van 24 december tot 2 januari."}]
    async with office.intake(), office.desk(notices=notices, facts={"phone": "+31 70 000 00 00"}) as opened:
        await opened.round()
        _, publication = await everything(office)
        assert [(one.language, one.text) for one in publication.notices] == [("nl", notices[0]["text"])]
        assert publication.facts == (("phone", "+31 70 000 00 00"),)


async def test_intake_that_was_made_anew_gets_everything_again(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.desk() as opened:
        async with office.intake():
            await opened.round()
            await opened.sign_in()
            await reporter.send("One.")
            await opened.round()
        for path in office.folder.glob("intake.db*"):
            path.unlink()
        office.clock.forward(seconds=PERIOD)
        async with office.intake():
            await opened.sync.publish_round()
            assert opened.sync.problem == "peer"
            await opened.round()
            await everything(office)
            assert not (await reporter.read()).empty


async def test_desk_whose_key_is_not_certified_does_not_start(sqlite_office: Office) -> None:
    (sqlite_office.folder / "keys" / f"{Role.BOARD}.json").unlink()
    with pytest.raises(NotCertifiedError, match="board"):
        async with sqlite_office.desk():
            pytest.fail("started without a certificate")


async def test_bulletin_carries_the_certificates_that_a_reader_needs(sqlite_office: Office) -> None:
    async with sqlite_office.open() as opened:
        bulletin, _ = await everything(sqlite_office)
        assert {one.role for one in bulletin.certificates} == {Role.BULLETIN, Role.BOARD, Role.PUBLICATION}
        assert bulletin.recipients[0].identity == opened.vault.publisher.state.recipient
        assert bulletin.board_period == PERIOD
