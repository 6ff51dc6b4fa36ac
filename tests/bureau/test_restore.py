"""Crashes, restores, two desks, a host that rolls the board back, a clock a year off."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from dropbox.bureau import admission, store
from dropbox.bureau.errors import (
    AlreadyRunningError,
    BoardsUnreadError,
    NotMadeError,
    WrongDatabaseError,
    WrongSignInError,
)
from dropbox.bureau.host import Listed
from dropbox.bureau.keyring import PUBLISHER_FILE, RECIPIENT_FILE
from dropbox.bureau.service import opened as open_service
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.courier.errors import UnreachableError
from dropbox.protocol import sizes
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.storage.errors import WrongPassphraseError
from tests.bureau.office import PERIOD, USER, Office, Open, short_folder


class PowerCutError(BaseException):
    """The machine lost power here: nothing after this line happened.  No handler of ours catches it."""


def keyrings(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (PUBLISHER_FILE, RECIPIENT_FILE)}


def put_back(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def reply(text: str) -> NoteDraft:
    return NoteDraft(EntryKind.REPLY, text)


async def only_name(opened: Open) -> str:
    return (await opened.only_case()).row.identity


async def test_second_desk_on_one_vault_is_refused(sqlite_office: Office) -> None:
    async with sqlite_office.desk():
        with pytest.raises(AlreadyRunningError):
            async with sqlite_office.desk():
                pytest.fail("two desks on one vault")
    async with sqlite_office.desk():
        pass


async def test_wrong_passphrase_and_wrong_password_are_refused(sqlite_office: Office) -> None:
    settings = sqlite_office.settings()
    with pytest.raises(WrongPassphraseError):
        async with open_service(settings, "another passphrase", sqlite_office.clock, os.urandom):
            pytest.fail("opened with a wrong passphrase")
    async with sqlite_office.desk() as opened:
        for user, password in ((USER, "not the password"), ("nobody", "not the password")):
            with pytest.raises(WrongSignInError):
                await opened.desk.sign_in(user, password)
        assert not opened.desk.is_open


async def test_folder_without_a_desk_is_said_to_be_one(sqlite_office: Office) -> None:
    shutil.rmtree(sqlite_office.vault)
    sqlite_office.vault.mkdir()
    with pytest.raises(NotMadeError):
        async with sqlite_office.desk():
            pytest.fail("opened an empty folder")


@pytest.mark.parametrize("whose", ["nobody's", "another vault's"])
async def test_database_that_is_not_the_vaults_own_is_refused_and_destroys_nothing(
    sqlite_office: Office, whose: str
) -> None:
    office, database = sqlite_office, sqlite_office.vault / "vault.db"
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await office.reporter().send("One.")
            await opened.round()
            await opened.vault.database.checkpoint_truncate()
        before, own = keyrings(office.vault), database.read_bytes()
        for path in office.vault.glob("vault.db*"):
            path.unlink()
        if whose == "another vault's":
            with short_folder() as folder:
                other = Office(folder)
                async with other.desk() as opened:
                    await opened.vault.database.checkpoint_truncate()
                database.write_bytes((other.vault / "vault.db").read_bytes())
        with pytest.raises(WrongDatabaseError):
            async with office.desk():
                pytest.fail("opened a database that is not its own")
        assert keyrings(office.vault) == before
        database.write_bytes(own)
        async with office.desk() as opened:
            await opened.sign_in()
            assert (await opened.only_case()).row.messages == 1


async def test_nothing_is_sealed_before_the_last_board_was_read(sqlite_office: Office) -> None:
    reporter = sqlite_office.reporter()
    async with sqlite_office.open() as opened:
        await opened.sign_in()
        await reporter.send("One.")
        await opened.round()
    async with sqlite_office.desk() as opened:
        await opened.sign_in()
        await opened.sync.publish_round()
        assert opened.sync.problem == "unreachable"
        with pytest.raises(BoardsUnreadError):
            await opened.desk.send(await only_name(opened), reply("Too early."))
        assert "boards-unread" in (await opened.desk.sync_state()).warnings


@pytest.mark.parametrize("restored", ["keyrings", "database", "both"])
async def test_restored_desk_takes_its_board_back_and_reuses_no_number(sqlite_office: Office, restored: str) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    database = office.vault / "vault.db"
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await reporter.send("One.")
            await opened.round()
            await opened.vault.database.checkpoint_truncate()
        old_keyrings, old_database = keyrings(office.vault), database.read_bytes()
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await opened.desk.send(await only_name(opened), reply("Sent before the disaster."))
            office.clock.forward(seconds=PERIOD)
            await opened.round()
            used = next(iter(opened.vault.opened().state.threads.values())).next_number
        if restored != "database":
            put_back(office.vault, old_keyrings)
        if restored != "keyrings":
            for path in office.vault.glob("vault.db*"):
                path.unlink()
            database.write_bytes(old_database)
        office.clock.forward(seconds=PERIOD)
        async with office.desk() as opened:
            await opened.sign_in()
            await opened.round()
            assert Reply("Sent before the disaster.") in await reporter.notes()
            assert next(iter(opened.vault.opened().state.threads.values())).next_number >= used
            await opened.desk.send(await only_name(opened), reply("After it."))
            await opened.round()
            notes = await reporter.notes()
            assert notes[-2:] == [Reply("Sent before the disaster."), Reply("After it.")]
            numbers = [note.number for box in (await reporter.read()).mailboxes for note in box.notes]
            assert len(set(numbers)) == len(numbers)


async def test_rolled_back_board_is_noted_and_brings_nothing_back(sqlite_office: Office) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await reporter.send("One.")
            await opened.round()
            recipient = opened.vault.publisher.state.recipient
            old = await opened.sync._host.board(recipient)
            assert old is not None
            office.clock.forward(seconds=2 * PERIOD)
            await opened.desk.discard(await only_name(opened))
            await opened.round()
        async with office.desk() as opened:

            async def rolled_back(_recipient: bytes) -> bytes:
                return old

            opened.sync._host.board = rolled_back  # type: ignore[method-assign, assignment]
            await opened.round()
            assert "board-rolled-back" in (await opened.desk.sync_state()).warnings
            assert (await reporter.read()).empty


async def test_host_is_not_accused_of_keeping_back_a_board_that_never_reached_it(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()

            async def lost(_recipient: bytes, _body: bytes) -> None:
                raise UnreachableError

            opened.sync._host.put_board = lost  # type: ignore[method-assign, assignment]
            office.clock.forward(seconds=PERIOD)
            await opened.sync.publish_round()
            assert opened.sync.problems == {"board": "unreachable"}
        async with office.desk() as opened:
            await asyncio.gather(opened.sync.publish_round(), opened.sync.fetch_round())
            assert not {"board-rolled-back", "board-missing"} & set((await opened.desk.sync_state()).warnings)


async def test_warning_about_the_board_goes_once_the_host_took_boards_for_a_week(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
        async with office.desk() as opened:
            real = opened.sync._host.board

            async def missing(_recipient: bytes) -> None:
                return None

            opened.sync._host.board = missing  # type: ignore[method-assign, assignment]
            await opened.round()
            opened.sync._host.board = real  # type: ignore[method-assign]
            for days, shown in ((1, True), (6, False)):
                office.clock.forward(days=days)
                await opened.round()
                assert ("board-missing" in (await opened.desk.sync_state()).warnings) == shown


@pytest.mark.parametrize("board", [b"", b"\0" * 5000, "other"])
async def test_forged_or_missing_board_at_the_start_is_noted_and_the_desk_goes_on(
    sqlite_office: Office, board: bytes | str
) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await reporter.send("One.")
            await opened.round()
        async with office.desk() as opened:

            async def lying(_recipient: bytes) -> bytes | None:
                return None if isinstance(board, str) else board

            opened.sync._host.board = lying  # type: ignore[method-assign, assignment]
            await opened.round()
            expected = "board-missing" if isinstance(board, str) else "board-forged"
            assert expected in (await opened.desk.sync_state()).warnings
            assert await reporter.notes() == [Acknowledgement(1, 0, office.clock.day)]


async def test_crash_between_chain_and_reply_costs_a_number_and_no_key(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send("One.")
        await opened.round()
        (before,) = opened.vault.opened().state.threads.values()

        def cut(*_arguments: object) -> None:
            raise PowerCutError

        with monkeypatch.context() as patch:
            patch.setattr("dropbox.bureau.sealing.seal", cut)
            with pytest.raises(PowerCutError):
                await opened.desk.send(await only_name(opened), reply("Lost."))
        await opened.vault.close()
    async with office.open() as opened:
        await opened.sign_in()
        (after,) = opened.vault.opened().state.threads.values()
        assert after.next_number == before.next_number + 1
        assert after.chain != before.chain
        await opened.desk.send(await only_name(opened), reply("Second try."))
        await opened.round()
        mailbox = (await reporter.read()).mailboxes[0]
        assert (mailbox.notes[-1].note, mailbox.notes[-1].number) == (Reply("Second try."), after.next_number)
        assert mailbox.unread == 0


@pytest.mark.parametrize("step", ["_touch", "_acknowledge", "_entry"])
async def test_crash_while_a_report_is_admitted_loses_and_doubles_nothing(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()

    def cutting_after(real: object) -> object:
        def cut(*arguments: object) -> None:
            assert callable(real)
            real(*arguments)
            raise PowerCutError

        return cut

    owner = {"_entry": admission, "_touch": admission._Plan, "_acknowledge": admission.Admission}[step]
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send("Once.", [("a.bin", os.urandom(100_000))])
        await opened.sync._fetch()
        with monkeypatch.context() as patch:
            patch.setattr(owner, step, cutting_after(getattr(owner, step)))
            with pytest.raises(PowerCutError):
                await opened.sync.reception.open_waiting()
    async with office.open() as opened:
        await opened.sign_in()
        await opened.round()
        case = await opened.only_case()
        assert (case.row.messages, case.row.files) == (1, 1)
        assert await reporter.notes() == [Acknowledgement(1, 1, office.clock.day)]
        state = opened.vault.opened().state
        assert len(state.case_keys) == len(state.threads) == 1


async def test_crash_before_the_confirmation_is_made_up_for(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        await opened.sign_in()
        await office.reporter().send("One.")
        await opened.sync._fetch()
        await opened.sync._open()
        assert len(await opened.sync._host.envelopes()) == 1
    async with office.open() as opened:
        await opened.sign_in()
        await opened.round()
        assert await opened.sync._host.envelopes() == []
        assert (await opened.only_case()).row.messages == 1


async def test_interrupted_fetch_goes_on_where_it_ended(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        await opened.sign_in()
        await office.reporter().send("Large.", [("a.bin", os.urandom(3 * sizes.MIB))])
        asked: list[int] = []
        host = opened.sync._host
        real = host.chunk

        async def breaking(envelope: bytes, place: int) -> bytes:
            asked.append(place)
            if asked == [0, 1]:
                raise UnreachableError
            return await real(envelope, place)

        host.chunk = breaking  # type: ignore[method-assign]
        await opened.sync.fetch_round()
        assert opened.sync.problem == "unreachable"
        assert await opened.desk.cases() == ()
        await opened.round()
        assert asked == [0, 1, 1, 2, 3]
        assert (await opened.only_case()).row.files == 1


async def test_envelope_that_intake_lost_half_way_is_forgotten(sqlite_office: Office) -> None:
    office = sqlite_office
    async with office.open() as opened:
        await office.reporter().send("Large.", [("a.bin", os.urandom(3 * sizes.MIB))])
        host = opened.sync._host
        real = host.envelopes

        async def broken(_envelope: bytes, _place: int) -> bytes:
            raise UnreachableError

        async def nothing() -> list[Listed]:
            return []

        host.chunk = broken  # type: ignore[method-assign, assignment]
        await opened.sync.fetch_round()
        host.envelopes = nothing  # type: ignore[method-assign]
        await opened.sync.fetch_round()
        async with opened.vault.database.read() as connection:
            assert await store.known(connection) == {}
        assert len(await real()) == 1


@pytest.mark.parametrize("days", [366, -366])
async def test_clock_a_year_off_publishes_and_destroys_nothing(sqlite_office: Office, days: int) -> None:
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            handler = await opened.sign_in()
            await reporter.send("One.")
            await opened.round()
            opened.desk.sign_out(handler)
            await reporter.send("Two.", known=True)
            await opened.round()
            before = opened.vault.publisher.state
        # Intake goes on with the right clock; only this desk's is wrong.
        async with office.desk(clock=lambda: office.clock.now + days * sizes.DAY) as running:
            await running.sync.fetch_round()
            await running.sync.publish_round()
            assert running.sync.problems["clock"] == "clock"
            assert running.vault.publisher.state == before
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await opened.round()
            assert (await opened.only_case()).row.messages == 2
            assert (await reporter.notes())[-1] == Acknowledgement(2, 0, office.clock.day)


async def test_report_whose_keys_were_kept_in_part_stands_once_on_the_board(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crash run 1011: the disk failed between the two keyrings, and the next try made a second name for one tag key."""
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await reporter.send("One.")

            def failing(_state: object) -> None:
                raise OSError

            with monkeypatch.context() as patch:
                patch.setattr(opened.vault.opened(), "save", failing)
                await opened.sync.fetch_round()
            assert await opened.desk.cases() == ()
            await opened.round()
            assert len(opened.vault.publisher.state.tag_keys) == 1
        async with office.desk() as opened:
            await opened.sign_in()
            await opened.round()
            assert await reporter.notes() == [Acknowledgement(1, 0, office.clock.day)]


async def test_acknowledgement_that_was_replaced_does_not_come_back_with_the_last_board(sqlite_office: Office) -> None:
    """Crash run 106: the old record was dropped, the board without it never arrived, and the desk started anew."""
    office, reporter = sqlite_office, sqlite_office.reporter()
    async with office.intake():
        async with office.desk() as opened:
            await opened.round()
            await opened.sign_in()
            await reporter.send("One.")
            await opened.round()
            await reporter.send("Two.", known=True)
            await opened.sync.fetch_round()
            office.clock.forward(seconds=PERIOD)

            async def lost(_recipient: bytes, _body: bytes) -> None:
                raise UnreachableError

            opened.sync._host.put_board = lost  # type: ignore[method-assign, assignment]
            await opened.sync.publish_round()
            assert opened.sync.problems == {"board": "unreachable"}
        async with office.desk() as opened:
            await opened.sign_in()
            await opened.round()
            assert await reporter.notes() == [Acknowledgement(2, 0, office.clock.day)]
