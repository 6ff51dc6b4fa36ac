"""Holidays of the desk, a leap second, clocks that go back: nothing is lost, nothing older replaces anything."""

import pytest

from dropbox.bureau.keyring import RecipientState
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.protocol import sizes
from dropbox.protocol.board_head import BoardHead
from dropbox.protocol.bulletin import DAILY, DAYS_AHEAD, FALLBACK, FALLBACK_DAYS_AHEAD
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.reporter import exchange
from dropbox.reporter.errors import VisitError
from tests.bureau.office import PERIOD, START_DAY, Office, Open, Reporter
from tests.bureau.test_hostile import bulletin, texts


async def answered(opened: Open, text: str) -> None:
    """A reply in the only case."""
    (row,) = await opened.desk.cases()
    await opened.desk.mark_read(row.identity)
    await opened.desk.send(row.identity, NoteDraft(EntryKind.REPLY, text))


async def report_before_a_holiday(office: Office) -> Reporter:
    """A case with an answer; then the desk is shut."""
    reporter = office.reporter()
    async with office.desk() as opened:
        await opened.round()
        await opened.sign_in()
        await reporter.send("Before.")
        await opened.round()
        await answered(opened, "An answer before.")
        await opened.round()
    return reporter


@pytest.mark.parametrize(("days", "kind"), [(20, DAILY), (59, FALLBACK)])
async def test_desk_that_was_away_finds_what_came_meanwhile(sqlite_office: Office, days: int, kind: str) -> None:
    office = sqlite_office
    async with office.intake():
        before = await report_before_a_holiday(office)
        office.clock.forward(days=days - 1)
        assert (await bulletin(office)).kind == kind
        await office.reporter().send("Meanwhile.")
        office.clock.forward(days=1)
        async with office.desk() as opened:
            await opened.round()  # nobody is signed in: what waits is fetched, and its prekey lives
            await opened.sign_in()
            await opened.round()
            assert await texts(opened) == {"Before.", "Meanwhile."}
            (late,) = [row for row in await opened.desk.cases() if row.received_day != START_DAY]
            assert late.received_day == START_DAY + days - 1
            assert late.deadlines.acknowledge_due == late.received_day + 7
            assert late.deadlines.acknowledged_day == office.clock.day
            assert (await opened.desk.sync_state()).bulletin_days == DAYS_AHEAD + 1
            assert (await bulletin(office)).kind == DAILY
            assert Reply("An answer before.") in await before.notes(), "records expire by their own days"
            await before.send("I am still here.", known=True)
            await opened.round()
            assert (await before.notes())[-1] == Acknowledgement(2, 0, office.clock.day)


async def test_desk_that_was_away_for_longer_than_its_bulletins_reach_leaves_nobody_sealing(
    sqlite_office: Office,
) -> None:
    office = sqlite_office
    async with office.intake():
        await report_before_a_holiday(office)
        office.clock.forward(days=FALLBACK_DAYS_AHEAD)
        assert (await bulletin(office)).kind == FALLBACK
        office.clock.forward(days=1)
        with pytest.raises(VisitError):
            await office.reporter().send("To nobody.")
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await opened.round()
            await office.reporter().send("To somebody again.")
            await opened.round()
            assert await texts(opened) == {"Before.", "To somebody again."}


async def test_a_second_that_comes_twice_stops_no_board(sqlite_office: Office) -> None:
    """23:59:60 is 23:59:59 once more: a board of the new day is out, and the clock shows the old day again."""
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send("One.")
        office.clock.now = (office.clock.day + 1) * sizes.DAY - 1
        await opened.round()
        office.clock.now += 1
        await opened.round()
        midnight, due = office.clock.now, (await board(office)).next_due
        office.clock.now -= 1
        await answered(opened, "In the second that came twice.")
        await opened.round()
        assert (await board(office)).next_due == due == midnight + PERIOD
        assert Reply("In the second that came twice.") in await reporter.notes()
        assert "clock-back" not in (await opened.desk.sync_state()).warnings
        office.clock.now += 1
        await opened.round()


@pytest.mark.parametrize("back", [3600, sizes.DAY])
async def test_clock_that_goes_back_loses_nothing_and_is_said(sqlite_office: Office, back: int) -> None:
    """Of the desk and of intake together, as where both take their time from one wrong source."""
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send("One.")
        office.clock.forward(days=3)
        await opened.round()
        due, keys, of_today = (await board(office)).next_due, chains(opened), await bulletin(office)
        office.clock.forward(seconds=-back)
        await reporter.send("Two.", known=True)
        await opened.round()
        await answered(opened, "An answer at a wrong time.")
        await opened.round()
        assert await texts(opened) == {"One.", "Two."}
        assert Reply("An answer at a wrong time.") in await reporter.notes()
        assert (await board(office)).next_due == due, "no earlier one replaces it"
        assert not keys & chains(opened), "every key that sealed is gone"
        assert "clock-back" in (await opened.desk.sync_state()).warnings
        office.clock.forward(seconds=back)
        assert await bulletin(office) == of_today
        office.clock.forward(seconds=PERIOD)
        await opened.round()
        assert "clock-back" not in (await opened.desk.sync_state()).warnings
        assert (await board(office)).next_due > due
        numbers = [note.number for box in (await reporter.read()).mailboxes for note in box.notes]
        assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("back", [3600, sizes.DAY])
async def test_desk_whose_own_clock_went_back_is_refused_and_changes_nothing(sqlite_office: Office, back: int) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    behind = 0
    async with office.intake(), office.desk(clock=lambda: office.clock.now - behind) as opened:
        await opened.round()
        await opened.sign_in()
        await reporter.send("One.")
        office.clock.forward(days=3)
        await opened.round()
        head = await board(office)
        behind = back
        await reporter.send("Two.", known=True)
        await opened.sync.fetch_round()
        await opened.sync.publish_round()
        assert opened.sync.problems["fetch"] == "refused", "and the desk's page says to compare both clocks"
        assert await board(office) == head
        behind = 0
        await opened.round()
        assert await texts(opened) == {"One.", "Two."}


def chains(opened: Open) -> set[bytes]:
    """The chain keys that the keyring holds."""
    state: RecipientState = opened.vault.opened().state
    return {one.chain for one in state.threads.values()}


async def board(office: Office) -> BoardHead:
    """The head of the board that is out."""
    async with office.transport() as transport:
        found = await exchange.fetch_bulletin(transport, office.root.public, office.clock())
        (one,) = await exchange.fetch_boards(transport, found, office.clock())
        return one.head
