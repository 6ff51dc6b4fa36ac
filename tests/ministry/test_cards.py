"""Forged, misdirected, replayed and damaged cards: each is refused with its reason and stops nothing."""

import os
from collections.abc import Callable

import pytest

from dropbox.ministry.cards import Reason
from dropbox.protocol import documents, padding, primitives, sizes
from dropbox.protocol.card import CARD_PLAINTEXT, Dummy, Outcome, card_info, seal_card
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey, XWingSecretKey
from tests.ministry.world import Bureau, Running, World, referral

Forge = Callable[[Bureau, bytes], bytes]


def _forged(bureau: Bureau, to: bytes) -> bytes:
    other = SigningKey.generate(Role.CARD, os.urandom)
    return seal_card(referral(), bureau.instance, to, other.sign)


def _signed_with_the_board_key(bureau: Bureau, to: bytes) -> bytes:
    key = SigningKey(Role.BOARD, bureau.card_key.seed)
    return seal_card(referral(), bureau.instance, to, key.sign)


def _for_another_ministry(bureau: Bureau, _to: bytes) -> bytes:
    return bureau.seal(referral(), XWingSecretKey.generate(os.urandom).public)


def _of_another_instance(bureau: Bureau, to: bytes) -> bytes:
    return seal_card(referral(), RootSecretKey.generate(os.urandom).public.instance, to, bureau.card_key.sign)


def _passed_on(bureau: Bureau, to: bytes) -> bytes:
    """Signed for somebody else, then sealed anew to this inbox."""
    another = primitives.sha256(b"another").hex()
    return _sealed(bureau, to, {**_body(bureau, to), "recipient": another})


def _with_another_instance_inside(bureau: Bureau, to: bytes) -> bytes:
    return _sealed(bureau, to, {**_body(bureau, to), "instance": "00" * sizes.INSTANCE})


def _unknown_field(bureau: Bureau, to: bytes) -> bytes:
    return _sealed(bureau, to, {**_body(bureau, to), "urgent": True})


def _later_version(bureau: Bureau, to: bytes) -> bytes:
    return _sealed(bureau, to, {**_body(bureau, to), "version": 2})


def _outcome_instead(bureau: Bureau, to: bytes) -> bytes:
    return bureau.seal(Outcome(os.urandom(8), 0, "received", "", ""), to)


def _no_document(bureau: Bureau, to: bytes) -> bytes:
    plain = padding.pad(b"{}", CARD_PLAINTEXT)
    return primitives.hpke_seal(to, card_info(bureau.instance, to), plain)


def _tampered(bureau: Bureau, to: bytes) -> bytes:
    sealed = bytearray(bureau.seal(referral(), to))
    sealed[5000] ^= 1
    return bytes(sealed)


def _noise(_bureau: Bureau, _to: bytes) -> bytes:
    return os.urandom(sizes.CARD)


def _body(bureau: Bureau, to: bytes) -> documents.Json:
    return {
        "content": {},
        "instance": bureau.instance.hex(),
        "kind": "dummy",
        "recipient": primitives.sha256(to).hex(),
        "version": 1,
    }


def _sealed(bureau: Bureau, to: bytes, body: documents.Json) -> bytes:
    document = documents.sign_document("card", body, bureau.card_key.sign)
    return primitives.hpke_seal(to, card_info(bureau.instance, to), padding.pad(document, CARD_PLAINTEXT))


REFUSED: tuple[tuple[Forge, Reason], ...] = (
    (_forged, Reason.BAD_SIGNATURE),
    (_signed_with_the_board_key, Reason.BAD_SIGNATURE),
    (_for_another_ministry, Reason.DOES_NOT_OPEN),
    (_of_another_instance, Reason.DOES_NOT_OPEN),
    (_passed_on, Reason.WRONG_INSTANCE),
    (_with_another_instance_inside, Reason.WRONG_INSTANCE),
    (_unknown_field, Reason.MALFORMED),
    (_later_version, Reason.MALFORMED),
    (_outcome_instead, Reason.MALFORMED),
    (_no_document, Reason.MALFORMED),
    (_tampered, Reason.DOES_NOT_OPEN),
    (_noise, Reason.DOES_NOT_OPEN),
)


@pytest.mark.parametrize(("forge", "reason"), REFUSED, ids=lambda value: getattr(value, "__name__", str(value)))
async def test_a_bad_card_between_two_good_ones_is_refused_alone(
    sqlite_world: World, forge: Forge, reason: Reason
) -> None:
    bureau, intake = sqlite_world.bureau, sqlite_world.intake
    async with sqlite_world.start() as running:
        good = [bureau.seal(referral(), running.address) for _ in range(2)]
        intake.offer(bureau.batch(running.address, good[0], forge(bureau, running.address), good[1]))
        await running.sign_in()
        await running.sync.round()
        assert len((await running.inbox.cards()).rows) == 2
        assert [failure.reason for failure in await running.inbox.failures()] == [reason]
        assert intake.cards == {}, "what is committed is confirmed, refused or not"


async def test_a_batch_of_dummies_leaves_nothing(running: Running, world: World) -> None:
    world.intake.offer(world.bureau.batch(running.address))
    await running.sign_in()
    await running.sync.round()
    assert (await running.inbox.cards()).rows == ()
    assert await running.inbox.failures() == ()
    assert await running.inbox.store.incoming() == ()


async def test_a_replayed_batch_shows_no_card_twice(running: Running, world: World) -> None:
    batch = world.bureau.batch(running.address, world.bureau.seal(referral(), running.address))
    await running.sign_in()
    for _ in range(3):
        world.intake.offer(batch)
        await running.sync.round()
    assert len((await running.inbox.cards()).rows) == 1
    assert await running.inbox.failures() == ()
    assert world.intake.cards == {}


async def test_the_same_card_sealed_anew_is_dropped(running: Running, world: World) -> None:
    card = referral()
    sealed = [world.bureau.seal(card, running.address) for _ in range(2)]
    world.intake.offer(world.bureau.batch(running.address, *sealed))
    await running.sign_in()
    await running.sync.round()
    assert len((await running.inbox.cards()).rows) == 1
    assert await running.inbox.failures() == ()
    assert await running.inbox.store.incoming() == ()


async def test_other_words_under_a_known_reference_do_not_replace_the_card(running: Running, world: World) -> None:
    first = referral(summary="the first words")
    await running.sign_in()
    for card in (first, referral(reference=first.reference, summary="other words")):
        world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(card, running.address)))
        await running.sync.round()
    assert (await running.inbox.card(first.reference.hex())).referral == first
    assert [failure.reason for failure in await running.inbox.failures()] == [Reason.OTHER_CONTENT]


async def test_a_card_whose_key_is_certified_later_opens_then(running: Running, world: World) -> None:
    certificate = world.place / "keys" / "card.json"
    kept = certificate.read_bytes()
    certificate.unlink()
    card = referral()
    world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(card, running.address)))
    person = await running.sign_in()
    await running.sync.round()
    reasons = {failure.reason for failure in await running.inbox.failures()}
    assert reasons == {Reason.NOT_CERTIFIED}, "dummies cannot be told from cards before they are verified"
    running.inbox.sign_out(person)
    certificate.write_bytes(kept)
    await running.sync.round()
    await running.sign_in()
    assert await running.inbox.failures() == ()
    assert (await running.inbox.card(card.reference.hex())).referral == card


async def test_a_card_is_verified_with_the_keys_of_the_day_on_which_it_came(running: Running, world: World) -> None:
    today = world.clock.now // sizes.DAY
    certificate = world.place / "keys" / "card.json"
    certificate.write_bytes(world.bureau.root.certify(Role.CARD, world.bureau.card_key.public, 0, today))
    world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(referral(), running.address)))
    await running.sync.round()
    world.clock.now += 40 * sizes.DAY
    await running.sign_in()
    (row,) = (await running.inbox.cards()).rows
    assert row.received_day == today
    view = await running.inbox.card(row.reference)
    assert view.checked_day == today + 40


async def test_what_was_refused_can_be_put_away_for_good(running: Running, world: World) -> None:
    noise = os.urandom(sizes.CARD)
    world.intake.offer(world.bureau.batch(running.address, noise))
    await running.sign_in()
    await running.sync.round()
    (failure,) = await running.inbox.failures()
    await running.inbox.dismiss(failure.name)
    world.intake.offer(world.bureau.batch(running.address, noise))
    await running.sync.round()
    assert await running.inbox.failures() == ()


def test_a_dummy_is_as_long_as_a_card(sqlite_world: World) -> None:
    to = XWingSecretKey.generate(os.urandom).public
    cards = (referral(), Dummy(), Outcome(os.urandom(8), 0, "closed", "none", "words"))
    assert {len(sqlite_world.bureau.seal(card, to)) for card in cards} == {sizes.CARD}
