"""Collecting and sending, also while nobody is signed in, also over a line that breaks."""

import os

import pytest

from dropbox.courier.errors import CourierError, PeerError, RefusedError, UnreachableError
from dropbox.ministry import sync as exchange
from dropbox.ministry.states import State
from dropbox.ministry.views import Trouble
from dropbox.protocol import sizes
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import XWingSecretKey
from tests.ministry.world import PER_BATCH, STOCK, Running, World, referral


async def _one_card(running: Running, world: World) -> str:
    card = referral()
    world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(card, running.address)))
    await running.sync.round()
    return card.reference.hex()


async def test_cards_are_collected_while_locked_and_opened_at_the_next_sign_in(running: Running, world: World) -> None:
    reference = await _one_card(running, world)
    assert world.intake.cards == {}
    assert (await running.sync.state()).sealed == PER_BATCH
    await running.sign_in()
    assert (await running.inbox.card(reference)).state is State.NEW
    assert (await running.sync.state()).sealed == 0


async def test_an_answer_arrives_at_the_bureau_in_a_full_batch(running: Running, world: World) -> None:
    person = await running.sign_in()
    reference = await _one_card(running, world)
    view = await running.inbox.card(reference)
    await running.inbox.answer(person, view, State.RECEIVED, "", "We have it.")
    assert (await running.inbox.card(reference)).answers[0].sent_day is None
    world.intake.outcomes.clear()
    await running.sync.round()
    (batch,) = world.intake.outcomes.values()
    (outcome,) = world.bureau.read(batch, running.service.outcome_public)
    assert (outcome.reference.hex(), outcome.sequence, outcome.state) == (reference, 0, "received")
    assert outcome.text == "We have it."
    assert (await running.inbox.card(reference)).answers[0].sent_day == world.clock.now // sizes.DAY


async def test_answers_leave_after_everybody_has_signed_out(running: Running, world: World) -> None:
    person = await running.sign_in()
    reference = await _one_card(running, world)
    view = await running.inbox.card(reference)
    await running.inbox.answer(person, view, State.CLOSED, "", "Nothing to it.")
    running.inbox.sign_out(person)
    assert not running.inbox.is_open
    world.intake.outcomes.clear()
    await running.sync.round()
    (batch,) = world.intake.outcomes.values()
    (outcome,) = world.bureau.read(batch, running.service.outcome_public)
    assert (outcome.state, outcome.measure) == ("closed", "none")


async def test_the_traffic_is_the_same_with_and_without_an_answer(running: Running, world: World) -> None:
    person = await running.sign_in()
    reference = await _one_card(running, world)

    async def traffic() -> tuple[list[str], list[int]]:
        world.intake.requests.clear()
        world.intake.outcomes.clear()
        await running.sync.round()
        shown = [request.rsplit("/", 1)[0] for request in world.intake.requests]
        return shown, [len(body) for body in world.intake.outcomes.values()]

    without = await traffic()
    view = await running.inbox.card(reference)
    await running.inbox.answer(person, view, State.RECEIVED, "", "")
    assert await traffic() == without
    assert without[1] == [PER_BATCH * sizes.CARD]


async def test_more_answers_than_a_batch_holds_go_one_batch_after_the_other(running: Running, world: World) -> None:
    person = await running.sign_in()
    reference = await _one_card(running, world)
    for _ in range(PER_BATCH + 1):
        view = await running.inbox.card(reference)
        await running.inbox.answer(person, view, State.INVESTIGATING, "", "")
    world.intake.outcomes.clear()
    sequences: list[int] = []
    for left in (1, 0):
        await running.sync.round()
        assert (await running.sync.state()).unsent == left
    for batch in world.intake.outcomes.values():
        sequences += [outcome.sequence for outcome in world.bureau.read(batch, running.service.outcome_public)]
    assert sorted(sequences) == list(range(PER_BATCH + 1))


async def test_the_stock_of_dummies_lasts_thirty_days_then_says_so(running: Running, world: World) -> None:
    person = await running.sign_in()
    running.inbox.sign_out(person)
    for _ in range(STOCK // PER_BATCH):
        await running.sync.round()
        assert (await running.sync.state()).troubles == ()
    sent = len(world.intake.outcomes)
    await running.sync.round()
    assert len(world.intake.outcomes) == sent, "a batch that is not full never leaves"
    assert (await running.sync.state()).troubles == (Trouble.NO_DUMMIES,)
    await running.sign_in()
    await running.sync.round()
    assert len(world.intake.outcomes) == sent + 1


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (UnreachableError(), Trouble.UNREACHABLE),
        (RefusedError(401, "bad_time"), Trouble.REFUSED),
        (PeerError(507, "full"), Trouble.FULL),
        (PeerError(503, "not_ready"), Trouble.UNREACHABLE),
    ],
)
async def test_a_batch_that_was_not_taken_goes_again_byte_for_byte(
    sqlite_world: World, fault: CourierError, trouble: Trouble
) -> None:
    intake = sqlite_world.intake
    async with sqlite_world.start() as running:
        person = await running.sign_in()
        reference = await _one_card(running, sqlite_world)
        view = await running.inbox.card(reference)
        await running.inbox.answer(person, view, State.RECEIVED, "", "")
        intake.fault, intake.fault_of = fault, "PUT"
        await running.sync.round()
        assert trouble in (await running.sync.state()).troubles
        assert (await running.inbox.card(reference)).answers[0].sent_day is None
    waiting = intake.requests[-1]
    intake.fault = None
    async with sqlite_world.start() as running:
        await running.sync.round()
        assert intake.requests[-1] == waiting, "also after a restart: the same name"
        await running.sign_in()
        assert (await running.inbox.card(reference)).answers[0].sent_day is not None
        assert (await running.sync.state()).troubles == ()


async def test_an_answer_lost_on_the_way_back_sends_nothing_twice(running: Running, world: World) -> None:
    """Intake took the batch, and the line broke before it could say so."""
    await running.sign_in()
    world.intake.outcomes.clear()
    name, stored = "", b""
    world.intake.fault, world.intake.fault_of = UnreachableError(), "PUT"
    await running.sync.round()
    name = world.intake.requests[-1].removeprefix("PUT ")
    batch = await running.inbox.store.batch(PER_BATCH, bytes(32))
    assert batch is not None
    stored = batch.body
    world.intake.outcomes[name] = stored
    world.intake.fault = None
    await running.sync.round()
    assert world.intake.outcomes == {name: stored}


@pytest.mark.parametrize("step", ["GET /v1/cards", "GET /v1/cards/", "POST /v1/cards/confirmations"])
async def test_a_line_that_breaks_while_collecting_loses_no_card(running: Running, world: World, step: str) -> None:
    await running.sign_in()
    card = referral()
    world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(card, running.address)))
    world.intake.fault, world.intake.fault_of = UnreachableError(), step
    await running.sync.round()
    assert Trouble.UNREACHABLE in (await running.sync.state()).troubles
    assert len(world.intake.cards) == 1
    world.intake.fault = None
    await running.sync.round()
    assert world.intake.cards == {}
    assert [row.reference for row in (await running.inbox.cards()).rows] == [card.reference.hex()]


async def test_a_batch_of_a_strange_length_is_left_and_the_others_are_collected(running: Running, world: World) -> None:
    await running.sign_in()
    bad = world.intake.offer(os.urandom(sizes.CARD + 1))
    empty = world.intake.offer(b"")
    world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(referral(), running.address)))
    await running.sync.round()
    assert set(world.intake.cards) == {bad, empty}
    assert Trouble.BAD_ANSWER in (await running.sync.state()).troubles
    assert len((await running.inbox.cards()).rows) == 1


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"keys":["../desk"]}', b'{"keys":[1]}', b'{"keys":[],"more":1}'])
async def test_a_listing_of_another_form_is_refused_and_sending_goes_on(
    sqlite_world: World, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(_target: str, *, limit: int = 0) -> bytes:
        del limit
        return answer

    async with sqlite_world.start() as running:
        await running.sign_in()
        monkeypatch.setattr(sqlite_world.intake, "get", get)
        await running.sync.round()
        assert (await running.sync.state()).troubles == (Trouble.BAD_ANSWER,)
        assert len(sqlite_world.intake.outcomes) == 1


async def test_a_host_that_offers_cards_without_end_fills_no_disk(
    running: Running, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "WAITING_MOST", 2 * PER_BATCH)
    for _ in range(4):
        world.intake.offer(os.urandom(PER_BATCH * sizes.CARD))
    await running.sync.round()
    assert Trouble.MANY_WAITING in (await running.sync.state()).troubles
    assert (await running.sync.state()).sealed == 2 * PER_BATCH
    assert len(world.intake.cards) == 2


async def test_a_renewed_box_of_the_bureau_gets_dummies_of_its_own(running: Running, world: World) -> None:
    person = await running.sign_in()
    world.bureau.box = XWingSecretKey.generate(os.urandom)
    world.bureau.publish(world.place / "keys")
    await running.sync.round()
    running.inbox.sign_out(person)
    world.intake.outcomes.clear()
    await running.sync.round()
    (batch,) = world.intake.outcomes.values()
    assert world.bureau.read(batch, running.service.outcome_public) == []


async def test_missing_and_foreign_certificates_are_said(running: Running, world: World) -> None:
    keys = world.place / "keys"
    (keys / "bureau-card-box.json").unlink()
    foreign = XWingSecretKey.generate(os.urandom).public
    (keys / "ministry-card-box.json").write_bytes(
        world.bureau.root.certify(Role.MINISTRY_CARD_BOX, foreign, 0, 100_000)
    )
    await running.sync.round()
    assert (await running.sync.state()).troubles == (Trouble.NO_BUREAU, Trouble.NOT_OURS)
    (keys / "forged.json").write_bytes(type(world.bureau)().root.certify(Role.CARD, world.bureau.desk.public, 0, 1))
    await running.sync.round()
    assert Trouble.KEYS in (await running.sync.state()).troubles
