"""An inbox in one sealed file, and an inbox from it on an empty machine."""

import shutil
from pathlib import Path

import pytest

from dropbox.ministry import backup
from dropbox.ministry.errors import AlreadyMadeError, BackupRefusedError
from dropbox.storage.errors import SealedDamagedError, WrongPassphraseError
from tests.ministry.world import CHEAP, PASSPHRASE, PLANTED, World, referral
from tests.postgres import Cluster


def lose(world: World, request: pytest.FixtureRequest) -> None:
    """The machine burns."""
    shutil.rmtree(world.place / "inbox")
    if world.url.startswith("sqlite"):
        for path in world.place.glob("inbox.db*"):
            path.unlink()
    else:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        world.url = cluster.new_database()
    (world.place / "inbox").mkdir()


async def test_a_restored_inbox_shows_the_same_cards_and_takes_no_card_twice(
    world: World, request: pytest.FixtureRequest
) -> None:
    file = world.place / "backup"
    async with world.start() as running:
        sealed = world.bureau.batch(running.address, world.bureau.seal(referral(), running.address))
        world.intake.offer(sealed)
        await running.sign_in()
        await running.sync.round()
        before = (await running.inbox.cards()).rows
        await backup.save(world.settings, PASSPHRASE, file, CHEAP)  # while it runs
    assert len(before) == 1
    lose(world, request)
    await backup.restore(world.settings, PASSPHRASE, file)
    async with world.start() as running:
        await running.sign_in()
        world.intake.offer(sealed)
        await running.sync.round()
        assert (await running.inbox.cards()).rows == before
        assert await running.inbox.failures() == ()
        with pytest.raises(AlreadyMadeError):
            await backup.restore(world.settings, PASSPHRASE, file)


async def test_nothing_of_a_card_is_readable_in_a_backup_and_nobody_else_reads_the_file(sqlite_world: World) -> None:
    file = sqlite_world.place / "backup"
    async with sqlite_world.start() as running:
        sealed = sqlite_world.bureau.seal(referral(), running.address)
        sqlite_world.intake.offer(sqlite_world.bureau.batch(running.address, sealed))
        await running.sign_in()
        await running.sync.round()
        await backup.save(sqlite_world.settings, PASSPHRASE, file, CHEAP)
    assert PLANTED.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


async def test_what_cannot_be_restored_makes_nothing(sqlite_world: World, request: pytest.FixtureRequest) -> None:
    world, file = sqlite_world, sqlite_world.place / "backup"
    async with world.start() as running:
        world.intake.offer(world.bureau.batch(running.address, world.bureau.seal(referral(), running.address)))
        await running.sync.round()
        with pytest.raises(WrongPassphraseError):
            await backup.save(world.settings, "not its passphrase", file, CHEAP)
        with pytest.raises(BackupRefusedError):
            await backup.save(world.settings, PASSPHRASE, Path("/proc/nowhere/backup"), CHEAP)
        await backup.save(world.settings, PASSPHRASE, file, CHEAP)
    other = World(world.place / "other", f"sqlite:///{world.place}/other.db")
    other.place.mkdir()
    async with other.start() as running:  # somebody else's cards stand in the database
        other.intake.offer(other.bureau.batch(running.address, other.bureau.seal(referral(), running.address)))
        await running.sync.round()
    shutil.rmtree(other.place / "inbox")
    (other.place / "inbox").mkdir()
    with pytest.raises(BackupRefusedError, match="not empty"):
        await backup.restore(other.settings, PASSPHRASE, file)
    lose(world, request)
    with pytest.raises(WrongPassphraseError):
        await backup.restore(world.settings, "not its passphrase", file)
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(SealedDamagedError):
        await backup.restore(world.settings, PASSPHRASE, file)
    with pytest.raises(BackupRefusedError):
        await backup.restore(world.settings, PASSPHRASE, world.place / "none")
    assert not world.folder.is_made
    file.write_bytes(data)
    await backup.restore(world.settings, PASSPHRASE, file)
    assert world.folder.is_made


async def test_a_restore_that_stopped_before_the_keyrings_is_begun_again(
    sqlite_world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sqlite_world.place / "backup"
    async with sqlite_world.start() as running:
        sealed = sqlite_world.bureau.seal(referral(), running.address)
        sqlite_world.intake.offer(sqlite_world.bureau.batch(running.address, sealed))
        await running.sync.round()
        await backup.save(sqlite_world.settings, PASSPHRASE, file, CHEAP)
    lose(sqlite_world, request)

    def cut(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(backup, "replace_file", cut)
        with pytest.raises(KeyboardInterrupt):
            await backup.restore(sqlite_world.settings, PASSPHRASE, file)
    await backup.restore(sqlite_world.settings, PASSPHRASE, file)
    async with sqlite_world.start() as running:
        await running.sign_in()
        await running.sync.round()
        assert len((await running.inbox.cards()).rows) == 1
