"""What a copy of the vault's files gives away without keys; what forgetting leaves behind."""

import os
import stat
from pathlib import Path

import pytest

from dropbox.bureau.keyring import RecipientKeyring
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys, next_chain
from tests.bureau.office import PASSPHRASE, PASSWORD, Office

PLANTED = {
    "text": "A planted sentence that nobody else writes.",
    "keep": "planted-manager-name",
    "category": "planted-category",
    "name": "planted-file-name.pdf",
    "reply": "A planted reply of the bureau.",
}
FILE = b"planted bytes of a file " * 8000


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_no_file_of_vault_or_intake_holds_a_word_of_a_dialogue(
    sqlite_office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    keys = ReporterKeys.derive(reporter.receipt, office.root.public.instance)
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send(
            PLANTED["text"], [(PLANTED["name"], FILE)], category=PLANTED["category"], keep_from=PLANTED["keep"]
        )
        await opened.round()
        name = (await opened.only_case()).row.identity
        await opened.desk.mark_read(name)
        await opened.desk.send(name, NoteDraft(EntryKind.REPLY, PLANTED["reply"]))
        await opened.round()
        files = everything(office.folder)
    recipient = keys.reply_keys(opened.vault.publisher.state.recipient)
    needles = [value.encode() for value in PLANTED.values()] + [FILE[:24], PASSPHRASE.encode(), PASSWORD.encode()]
    needles += [keys.thread_id, keys.auth, recipient.chain, recipient.tag_key, recipient.public]
    needles += [needle.hex().encode() for needle in needles[-5:]]
    assert len(files) > 8
    for path, data in files.items():
        for needle in needles:
            assert needle not in data, path
    assert caplog.records == []


async def test_keyring_never_keeps_the_first_chain_key_once_used(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send("One.")
        await opened.round()
        keys = ReporterKeys.derive(reporter.receipt, office.root.public.instance)
        own = keys.reply_keys(opened.vault.publisher.state.recipient)
        (thread,) = opened.vault.opened().state.threads.values()
        assert (thread.next_number, thread.chain) == (1, next_chain(own.chain))
        access_key = opened.vault.accounts.unlock("ines", PASSWORD)["recipient"]
        stored = RecipientKeyring.open(office.vault, access_key).state
        assert stored.threads == opened.vault.opened().state.threads


async def test_receipt_found_later_opens_no_record_from_the_vault_that_was_sealed_before(
    sqlite_office: Office,
) -> None:
    """The vault's copy is of no use without the receipt; with a wrong receipt neither."""
    office = sqlite_office
    other = ReporterKeys.derive(Receipt.generate(os.urandom), office.root.public.instance)
    reporter = office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send("One.")
        await opened.round()
        (thread_id,) = opened.vault.opened().state.threads
        assert thread_id != other.thread_id


async def test_discarded_case_leaves_no_sealed_byte_in_the_database(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        await opened.sign_in()
        await office.reporter().send("Junk.", [("junk.bin", os.urandom(300_000))])
        await opened.round()
        async with opened.vault.database.read() as connection:
            (body,) = (await connection.exec_driver_sql("SELECT body FROM file_chunks")).one()
        needle = bytes(body)[5000:5064]
        assert any(needle in data for data in everything(office.vault).values())
        await opened.desk.discard((await opened.only_case()).row.identity)
        assert not any(needle in data for data in everything(office.vault).values())


async def test_opened_envelope_leaves_no_sealed_byte_of_its_reporter(sqlite_office: Office) -> None:
    """A prekey that is stolen before its day of destruction must find nothing to open."""
    office = sqlite_office
    async with office.open() as opened:
        await office.reporter().send("Some text.", [("a.bin", os.urandom(300_000))])
        await opened.round()
        async with opened.vault.database.read() as connection:
            (body,) = (await connection.exec_driver_sql("SELECT body FROM incoming_chunks")).one()
        needle = bytes(body)[5000:5064]
        await opened.sign_in()
        await opened.round()
        assert not any(needle in data for data in everything(office.vault).values())


async def test_every_file_of_the_vault_is_its_owners_alone(sqlite_office: Office) -> None:
    async with sqlite_office.open() as opened:
        await opened.sign_in()
        assert stat.S_IMODE(sqlite_office.vault.stat().st_mode) == 0o700
        for path in sqlite_office.vault.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
