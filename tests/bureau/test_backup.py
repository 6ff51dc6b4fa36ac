"""Backup and restoring: what is confirmed is in it, what must be forgotten is not, and the dialogue goes on."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dropbox.bureau import backup
from dropbox.bureau.copies import Medium, Part
from dropbox.bureau.errors import (
    AlreadyMadeError,
    BackupBehindError,
    BackupDamagedError,
    BackupGoneError,
    DatabaseInUseError,
    WrongSignInError,
)
from dropbox.bureau.keyring import PublisherKeyring, RecipientKeyring
from dropbox.bureau.restoring import Secrets, restore
from dropbox.bureau.vault import accounts_of
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.protocol.thread import MAX_GAP, WINDOW
from dropbox.storage.errors import WrongPassphraseError
from tests.bureau.office import PASSPHRASE, PASSWORD, PERIOD, USER, Office, Open
from tests.postgres import Cluster

SECRETS = Secrets(PASSPHRASE, USER, PASSWORD)


def medium_of(office: Office) -> Path:
    folder = office.folder / "medium"
    folder.mkdir(exist_ok=True)
    return folder


@asynccontextmanager
async def desk(office: Office) -> AsyncIterator[Open]:
    """A desk with a backup, somebody signed in."""
    async with office.desk(backup=str(medium_of(office))) as opened:
        await opened.sign_in()
        yield opened


async def lose_and_restore(office: Office, request: pytest.FixtureRequest) -> None:
    """The desk's machine burns; a new one is made from the medium."""
    shutil.rmtree(office.vault)
    if office.database:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        office.database = cluster.new_database()
    await restore(office.settings(), medium_of(office), SECRETS, office.clock(), os.urandom)


async def the_case(opened: Open) -> str:
    return (await opened.only_case()).row.identity


def reply(text: str) -> NoteDraft:
    return NoteDraft(EntryKind.REPLY, text)


async def test_a_desk_restored_on_an_empty_machine_goes_on_with_the_same_dialogue(
    office: Office, request: pytest.FixtureRequest
) -> None:
    reporter, data = office.reporter(), os.urandom(2_500_000)
    async with office.intake():
        async with desk(office) as opened:
            await opened.round()
            await reporter.send("One.", [("a.bin", data)])
            await opened.round()
            assert await opened.sync._host.envelopes() == []
            await opened.desk.send(await the_case(opened), reply("In the backup."))
            await opened.round()
            (before,) = opened.vault.opened().state.threads.values()
            # This one is published, and no backup is made after it.
            opened.sync.backup._medium = None
            await opened.desk.send(await the_case(opened), reply("Not in the backup."))
            office.clock.forward(seconds=PERIOD)
            await opened.round()
            used = {one.number for box in (await reporter.read()).mailboxes for one in box.notes}
            (last,) = opened.vault.opened().state.threads.values()
        await lose_and_restore(office, request)
        office.clock.forward(seconds=PERIOD)
        async with desk(office) as opened:
            await opened.round()
            case = await opened.only_case()
            assert [entry.text for entry in case.entries[:2]] == ["One.", "In the backup."]
            _, pieces = await opened.desk.open_file(case.row.identity, case.entries[0].files[0].identity)
            assert b"".join([piece async for piece in pieces]) == data
            (after,) = opened.vault.opened().state.threads.values()
            assert after.next_number >= last.next_number > before.next_number
            await opened.desk.send(case.row.identity, reply("After the fire."))
            await reporter.send("Two.", known=True)
            await opened.round()
            assert (await opened.only_case()).row.messages == 2
            notes = await reporter.notes()
            for text in ("In the backup.", "Not in the backup.", "After the fire."):
                assert notes.count(Reply(text)) == 1
            assert Acknowledgement(2, 1, office.clock.day) in notes
            new = {one.number for box in (await reporter.read()).mailboxes for one in box.notes} - used
            assert new
            assert min(new) >= after.next_number


async def test_the_first_backup_is_made_at_the_first_sign_in(sqlite_office: Office) -> None:
    async with sqlite_office.intake(), sqlite_office.desk(backup=str(medium_of(sqlite_office))) as opened:
        await opened.sync.fetch_round()
        assert opened.sync.problems == {"backup": "backup"}, "nobody is signed in"
        await opened.sign_in()
        await opened.sync.open_round()
        assert not opened.sync.problems


async def test_a_backup_holds_no_prekey_and_no_chain_key_that_sealed_anything(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    chains: dict[int, bytes] = {}
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await reporter.send("One.")
        for text in ("First.", "Second.", "Third."):
            await opened.round()
            (thread,) = opened.vault.opened().state.threads.values()
            chains[thread.next_number] = thread.chain
            await opened.desk.send(await the_case(opened), reply(text))
        await opened.round()
        medium = medium_of(office)
        copy = RecipientKeyring.open(medium, accounts_of(office.vault).unlock(USER, PASSWORD)["recipient"]).state
        assert not copy.prekeys
        assert not PublisherKeyring.open(medium, PASSPHRASE).state.prekeys
        assert opened.vault.opened().state.prekeys
        (live,) = opened.vault.opened().state.threads.values()
        (stored,) = copy.threads.values()
        assert stored.next_number > live.next_number
        assert stored.chain == live.moved_on(stored.next_number - live.next_number).chain
        assert stored.chain not in chains.values()
    assert backup.AHEAD + MAX_GAP + 1 <= WINDOW, "a reader finds what a restored desk writes"


async def test_nothing_is_confirmed_while_the_medium_is_away(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.intake(), desk(office) as opened:
        await opened.round()
        medium = medium_of(office)
        medium.rename(medium.with_name("away"))
        medium.mkdir()  # where it was mounted: an empty folder
        await office.reporter().send("One.")
        await opened.sync.fetch_round()
        assert opened.sync.problems == {"backup": "backup"}
        assert (await opened.only_case()).row.messages == 1
        assert len(await opened.sync._host.envelopes()) == 1
        assert not list(medium.iterdir()), "nothing is written to the disk below"
        medium.rmdir()
        medium.with_name("away").rename(medium)
        await opened.round()
        assert await opened.sync._host.envelopes() == []


async def test_a_full_medium_confirms_nothing_and_keeps_the_last_backup(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    office = sqlite_office
    async with office.intake():
        async with desk(office) as opened:
            await opened.round()
            await office.reporter().send("In the backup.")
            await opened.round()

            def full(*_arguments: object) -> Part:
                raise OSError(28, "No space left on device")

            await office.reporter().send("Not in it.")
            with monkeypatch.context() as patch:
                patch.setattr(Medium, "put_part", full)
                await opened.sync.fetch_round()
            assert opened.sync.problems == {"backup": "backup"}
            assert len(await opened.sync._host.envelopes()) == 1
        await lose_and_restore(office, request)
        async with desk(office) as opened:
            assert (await opened.only_case()).entries[0].text == "In the backup."


async def test_a_message_is_acknowledged_when_it_is_in_the_backup_and_not_before(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, somebody = sqlite_office, sqlite_office.reporter()

    async def acknowledged() -> list[int]:
        office.clock.forward(seconds=PERIOD)
        await opened.sync.publish_round()
        return [note.messages for note in await somebody.notes() if isinstance(note, Acknowledgement)]

    async with office.intake(), desk(office) as opened:
        await opened.round()
        await somebody.send("One.")
        await opened.round()
        assert await acknowledged() == [1]
        await somebody.send("Two.")
        with monkeypatch.context() as patch:
            patch.setattr(Medium, "write_listing", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
            await opened.sync.fetch_round()
            assert opened.sync.problems == {"backup": "backup"}
            assert (await opened.only_case()).row.messages == 2
            assert await acknowledged() == [1]
            await opened.desk.send(await the_case(opened), NoteDraft(EntryKind.REPLY, "A reply does not wait."))
            assert await acknowledged() == [1]
            assert "A reply does not wait." in [note.text for note in await somebody.notes() if isinstance(note, Reply)]
        await opened.sync.fetch_round()
        assert await acknowledged() == [2]


async def test_only_what_changed_is_written(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await office.reporter().send("One.", [("a.bin", os.urandom(300_000))])
        await opened.round()
        await opened.sync.backup.run()
        before = {path: path.stat().st_ino for path in medium_of(office).rglob("*") if path.is_file()}
        await opened.sync.backup.run()
        assert {path: path.stat().st_ino for path in medium_of(office).rglob("*") if path.is_file()} == before
        await office.reporter().send("Two.")
        await opened.sync.fetch_round()
        after = {path for path in medium_of(office).rglob("*") if path.is_file()}
        assert len(after & set(before)) > len(before) * 3 // 4


async def test_a_discarded_case_leaves_the_backup_with_its_keys_and_files(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await office.reporter().send("Junk.", [("a.bin", os.urandom(300_000))])
        await opened.round()
        key = opened.vault.storage_key
        (part,) = Medium(medium_of(office)).listing(key).files.values()
        await opened.desk.discard(await the_case(opened))
        await opened.sync.open_round()
        medium = Medium(medium_of(office))
        assert not medium.listing(key).files
        assert not (medium.folder / "parts" / part.file).exists()
        copy = RecipientKeyring.open(medium.folder, accounts_of(office.vault).unlock(USER, PASSWORD)["recipient"]).state
        assert not copy.case_keys
        assert not copy.threads


async def test_nothing_that_was_sent_stands_readable_on_the_medium(sqlite_office: Office) -> None:
    office = sqlite_office
    planted = b"planted-" + os.urandom(8).hex().encode()
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await office.reporter().send(planted.decode(), [("a.txt", planted * 1000)])
        await opened.round()
        await opened.desk.send(await the_case(opened), reply(planted.decode()))
        await opened.round()
        recipient = opened.vault.opened()
        secrets = [planted, *recipient.state.case_keys.values(), opened.vault.storage_key]
        secrets += [key.hex().encode() for key in recipient.state.case_keys.values()]
    for path in medium_of(office).rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets), path.name
            assert path.stat().st_mode & 0o077 == 0


async def test_a_thread_uses_no_number_beyond_its_backup(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await office.reporter().send("One.")
        await opened.round()
        name = await the_case(opened)
        (ahead,) = opened.vault.ahead.values()
        opened.sync.backup._medium = None  # it is away for a long time
        (thread,) = opened.vault.opened().state.threads.values()
        for _ in range(ahead - thread.next_number):
            await opened.desk.send(name, reply("Again."))
        with pytest.raises(BackupBehindError):
            await opened.desk.send(name, reply("Once too often."))
        (thread,) = opened.vault.opened().state.threads.values()
        assert thread.next_number == ahead
        await office.reporter().send("Somebody else.")
        await opened.sync.fetch_round()
        assert len(await opened.desk.cases()) == 2, "others are not held up"
    async with office.desk() as opened:  # also after a start without it
        await opened.sign_in()
        assert set(opened.vault.ahead.values()) == {ahead}


async def test_reporters_seal_to_new_prekeys_at_once_after_a_restore(
    sqlite_office: Office, request: pytest.FixtureRequest
) -> None:
    office, lost = sqlite_office, sqlite_office.reporter()
    async with office.intake():
        async with desk(office) as opened:
            await opened.round()
        await lost.send("Sealed to a prekey that burns.")
        await lose_and_restore(office, request)
        async with desk(office) as opened:
            await opened.round()
            assert await opened.desk.cases() == ()
            assert [one.reason for one in await opened.desk.failures()] == ["no-prekey"]
            assert (await lost.read()).empty, "it is not acknowledged, and that shows"
            reporter = office.reporter()
            await reporter.send("Sealed to a new one.")
            await opened.round()
            assert (await opened.only_case()).entries[0].text == "Sealed to a new one."
        # A second fire, and the same old medium: no revision is signed twice.
        await lose_and_restore(office, request)
        async with desk(office) as opened:
            await opened.round()
            await office.reporter().send("And again.")
            await opened.round()
            assert "And again." in {
                (await opened.desk.case(one.identity)).entries[0].text for one in await opened.desk.cases()
            }


@pytest.mark.parametrize("harm", ["a part is altered", "a part is gone", "the list is cut", "a keyring is gone"])
async def test_a_damaged_backup_is_refused_and_makes_nothing(sqlite_office: Office, harm: str) -> None:
    office = sqlite_office
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await office.reporter().send("One.", [("a.bin", os.urandom(300_000))])
        await opened.round()
        (part,) = Medium(medium_of(office)).listing(opened.vault.storage_key).files.values()
    medium = medium_of(office)
    harmed = {
        "a part is altered": medium / "parts" / part.file,
        "a part is gone": medium / "parts" / part.file,
        "the list is cut": medium / "list",
        "a keyring is gone": medium / "recipient.keyring",
    }[harm]
    data = harmed.read_bytes()
    if harm.endswith("gone"):
        harmed.unlink()
    else:
        harmed.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    shutil.rmtree(office.vault)
    with pytest.raises(BackupDamagedError):
        await restore(office.settings(), medium, SECRETS, office.clock(), os.urandom)
    assert not (office.vault / "publisher.keyring").exists()
    harmed.write_bytes(data)
    await restore(office.settings(), medium, SECRETS, office.clock(), os.urandom)
    async with office.intake(), office.desk() as opened:
        await opened.sign_in()
        assert (await opened.only_case()).row.files == 1


async def test_wrong_secrets_a_desk_that_is_there_and_a_database_in_use_are_refused(
    office: Office, request: pytest.FixtureRequest
) -> None:
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await office.reporter().send("One.")
        await opened.round()
    medium, now = medium_of(office), office.clock()
    with pytest.raises(AlreadyMadeError):
        await restore(office.settings(), medium, SECRETS, now, os.urandom)
    database = office.vault / "vault.db"
    kept = database.read_bytes() if not office.database else b""
    shutil.rmtree(office.vault)
    for secrets, refusal in (
        (Secrets("another passphrase", USER, PASSWORD), WrongPassphraseError),
        (Secrets(PASSPHRASE, USER, "another password"), WrongSignInError),
    ):
        with pytest.raises(refusal):
            await restore(office.settings(), medium, secrets, now, os.urandom)
    if kept:
        database.write_bytes(kept)
    with pytest.raises(DatabaseInUseError):
        await restore(office.settings(), medium, SECRETS, now, os.urandom)
    with pytest.raises(BackupGoneError):
        await restore(office.settings(), office.folder, SECRETS, now, os.urandom)
    await lose_and_restore(office, request)


async def test_an_interrupted_restore_is_begun_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    async with office.intake(), desk(office) as opened:
        await opened.round()
        await office.reporter().send("One.", [("a.bin", os.urandom(300_000))])
        await opened.round()

    def cut(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dropbox.bureau.restoring._make_keyrings", cut)
        with pytest.raises(KeyboardInterrupt):
            await lose_and_restore(office, request)
    await restore(office.settings(), medium_of(office), SECRETS, office.clock(), os.urandom)
    async with office.intake(), office.desk() as opened:
        await opened.sign_in()
        assert (await opened.only_case()).row.files == 1


async def test_an_interrupted_backup_leaves_the_last_one_whole(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    office = sqlite_office
    for step in ("write_listing", "close_file", "prune"):

        def cut(*_arguments: object) -> None:
            raise KeyboardInterrupt

        async with office.intake(), desk(office) as opened:
            await opened.round()
            await office.reporter().send(step, [("a.bin", os.urandom(20_000))])
            await opened.sync._fetch()
            await opened.sync._open_waiting()
            with monkeypatch.context() as patch:
                patch.setattr(Medium, step, cut)
                with pytest.raises(KeyboardInterrupt):
                    await opened.sync.backup.run()
    await lose_and_restore(office, request)
    async with office.intake(), office.desk() as opened:
        await opened.sign_in()
        texts = {(await opened.desk.case(one.identity)).entries[0].text for one in await opened.desk.cases()}
        assert {"write_listing", "close_file"} <= texts, "made up for by the next one"
