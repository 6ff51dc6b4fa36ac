"""What strangers and a hostile host can send: each shows, harms nothing else, and loses nothing."""

import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from dropbox.bureau import store
from dropbox.bureau.host import Listed
from dropbox.bureau.keyring import RecipientState
from dropbox.bureau.tables import SeenRow
from dropbox.bureau.views import EntryKind, Flag, NoteDraft
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.envelope import EnvelopeWriter, first_head, later_head
from dropbox.protocol.payload import Head, Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter import exchange
from tests.bureau.office import Office, Open
from tests.simulators.intake_client import ReporterClient
from tests.simulators.intake_instance import envelope as noise

Get = Callable[..., Awaitable[bytes]]


@pytest.fixture
async def opened(sqlite_office: Office) -> AsyncIterator[Open]:
    async with sqlite_office.open() as found:
        await found.sign_in()
        yield found


async def bulletin(office: Office) -> Bulletin:
    async with office.transport() as transport:
        return await exchange.fetch_bulletin(transport, office.root.public, office.clock())


async def upload(office: Office, data: bytes) -> None:
    async with ReporterClient(office.folder / "run" / "reporters.sock") as client:
        await client.upload(data)


def sealed(of: Bulletin, auth: bytes, head: Head, text: str) -> bytes:
    writer = EnvelopeWriter(of, auth, os.urandom)
    return writer.begin(head, Message(text)) + b"".join(writer.finish())


def keys_of(office: Office, receipt: Receipt) -> ReporterKeys:
    return ReporterKeys.derive(receipt, office.root.public.instance)


async def texts(opened: Open) -> set[str]:
    found = set()
    for row in await opened.desk.cases():
        case = await opened.desk.case(row.identity)
        found |= {entry.text for entry in case.entries if entry.kind is EntryKind.MESSAGE}
    return found


def lie_about_envelopes(opened: Open, **said: int) -> Get:
    """Intake lists every envelope so; gives the honest way."""
    courier = opened.sync._host._courier
    real = courier.get

    async def lying(target: str, *, limit: int = sizes.UPLOAD_CHUNK) -> bytes:
        data = await real(target, limit=limit)
        if target.partition("?")[0] != "/v1/envelopes":
            return data
        return json.dumps({"envelopes": [one | said for one in json.loads(data)["envelopes"]]}).encode()

    courier.get = lying  # type: ignore[method-assign]
    return real


async def test_poisoned_envelope_between_two_good_ones_stops_neither(sqlite_office: Office, opened: Open) -> None:
    await sqlite_office.reporter().send("One.")
    today = await bulletin(sqlite_office)
    await upload(sqlite_office, noise(sizes.ENVELOPE_LADDER[1], today.day, today.revision))
    await sqlite_office.reporter().send("Two.")
    await opened.round()
    assert await texts(opened) == {"One.", "Two."}
    (failure,) = await opened.desk.failures()
    assert (failure.reason, failure.size, failure.envelope_day, failure.tries) == (
        "damaged",
        sizes.ENVELOPE_LADDER[1],
        today.day,
        1,
    )
    listed = await opened.sync._host.envelopes()
    assert [one.envelope.hex() for one in listed] == [failure.identity], "what did not open is not confirmed"


async def test_every_place_of_damage_is_a_failure_and_nothing_more(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    receipt = Receipt.generate(os.urandom)
    keys = keys_of(sqlite_office, receipt)
    good = sealed(today, keys.auth, first_head(keys, today, os.urandom(16)), "Good.")
    places = [18, 31, 32, 40, sizes.PREFIX + 1100, sizes.HEADER, sizes.HEADER + 30, sizes.HEADER + 60, len(good) - 1]
    for place in places:
        bad = bytearray(good)
        bad[place] ^= 1
        await upload(sqlite_office, bytes(bad))
    await opened.round()
    assert await opened.desk.cases() == ()
    assert {one.reason for one in await opened.desk.failures()} == {"damaged"}
    assert len(await opened.desk.failures()) == len(places)
    # The good one was never seen, only its corrupted copies: it opens.
    await upload(sqlite_office, good)
    await opened.round()
    assert await texts(opened) == {"Good."}


async def test_replayed_and_duplicated_messages_count_once(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    reporter = sqlite_office.reporter()
    message_id = await reporter.send("Once.", [("a.txt", b"a")])
    await reporter.send("Once.", [("a.txt", b"a")], message_id=message_id)
    keys = keys_of(sqlite_office, reporter.receipt)
    again = sealed(today, keys.auth, later_head(keys, secrets.token_bytes(16)), "Again.")
    await upload(sqlite_office, again)
    await opened.round()
    await upload(sqlite_office, again)
    await opened.round()
    (row,) = await opened.desk.cases()
    assert (row.messages, row.files) == (2, 1)
    assert (await reporter.notes())[-1] == Acknowledgement(2, 1, sqlite_office.clock.day)
    assert await opened.desk.failures() == ()
    assert await opened.sync._host.envelopes() == []


async def test_later_messages_fetched_together_with_the_first_go_on_in_its_case(
    sqlite_office: Office, opened: Open
) -> None:
    today = await bulletin(sqlite_office)
    reporter = sqlite_office.reporter()
    keys = keys_of(sqlite_office, reporter.receipt)
    for _ in range(3):
        await upload(sqlite_office, sealed(today, keys.auth, later_head(keys, os.urandom(16)), "Later."))
    await reporter.send("First.")
    await opened.round()
    (row,) = await opened.desk.cases()
    assert (row.flag, row.messages) == (None, 4)


async def test_later_message_that_overtakes_the_first_is_shown_alone(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    reporter = sqlite_office.reporter()
    keys = keys_of(sqlite_office, reporter.receipt)
    await upload(sqlite_office, sealed(today, keys.auth, later_head(keys, os.urandom(16)), "Later."))
    await opened.round()
    await reporter.send("First.")
    await opened.round()
    rows = {row.flag: row for row in await opened.desk.cases()}
    assert set(rows) == {None, Flag.UNKNOWN_THREAD}
    assert not rows[Flag.UNKNOWN_THREAD].can_reply
    assert rows[None].messages == 1


async def test_later_message_that_lands_while_the_first_is_still_on_its_way_goes_on_in_its_case(
    sqlite_office: Office, opened: Open
) -> None:
    reporter = sqlite_office.reporter()
    await reporter.send("First, and large.", [("a.bin", os.urandom(sizes.MIB))])
    await reporter.send("Later, and small.", known=True)
    courier = opened.sync._host._courier
    real = courier.get

    async def opening(target: str, *, limit: int = sizes.UPLOAD_CHUNK) -> bytes:
        if target.endswith("/1"):  # of the large one; the small one waits here already
            await opened.sync.open_round()
            assert await opened.desk.cases() == ()
        return await real(target, limit=limit)

    courier.get = opening  # type: ignore[method-assign]
    await opened.round()
    (row,) = await opened.desk.cases()
    assert (row.flag, row.messages) == (None, 2)


async def test_later_message_waits_for_a_first_one_whose_copy_was_damaged(sqlite_office: Office, opened: Open) -> None:
    reporter = sqlite_office.reporter()
    await reporter.send("First.", [("a.bin", os.urandom(30_000))])
    await reporter.send("Later.", known=True)
    courier = opened.sync._host._courier
    real = courier.get

    async def lying(target: str, *, limit: int = sizes.UPLOAD_CHUNK) -> bytes:
        data = await real(target, limit=limit)
        return data[:-1] + bytes([data[-1] ^ 1]) if len(data) > sizes.ENVELOPE_LADDER[0] else data

    courier.get = lying  # type: ignore[method-assign]
    await opened.round()
    assert await opened.desk.cases() == ()
    courier.get = real  # type: ignore[method-assign]
    sqlite_office.clock.forward(days=1)
    await opened.round()
    (row,) = await opened.desk.cases()
    assert (row.flag, row.messages) == (None, 2)


async def test_discarded_junk_that_the_host_plays_again_stays_away(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    keys = keys_of(sqlite_office, Receipt.generate(os.urandom))
    first = sealed(today, keys.auth, first_head(keys, today, os.urandom(16)), "Junk.")
    later = sealed(today, keys.auth, later_head(keys, os.urandom(16)), "More junk.")
    for data in (first, later):
        await upload(sqlite_office, data)
    await opened.round()
    await opened.desk.discard((await opened.only_case()).row.identity)
    for data in (later, first):
        await upload(sqlite_office, data)
        await opened.round()
    assert await opened.desk.cases() == ()
    assert opened.vault.opened().state.threads == {}
    # What is new is shown, but no chain begins again at numbers that were sealed.
    await upload(sqlite_office, sealed(today, keys.auth, first_head(keys, today, os.urandom(16)), "New."))
    await opened.round()
    (row,) = await opened.desk.cases()
    assert (row.flag, row.can_reply) == (Flag.UNKNOWN_THREAD, False)


async def test_what_was_seen_of_discarded_junk_is_forgotten_with_the_prekeys_of_its_time(
    sqlite_office: Office, opened: Open
) -> None:
    await sqlite_office.reporter().send("Junk.")
    await opened.round()
    await opened.desk.discard((await opened.only_case()).row.identity)
    left = []
    for _ in range(5):
        sqlite_office.clock.forward(days=16)
        await opened.round()
        async with opened.vault.database.read() as connection:
            left.append(await connection.scalar(select(func.count()).select_from(SeenRow)))
    assert left == [2, 2, 2, 2, 0]


async def test_first_key_of_a_chain_never_stands_in_the_keyring(
    sqlite_office: Office, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[RecipientState] = []
    keyring = opened.vault.opened()
    real = keyring.save

    def save(state: RecipientState) -> None:
        saved.append(state)
        real(state)

    monkeypatch.setattr(keyring, "save", save)
    await sqlite_office.reporter().send("One.")
    await opened.sync.fetch_round()
    assert [[thread.next_number for thread in state.threads.values()] for state in saved] == [[1]]


async def test_message_with_a_thread_id_and_no_proof_stays_outside_and_blocks_nothing(
    sqlite_office: Office, opened: Open
) -> None:
    today = await bulletin(sqlite_office)
    reporter = sqlite_office.reporter()
    await reporter.send("Genuine.")
    await opened.round()
    keys = keys_of(sqlite_office, reporter.receipt)
    message_id = os.urandom(16)
    await upload(sqlite_office, sealed(today, os.urandom(32), later_head(keys, message_id), "Forged."))
    await opened.round()
    await reporter.send("Genuine too.", known=True, message_id=message_id)
    await opened.round()
    rows = {row.flag: row for row in await opened.desk.cases()}
    assert set(rows) == {None, Flag.BAD_MAC}
    assert rows[None].messages == 2


async def test_known_thread_with_other_keys_is_a_report_of_its_own(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    reporter = sqlite_office.reporter()
    await reporter.send("Mine.")
    await opened.round()
    thief = keys_of(sqlite_office, Receipt.generate(os.urandom))
    head = replace(
        first_head(thief, today, os.urandom(16)), thread_id=keys_of(sqlite_office, reporter.receipt).thread_id
    )
    before = opened.vault.opened().state.threads
    await upload(sqlite_office, sealed(today, thief.auth, head, "Send replies to me."))
    await opened.round()
    assert opened.vault.opened().state.threads == before
    rows = {row.flag: row for row in await opened.desk.cases()}
    assert set(rows) == {None, Flag.OTHER_KEYS}
    await opened.desk.send(rows[None].identity, NoteDraft(EntryKind.REPLY, "For you."))
    await opened.round()
    assert Reply("For you.") in await reporter.notes()


async def test_two_threads_under_one_tag_key_stop_no_board(sqlite_office: Office, opened: Open) -> None:
    """Their records would have one tag, and a board with two of one tag cannot be made."""
    today = await bulletin(sqlite_office)
    keys = keys_of(sqlite_office, Receipt.generate(os.urandom))
    for thread_id in (keys.thread_id, os.urandom(16)):
        head = replace(first_head(keys, today, os.urandom(16)), thread_id=thread_id)
        await upload(sqlite_office, sealed(today, keys.auth, head, "The same tags."))
    await opened.round()
    rows = {row.flag: row for row in await opened.desk.cases()}
    assert set(rows) == {None, Flag.OTHER_KEYS}
    reporter = sqlite_office.reporter()
    await reporter.send("Somebody else.")
    await opened.round()
    assert await reporter.notes() == [Acknowledgement(1, 0, sqlite_office.clock.day)]


async def test_first_message_sent_twice_goes_on_in_one_case_and_resets_no_chain(
    sqlite_office: Office, opened: Open
) -> None:
    reporter = sqlite_office.reporter()
    await reporter.send("One.")
    await opened.round()
    (thread,) = opened.vault.opened().state.threads.values()
    await reporter.send("Two, with all keys again.")
    await opened.round()
    (after,) = opened.vault.opened().state.threads.values()
    assert after.next_number > thread.next_number
    assert (await opened.only_case()).row.messages == 2


async def test_first_message_without_keys_for_this_desk_cannot_be_answered(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    keys = keys_of(sqlite_office, Receipt.generate(os.urandom))
    head = replace(first_head(keys, today, os.urandom(16)), reply_keys=(keys.reply_keys(os.urandom(16)),))
    await upload(sqlite_office, sealed(today, keys.auth, head, "For somebody else."))
    await opened.round()
    (row,) = await opened.desk.cases()
    assert (row.flag, row.can_reply) == (Flag.NO_KEYS, False)


async def test_envelope_that_names_a_bulletin_of_nobody_is_a_failure(sqlite_office: Office, opened: Open) -> None:
    today = await bulletin(sqlite_office)
    # Intake checks the prefix; a hostile intake does not, so the lie is put into the vault as it would arrive.
    await upload(sqlite_office, noise(sizes.ENVELOPE_LADDER[0], today.day, today.revision))
    courier = opened.sync._host._courier
    real = lie_about_envelopes(opened, revision=7)
    lying = courier.get

    async def lying_twice(target: str, *, limit: int = sizes.UPLOAD_CHUNK) -> bytes:
        if not target.endswith("/0"):
            return await lying(target, limit=limit)
        data = await real(target, limit=limit)
        return sizes.Prefix(today.day, 7, data[18:32]).to_bytes() + data[32:]

    courier.get = lying_twice  # type: ignore[method-assign]
    await opened.round()
    (failure,) = await opened.desk.failures()
    assert failure.reason == "no-bulletin"


@pytest.mark.parametrize("false", [-20, 2])
async def test_day_that_the_host_says_is_believed_only_as_far_as_the_envelope_says_it(
    sqlite_office: Office, false: int
) -> None:
    office, said = sqlite_office, sqlite_office.clock.day
    async with office.open() as opened:  # nobody is signed in: what waits depends on its day alone
        await office.reporter().send("In time.")
        real = lie_about_envelopes(opened, day=said + false)
        await opened.round()
        office.clock.forward(days=1)
        await opened.round()
        opened.sync._host._courier.get = real  # type: ignore[method-assign, assignment]
        await opened.round()
        assert await opened.desk.failures() == ()
        await opened.sign_in()
        await opened.round()
        case = await opened.only_case()
        assert (case.entries[0].text, case.row.received_day) == ("In time.", said)


@pytest.mark.parametrize("day", [2**31 - 1, 0])
async def test_impossible_day_hides_the_one_envelope_and_stays_nowhere(
    sqlite_office: Office, opened: Open, day: int
) -> None:
    await sqlite_office.reporter().send("Listed as it is.")
    real = opened.sync._host._courier.get
    extra = {"key": "ff" * 16, "size": sizes.ENVELOPE_LADDER[0], "day": day, "revision": 1}

    async def lying(target: str, *, limit: int = sizes.UPLOAD_CHUNK) -> bytes:
        data = await real(target, limit=limit)
        if target.partition("?")[0] != "/v1/envelopes":
            return data
        return json.dumps({"envelopes": [*json.loads(data)["envelopes"], extra]}).encode()

    opened.sync._host._courier.get = lying  # type: ignore[method-assign]
    await opened.round()
    assert await texts(opened) == {"Listed as it is."}
    assert await opened.desk.failures() == ()


async def test_impossible_day_that_an_older_release_kept_is_shown_near_and_let_go(
    sqlite_office: Office, opened: Open
) -> None:
    today = sqlite_office.clock.day
    async with opened.vault.database.write() as connection:
        await store.begin(connection, [Listed(bytes(16), sizes.ENVELOPE_LADDER[0], 2**31 - 1, 1)], today)
        await store.fail(connection, bytes(16), "damaged", today)
    (failure,) = await opened.desk.failures()
    assert failure.envelope_day <= today + 2
    sqlite_office.clock.forward(days=20)
    await opened.round()
    sqlite_office.clock.forward(days=20)
    await opened.round()
    await opened.round()
    async with opened.vault.database.read() as connection:
        assert await store.known(connection) == {bytes(16): store.State.FORGOTTEN}


async def test_copy_that_the_host_damaged_on_the_way_is_fetched_again(sqlite_office: Office, opened: Open) -> None:
    await sqlite_office.reporter().send("Whole at the host.")
    courier = opened.sync._host._courier
    real = courier.get

    async def lying(target: str, *, limit: int = sizes.UPLOAD_CHUNK) -> bytes:
        data = await real(target, limit=limit)
        return data[:-1] + bytes([data[-1] ^ 1]) if target.endswith("/0") else data

    courier.get = lying  # type: ignore[method-assign]
    await opened.round()
    assert len(await opened.desk.failures()) == 1
    courier.get = real  # type: ignore[method-assign]
    sqlite_office.clock.forward(days=1)
    await opened.round()
    assert await opened.desk.failures() == ()
    assert await texts(opened) == {"Whole at the host."}


async def test_chunk_of_another_length_than_listed_is_not_kept_and_the_others_arrive(
    sqlite_office: Office, opened: Open
) -> None:
    await sqlite_office.reporter().send("Short.", [("a.bin", os.urandom(40_000))])
    await sqlite_office.reporter().send("Whole.")
    courier = opened.sync._host._courier
    real = courier.get

    async def cutting(target: str, *, limit: int = sizes.UPLOAD_CHUNK) -> bytes:
        data = await real(target, limit=limit)
        return data[:-1] if len(data) > sizes.ENVELOPE_LADDER[0] else data

    courier.get = cutting  # type: ignore[method-assign]
    await opened.round()
    assert await texts(opened) == {"Whole."}
    courier.get = real  # type: ignore[method-assign]
    await opened.round()
    assert await texts(opened) == {"Whole.", "Short."}


async def test_same_form_with_other_content_is_shown_and_not_dropped(sqlite_office: Office, opened: Open) -> None:
    reporter = sqlite_office.reporter()
    message_id = await reporter.send("What I wrote first.")
    await reporter.send("What I wrote first, and one thing more.", message_id=message_id)
    await opened.round()
    assert await texts(opened) == {"What I wrote first.", "What I wrote first, and one thing more."}
