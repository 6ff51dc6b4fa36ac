"""Cards to the ministry and outcomes back, through a real intake; gates before, one size of batch always."""

import json
import os
from collections.abc import AsyncIterator
from dataclasses import asdict, replace

import pytest

from dropbox.bureau.errors import CardRefusedError
from dropbox.bureau.views import CardDraft, Consent
from dropbox.protocol import labels, sizes
from dropbox.protocol.card import Dummy, Outcome, Referral, card_info, read_card, seal_card
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey
from tests.bureau.office import CARD_PERIOD, CARDS, START_DAY, Office, Open

DRAFT = CardDraft(
    region="africa",
    staff="local",
    function="support",
    category="fraud",
    period="2026 Q2",
    summary="A colleague is said to take money from petty cash.",
    evidence="document",
    seriousness=2,
    ongoing="yes",
    retaliation="unsure",
    ask="Look into the accounts of the region.",
    not_do="No inquiry on the spot.",
    answer_by="2027-01-15",
)
YES = Consent(given=True, words="Yes, pass it on.")


@pytest.fixture
async def opened(sqlite_office: Office) -> AsyncIterator[Open]:
    async with sqlite_office.open() as found:
        await found.sign_in()
        await sqlite_office.reporter().send("My boss takes money out of the box every single week.")
        await found.round()
        yield found


async def name_of(opened: Open) -> str:
    return (await opened.only_case()).row.identity


async def batches(office: Office) -> list[bytes]:
    async with office.ministry() as courier:
        keys = json.loads(await courier.get("/v1/cards"))["keys"]
        found = [await courier.get(f"/v1/cards/{key}") for key in keys]
        await courier.post("/v1/cards/confirmations", json.dumps({"keys": keys}).encode())
    return found


def cards_of(office: Office, opened: Open, batch: bytes) -> list[object]:
    instance, box = office.root.public.instance, office.ministry_box
    signers = (opened.vault.publisher.state.card_public,)
    return [
        read_card(
            hpke_open(box, card_info(instance, box.public), batch[at : at + sizes.CARD]),
            instance,
            box.public,
            signers,
            labels.SIGN_CARD,
            Referral,
        )
        for at in range(0, len(batch), sizes.CARD)
    ]


async def answer(office: Office, opened: Open, *cards: Outcome | Dummy, noise: int = 0) -> None:
    box = opened.vault.publisher.state.box_public
    sealed = [seal_card(card, office.root.public.instance, box, office.ministry_outcome.sign) for card in cards]
    sealed += [os.urandom(sizes.CARD) for _ in range(noise)]
    async with office.ministry() as courier:
        await courier.put(f"/v1/outcomes/{os.urandom(16).hex()}", b"".join(sealed))


async def test_released_card_travels_with_the_batch_and_its_outcome_comes_back(
    sqlite_office: Office, opened: Open
) -> None:
    office, name = sqlite_office, await name_of(opened)
    assert (await opened.desk.check_card(name, DRAFT, YES)).passed
    reference = await opened.desk.release_card(name, DRAFT, YES)
    (shown,) = (await opened.only_case()).cards
    assert (shown.reference, shown.draft, shown.sent_day, shown.outcomes) == (reference, DRAFT, None, ())
    assert await batches(office) == [], "nothing goes out before its time"
    office.clock.forward(seconds=CARD_PERIOD)
    await opened.round()
    (batch,) = await batches(office)
    found = cards_of(office, opened, batch)
    assert len(found) == CARDS
    (referral,) = [card for card in found if isinstance(card, Referral)]
    assert referral == Referral(reference=bytes.fromhex(reference), **asdict(DRAFT))
    (shown,) = (await opened.only_case()).cards
    assert shown.sent_day == office.clock.day

    await answer(office, opened, Outcome(referral.reference, 1, "investigating", "", "We look into it."), Dummy())
    await opened.round()
    (outcome,) = (await opened.only_case()).cards[0].outcomes
    assert (outcome.state, outcome.text, outcome.day) == ("investigating", "We look into it.", office.clock.day)


async def test_every_period_brings_one_batch_of_one_size_also_while_locked(sqlite_office: Office, opened: Open) -> None:
    office = sqlite_office
    opened.vault.lock()
    for _ in range(2):
        office.clock.forward(seconds=CARD_PERIOD)
        await opened.round()
        (batch,) = await batches(office)
        assert [type(card) for card in cards_of(office, opened, batch)] == [Dummy] * CARDS


async def test_batch_without_enough_dummies_waits_and_the_desk_says_so(sqlite_office: Office, opened: Open) -> None:
    office = sqlite_office
    opened.vault.lock()
    for _ in range(4):
        office.clock.forward(seconds=CARD_PERIOD)
        await opened.round()
    assert len(await batches(office)) == 3
    assert "no-dummies" in (await opened.desk.sync_state()).warnings
    await opened.sign_in()
    await opened.round()
    await opened.round()
    assert len(await batches(office)) == 1
    assert "no-dummies" not in (await opened.desk.sync_state()).warnings


async def test_more_cards_than_a_batch_holds_wait_for_the_next_one(sqlite_office: Office, opened: Open) -> None:
    office, name = sqlite_office, await name_of(opened)
    for _ in range(CARDS + 1):
        await opened.desk.release_card(name, DRAFT, YES)
    counts = []
    for _ in range(2):
        office.clock.forward(seconds=CARD_PERIOD)
        await opened.round()
        (batch,) = await batches(office)
        counts.append(sum(isinstance(card, Referral) for card in cards_of(office, opened, batch)))
    assert counts == [CARDS, 1]


async def test_unreadable_unknown_and_repeated_outcomes_stop_nothing(sqlite_office: Office, opened: Open) -> None:
    office, name = sqlite_office, await name_of(opened)
    reference = bytes.fromhex(await opened.desk.release_card(name, DRAFT, YES))
    real = Outcome(reference, 1, "received", "", "")
    await answer(office, opened, real, noise=1)
    await answer(office, opened, real, Outcome(bytes(8), 1, "closed", "none", "Of nobody's."))
    forged = seal_card(
        Outcome(reference, 2, "closed", "none", "Forged."),
        office.root.public.instance,
        opened.vault.publisher.state.box_public,
        lambda message: replace(office.ministry_outcome, seed=os.urandom(32), role=Role.OUTCOME).sign(message),
    )
    async with office.ministry() as courier:
        await courier.put(f"/v1/outcomes/{os.urandom(16).hex()}", forged * CARDS)
    opened.vault.lock()
    await opened.round()
    await opened.sign_in()
    await opened.round()
    (outcome,) = (await opened.only_case()).cards[0].outcomes
    assert (outcome.sequence, outcome.state) == (1, "received")
    assert "outcomes-unreadable" in (await opened.desk.sync_state()).warnings
    assert await reasons(opened) == ["bad-signature", "does-not-open", "unknown-card"]


def certify(office: Office, name: str, role: Role, key: bytes) -> None:
    certificate = office.root.certify(role, key, START_DAY - 1, START_DAY + 1000)
    (office.folder / "keys" / name).write_bytes(certificate)


async def reasons(opened: Open) -> list[str]:
    return sorted(one.reason for one in await opened.desk.outcome_failures())


async def test_answer_under_a_key_whose_certificate_comes_later_is_kept_until_then(
    sqlite_office: Office, opened: Open
) -> None:
    office, name = sqlite_office, await name_of(opened)
    reference = bytes.fromhex(await opened.desk.release_card(name, DRAFT, YES))
    office.ministry_outcome = SigningKey.generate(Role.OUTCOME, os.urandom)
    await answer(
        office, opened, Outcome(reference, 1, "closed", "none", "Why."), Outcome(bytes(8), 1, "received", "", "")
    )
    await opened.round()
    assert await reasons(opened) == ["bad-signature", "bad-signature"]
    assert {one.day for one in await opened.desk.outcome_failures()} == {office.clock.day}
    certify(office, "new.json", Role.OUTCOME, office.ministry_outcome.public)
    await opened.sign_in()
    await opened.sync.open_round()
    assert [one.text for one in (await opened.only_case()).cards[0].outcomes] == ["Why."]
    assert await reasons(opened) == ["unknown-card"]


async def test_other_words_under_a_number_that_was_used_are_kept_apart(sqlite_office: Office, opened: Open) -> None:
    office, name = sqlite_office, await name_of(opened)
    reference = bytes.fromhex(await opened.desk.release_card(name, DRAFT, YES))
    first, other = Outcome(reference, 1, "received", "", ""), Outcome(reference, 1, "closed", "none", "Other words.")
    for card in (first, other, first):
        await answer(office, opened, card, Dummy())
        await opened.round()
    assert [one.state for one in (await opened.only_case()).cards[0].outcomes] == ["received"]
    assert await reasons(opened) == ["other-content"]


async def test_cards_that_wait_are_sealed_anew_to_a_new_key_of_the_ministry(
    sqlite_office: Office, opened: Open
) -> None:
    office = sqlite_office
    await opened.desk.release_card(await name_of(opened), DRAFT, YES)
    opened.vault.lock()
    office.ministry_box = XWingSecretKey.generate(os.urandom)
    certify(office, f"{Role.MINISTRY_CARD_BOX}.json", Role.MINISTRY_CARD_BOX, office.ministry_box.public)
    office.clock.forward(seconds=CARD_PERIOD)
    await opened.round()
    assert await batches(office) == [], "the ministry could not open what waits"
    await opened.sign_in()
    await opened.round()
    (batch,) = await batches(office)
    assert sorted(type(card).__name__ for card in cards_of(office, opened, batch)) == ["Dummy", "Referral"]


async def test_refused_card_is_not_released(opened: Open) -> None:
    name = await name_of(opened)
    copied = replace(DRAFT, summary="My boss takes money out of the box.")
    check = await opened.desk.check_card(name, copied, YES)
    assert [(one.code, one.field) for one in check.findings] == [("shared-words", "summary")]
    with pytest.raises(CardRefusedError):
        await opened.desk.release_card(name, copied, YES)
    assert (await opened.only_case()).cards == ()


async def test_card_of_a_discarded_case_is_taken_back(sqlite_office: Office, opened: Open) -> None:
    name = await name_of(opened)
    await opened.desk.release_card(name, DRAFT, YES)
    await opened.desk.discard(name)
    sqlite_office.clock.forward(seconds=CARD_PERIOD)
    await opened.round()
    (batch,) = await batches(sqlite_office)
    assert [type(card) for card in cards_of(sqlite_office, opened, batch)] == [Dummy] * CARDS
