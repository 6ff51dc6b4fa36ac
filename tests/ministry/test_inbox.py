"""The facade: what needs somebody to be signed in, what two people do at once, what a damaged row hides."""

import pytest
from sqlalchemy import update

from dropbox.ministry.errors import (
    LockedError,
    MoveRefusedError,
    NotCertifiedError,
    OvertakenError,
    UnknownCardError,
)
from dropbox.ministry.states import State
from dropbox.ministry.store import Store
from dropbox.ministry.tables import AnswerRow, CardRow
from dropbox.ministry.views import CardView, Person
from dropbox.protocol import documents, labels
from dropbox.protocol.card import Referral, short_code
from dropbox.storage.database import open_database
from dropbox.storage.errors import WrongPasswordError
from tests.ministry.world import PASSWORD, USER, Running, World, referral


async def _with(running: Running, world: World, *cards: Referral) -> Person:
    person = await running.sign_in()
    sealed = [world.bureau.seal(card, running.address) for card in cards]
    world.intake.offer(world.bureau.batch(running.address, *sealed))
    await running.sync.round()
    return person


async def test_nothing_is_shown_or_said_while_locked(running: Running, world: World) -> None:
    card = referral()
    person = await _with(running, world, card)
    view = await running.inbox.card(card.reference.hex())
    running.inbox.sign_out(person)
    for attempt in (
        running.inbox.cards(),
        running.inbox.card(card.reference.hex()),
        running.inbox.answer(person, view, State.RECEIVED, "", ""),
        running.inbox.dismiss("00" * 16),
    ):
        with pytest.raises(LockedError):
            await attempt


async def test_the_last_one_to_leave_locks(running: Running) -> None:
    first, second = await running.sign_in(), await running.sign_in()
    running.inbox.sign_out(first)
    running.inbox.sign_out(first)
    assert running.inbox.is_open
    running.inbox.sign_out(second)
    assert not running.inbox.is_open


async def test_a_wrong_password_opens_nothing(running: Running) -> None:
    with pytest.raises(WrongPasswordError):
        await running.inbox.sign_in(USER, PASSWORD + "x")
    assert not running.inbox.is_open


async def test_a_sign_in_that_fails_half_way_leaves_the_inbox_locked(sqlite_world: World) -> None:
    async with sqlite_world.start() as running:
        await running.inbox.store.close()
        broken = open_database(sqlite_world.url)
        async with broken.write() as connection:
            await connection.exec_driver_sql("DROP TABLE incoming")
        await broken.close()
        with pytest.raises(Exception, match="incoming"):
            await running.sign_in()
        assert not running.inbox.is_open


async def test_one_s_password_can_be_changed(running: Running) -> None:
    person = await running.sign_in()
    await running.inbox.change_password(person, PASSWORD, "a wholly different one")
    with pytest.raises(WrongPasswordError):
        await running.sign_in()
    assert (await running.inbox.sign_in(USER, "a wholly different one")).user == USER


async def test_the_card_comes_as_the_bureau_wrote_it_with_what_was_signed(running: Running, world: World) -> None:
    card = referral()
    await _with(running, world, card)
    view = await running.inbox.card(card.reference.hex())
    assert view.referral == card
    assert view.code == short_code(card.reference)
    document = documents.read_document(view.document, "card", limit=len(view.document))
    body = document.verify((world.bureau.card_key.public,), labels.SIGN_CARD)
    assert body["content"]["summary"] == card.summary


@pytest.mark.parametrize("reference", ["", "00", "00" * 8, "ZZ" * 8, "../../etc"])
async def test_an_unknown_reference_is_said(sqlite_world: World, reference: str) -> None:
    async with sqlite_world.start() as running:
        await running.sign_in()
        with pytest.raises(UnknownCardError):
            await running.inbox.card(reference)


async def test_what_is_due_first_stands_first_and_closed_ones_last(running: Running, world: World) -> None:
    late, soon, closed, never = (
        referral(answer_by="2025-02-01"),
        referral(answer_by="2024-12-01"),
        referral(answer_by="2024-11-01"),
        referral(answer_by=""),
    )
    person = await _with(running, world, late, soon, closed, never)
    view = await running.inbox.card(closed.reference.hex())
    await running.inbox.answer(person, view, State.CLOSED, "", "Done.")
    rows = (await running.inbox.cards()).rows
    assert [row.reference for row in rows] == [card.reference.hex() for card in (soon, late, never, closed)]


async def test_an_answer_that_may_not_follow_is_refused_and_changes_nothing(running: Running, world: World) -> None:
    card = referral()
    person = await _with(running, world, card)
    view = await running.inbox.card(card.reference.hex())
    with pytest.raises(MoveRefusedError):
        await running.inbox.answer(person, view, State.MEASURE, "conversation", "")
    assert (await running.inbox.card(card.reference.hex())).answers == ()
    assert (await running.sync.state()).unsent == 0


async def test_two_people_answer_at_once_and_the_second_is_told(running: Running, world: World) -> None:
    card = referral()
    person = await _with(running, world, card)
    seen: CardView = await running.inbox.card(card.reference.hex())
    await running.inbox.answer(person, seen, State.RECEIVED, "", "first")
    with pytest.raises(OvertakenError):
        await running.inbox.answer(person, seen, State.CLOSED, "", "second")
    view = await running.inbox.card(card.reference.hex())
    assert [answer.text for answer in view.answers] == ["first"]
    with pytest.raises(OvertakenError):
        await running.inbox.store.add_answer(*await _row(running.inbox.store), b"body", b"outgoing")


async def _row(store: Store) -> tuple[bytes, int]:
    (answer,) = await store.answers()
    return answer.card, answer.sequence


async def test_without_a_key_of_the_bureau_nothing_is_sealed(running: Running, world: World) -> None:
    card = referral()
    person = await _with(running, world, card)
    (world.place / "keys" / "bureau-card-box.json").unlink()
    running.inbox.read_certificates()
    with pytest.raises(NotCertifiedError):
        await running.inbox.answer(
            person, await running.inbox.card(card.reference.hex()), State.RECEIVED, "", "kept in the form"
        )
    assert (await running.sync.state()).unsent == 0


async def test_a_damaged_row_hides_no_other_card(running: Running, world: World) -> None:
    first, second, third = referral(), referral(), referral()
    person = await _with(running, world, first, second, third)
    await running.inbox.answer(person, await running.inbox.card(third.reference.hex()), State.RECEIVED, "", "")
    rows = await running.inbox.store.cards()
    (answered,) = await running.inbox.store.answers()
    victim = next(name for name in rows if name != answered.card)
    database = open_database(world.url)
    async with database.write() as connection:
        await connection.execute(update(CardRow).where(CardRow.name == victim).values(body=b"DBXSEAL1 and noise"))
        await connection.execute(update(AnswerRow).values(body=b"noise"))
    await database.close()
    cards = await running.inbox.cards()
    assert (len(cards.rows), cards.damaged) == (1, 2)


async def test_rows_cannot_change_places(running: Running, world: World) -> None:
    """Whoever can write to the database cannot show one card under the reference of another one."""
    await _with(running, world, referral(), referral())
    rows = await running.inbox.store.cards()
    one, other = rows
    database = open_database(world.url)
    async with database.write() as connection:
        await connection.execute(update(CardRow).where(CardRow.name == one).values(body=rows[other]))
    await database.close()
    assert (await running.inbox.cards()).damaged == 1
