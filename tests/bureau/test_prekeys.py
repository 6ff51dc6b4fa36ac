"""Prekeys: made ahead, destroyed on schedule, also while nobody is signed in."""

import os

import pytest

from dropbox.bureau import prekeys
from dropbox.bureau.keyring import RECIPIENT_FILE, PublicPrekey, RecipientKeyring, prekey_name, unwrap_seed
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import DAILY, DAYS_AHEAD, FALLBACK, FALLBACK_DAYS_AHEAD, verify_stored_bulletin
from dropbox.protocol.secret_keys import XWingSecretKey
from dropbox.storage.errors import StorageError
from tests.bureau.office import PASSWORD, START_DAY, USER, Office, Open

NOON = 12 * 3600


def one(day: int, kind: str = DAILY, closed_day: int | None = None) -> dict[bytes, PublicPrekey]:
    return {b"name": PublicPrekey(kind, day, bytes(1216), bytes(32), closed_day)}


def test_first_prekeys_reach_21_days_ahead_and_fallback_keys_60() -> None:
    wanted = prekeys.missing({}, 100)
    assert [day for kind, day in wanted if kind == DAILY] == list(range(100, 100 + DAYS_AHEAD + 1))
    ends = [day for kind, day in wanted if kind == FALLBACK]
    assert ends[0] >= 100
    assert ends[-1] >= 100 + FALLBACK_DAYS_AHEAD


def test_what_was_made_is_not_made_again_and_a_day_later_one_is_missing() -> None:
    made = prekeys.make(prekeys.missing({}, 64), os.urandom)
    assert prekeys.missing(made.publics, 64) == []
    assert prekeys.missing(made.publics, 65) == [(DAILY, 65 + DAYS_AHEAD)]


def test_both_halves_together_give_the_secret_and_neither_does_alone() -> None:
    made = prekeys.make([(DAILY, 5)], os.urandom)
    ((name, public),) = made.publics.items()
    assert name == prekey_name(public.public)
    seed = unwrap_seed(public.wrap, name, made.seeds[name])
    assert XWingSecretKey(seed).public == public.public
    assert seed not in made.seeds[name]
    with pytest.raises(StorageError):
        unwrap_seed(bytes(32), name, made.seeds[name])


def test_day_of_its_own_key_is_used_before_the_fallback_of_its_epoch() -> None:
    made = prekeys.make([(DAILY, 40), (FALLBACK, prekeys.epoch_end(40))], os.urandom).publics
    found = prekeys.for_day(made, 40)
    assert found is not None
    assert found.kind == DAILY
    other = prekeys.for_day(made, 41)
    assert other is not None
    assert other.kind == FALLBACK
    assert prekeys.for_day(made, prekeys.epoch_end(40) + 1) is None


def test_acceptance_is_closed_once_no_clock_within_tolerance_can_be_in_the_last_day() -> None:
    last = (100 + sizes.ACCEPTED_DAYS + 1) * sizes.DAY
    assert not prekeys.acceptance_closed(100, last + NOON - 1)
    assert prekeys.acceptance_closed(100, last + NOON)


@pytest.mark.parametrize(
    ("today", "closed_day", "waiting", "dies"),
    [
        (129, None, (), False),  # never fetched, not yet d + 30
        (130, None, (), True),
        (115, 109, (), False),  # 6 days after the fetch
        (116, 109, (), True),
        (116, 109, (b"name",), False),  # fetched, and waits for a handler
        (130, 109, (b"name",), True),  # at the latest on d + 30
    ],
)
def test_prekey_dies_7_days_after_a_complete_fetch_and_at_the_latest_after_30(
    today: int, closed_day: int | None, waiting: tuple[bytes, ...], *, dies: bool
) -> None:
    assert bool(prekeys.doomed(one(100, closed_day=closed_day), today, waiting)) is dies


def test_fetch_before_acceptance_closed_does_not_count() -> None:
    early = (100 + sizes.ACCEPTED_DAYS) * sizes.DAY
    assert prekeys.mark_fetched(one(100), early)[b"name"].closed_day is None
    late = (100 + sizes.ACCEPTED_DAYS + 1) * sizes.DAY + NOON
    marked = prekeys.mark_fetched(one(100), late)
    assert marked[b"name"].closed_day == late // sizes.DAY
    assert prekeys.mark_fetched(marked, late + sizes.DAY) == marked


def secrets_of(office: Office, opened: Open) -> dict[int, bytes]:
    """By day, every prekey secret that a copy of everything at the bureau gives: files and passwords."""
    access_keys = opened.vault.accounts.unlock(USER, PASSWORD)
    recipient = RecipientKeyring.open(office.vault, access_keys["recipient"]).state
    assert (office.vault / RECIPIENT_FILE).exists()
    found = {}
    for name, public in opened.vault.publisher.state.prekeys.items():
        if name in recipient.prekeys:
            found[public.day] = unwrap_seed(public.wrap, name, recipient.prekeys[name])
    return found


async def test_simulated_season_destroys_each_prekey_on_schedule(sqlite_office: Office) -> None:
    """Two months in steps of a few days, signed in every third time only."""
    office = sqlite_office
    async with office.open() as opened:
        for step in range(16):
            office.clock.forward(days=4)
            handler = await opened.sign_in() if step % 3 == 0 else None
            await opened.round()
            today, held = office.clock.day, secrets_of(office, opened)
            assert min(held) > today - sizes.ACCEPTED_DAYS - 1 - 7 - 4, "kept longer than 7 days after the fetch"
            assert set(range(today - sizes.ACCEPTED_DAYS, today + 1)) & held.keys() or step == 0
            bulletin = await opened.sync.publisher._todays_bulletin()
            name = prekey_name(bulletin.recipients[0].prekey)
            assert name in opened.vault.publisher.state.prekeys, "reporters seal to a key that is gone"
            if handler:
                opened.desk.sign_out(handler)


async def test_locked_desk_destroys_a_prekey_and_a_later_copy_opens_nothing_of_its_day(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        handler = await opened.sign_in()
        await reporter.send("Opened in time.")
        await opened.round()
        opened.desk.sign_out(handler)
        before = secrets_of(office, opened)
        assert START_DAY in before
        for _ in range(4):
            office.clock.forward(days=6)
            await opened.round()
        assert not opened.desk.is_open
        assert START_DAY not in secrets_of(office, opened)
        assert before[START_DAY] not in (office.vault / RECIPIENT_FILE).read_bytes()


async def test_envelope_nobody_opened_within_30_days_is_a_failure_and_intake_is_told(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        await office.reporter().send("Too late.")
        await opened.round()
        for _ in range(3):
            office.clock.forward(days=9)
            await opened.round()
            assert (await opened.desk.sync_state()).waiting == 1, "waits for a handler as long as its key may live"
        office.clock.forward(days=4)
        await opened.round()
        await opened.round()
        (failure,) = await opened.desk.failures()
        assert failure.reason == "no-prekey"
        assert await opened.sync._host.envelopes() == []


async def test_days_without_a_sign_in_get_weaker_bulletins_and_a_warning(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        assert (await opened.desk.sync_state()).bulletin_days == DAYS_AHEAD + 1
        for _ in range(6):
            office.clock.forward(days=4)
            await opened.round()
        state = await opened.desk.sync_state()
        assert state.bulletin_days == 0
        assert "few-bulletins" in state.warnings
        assert (await opened.sync.publisher._todays_bulletin()).kind == FALLBACK
        await opened.sign_in()
        await opened.round()
        assert (await opened.desk.sync_state()).bulletin_days == DAYS_AHEAD + 1
        reporter = office.reporter()
        await reporter.send("Still possible.")
        await opened.round()
        assert (await opened.only_case()).entries[0].text == "Still possible."


async def test_bulletins_are_a_chain_and_daily_ones_replace_fallback_ones(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        await opened.sign_in()
        office.clock.forward(days=3)
        await opened.round()
        async with opened.vault.database.read() as connection:
            rows = list(await connection.exec_driver_sql("SELECT day, revision, body, sent FROM bulletins"))
        assert all(row.sent for row in rows if row.day >= office.clock.day)
        by_day = {(row.day, row.revision): verify_stored_bulletin(bytes(row.body), office.root.public) for row in rows}
        today = office.clock.day
        assert {revision for day, revision in by_day if day == today + DAYS_AHEAD} == {0, 1}
        for day in range(START_DAY + 1, today + DAYS_AHEAD + 1):
            later = by_day[max(place for place in by_day if place[0] == day)]
            assert later.previous in {one.hash for place, one in by_day.items() if place[0] == day - 1}
