"""An inbox whose clock goes back, or that was shut for weeks: no card is lost, no answer goes out twice or never."""

import asyncio

import pytest

from dropbox.ministry.states import State
from dropbox.protocol import sizes
from tests.ministry.world import PERIOD, Running, World, referral


async def bring(running: Running, world: World) -> str:
    card = referral()
    world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(card, running.address)))
    return card.reference.hex()


def said(running: Running, world: World) -> list[tuple[str, str]]:
    """What the bureau reads in all batches."""
    found = [world.bureau.read(batch, running.service.outcome_public) for batch in world.intake.outcomes.values()]
    return sorted((one.reference.hex(), one.text) for batch in found for one in batch)


@pytest.mark.parametrize("back", [1, 3600, sizes.DAY])
async def test_clock_that_goes_back_loses_no_card_and_no_answer(running: Running, world: World, back: int) -> None:
    person = await running.sign_in()
    early = await bring(running, world)
    await running.sync.round()
    await running.inbox.answer(person, await running.inbox.card(early), State.RECEIVED, "", "Before.")
    await running.sync.round()
    world.clock.now -= back
    late = await bring(running, world)
    await running.sync.round()
    await running.inbox.answer(person, await running.inbox.card(late), State.RECEIVED, "", "At a wrong time.")
    await running.inbox.answer(person, await running.inbox.card(early), State.CLOSED, "", "Also then.")
    await running.sync.round()
    world.clock.now += back + PERIOD
    await running.sync.round()
    assert said(running, world) == sorted([(early, "Before."), (early, "Also then."), (late, "At a wrong time.")])
    assert world.intake.cards == {}
    assert await running.inbox.store.unsent() == 0


async def test_exchange_goes_on_with_a_clock_that_went_back(
    running: Running, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop waits for the end of a period: by a clock that went back it would wait for a day longer."""
    monkeypatch.setattr("dropbox.ministry.sync.LONGEST_SLEEP", 0.01)
    await running.sign_in()
    exchanging = asyncio.create_task(running.sync.run())
    try:
        found = []
        for back in (0, sizes.DAY + PERIOD):
            found.append(await bring(running, world))
            world.clock.now -= back
            while world.intake.cards:  # noqa: ASYNC110 - what is waited for is the exchange
                await asyncio.sleep(0.01)
    finally:
        exchanging.cancel()
        await asyncio.gather(exchanging, return_exceptions=True)
    await running.sync.round()
    assert {(await running.inbox.card(one)).state for one in found} == {State.NEW}


@pytest.mark.parametrize("days", [20, 59])
async def test_inbox_that_was_shut_for_weeks_opens_what_waited(world: World, days: int) -> None:
    async with world.start() as running:
        await running.sign_in()
        await running.sync.round()
        address = running.address
    card = referral()
    world.intake.offer(world.bureau.batch(address, world.bureau.seal(card, address)))
    world.clock.now += days * sizes.DAY
    async with world.start() as running:
        await running.sync.round()
        await running.sign_in()
        view = await running.inbox.card(card.reference.hex())
        assert view.state is State.NEW
