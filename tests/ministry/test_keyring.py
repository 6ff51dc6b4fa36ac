import os
import stat

import pytest

from dropbox.ministry.errors import AlreadyMadeError, AlreadyRunningError, NotMadeError
from dropbox.ministry.keyring import COURIER_FILE, INBOX_FILE
from dropbox.protocol.keys import Role
from dropbox.storage.errors import WeakPasswordError, WrongPassphraseError, WrongPasswordError
from tests.ministry.world import PASSPHRASE, PASSWORD, USER, World


def test_what_is_made_opens_again_and_is_what_was_asked_to_be_certified(sqlite_world: World) -> None:
    request = dict(sqlite_world.make().keys)
    service = sqlite_world.folder.open_courier(PASSPHRASE)
    inbox = sqlite_world.folder.open_inbox(USER, PASSWORD)
    assert request == {
        Role.MINISTRY_COURIER: service.courier.public,
        Role.MINISTRY_CARD_BOX: service.box_public,
        Role.OUTCOME: service.outcome_public,
    }
    assert (inbox.box.public, inbox.outcome.public) == (service.box_public, service.outcome_public)


def test_the_files_are_for_this_account_alone_and_show_no_seed(sqlite_world: World) -> None:
    sqlite_world.make()
    inbox = sqlite_world.folder.open_inbox(USER, PASSWORD)
    seeds = (inbox.box.seed, inbox.outcome.seed, inbox.store, sqlite_world.folder.open_courier(PASSPHRASE).courier.seed)
    for path in (sqlite_world.place / "inbox").iterdir():
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path.name
        content = path.read_bytes()
        assert not any(seed in content or seed.hex().encode() in content for seed in seeds)
    assert not any(seed.hex() in repr(inbox) for seed in seeds)


def test_a_wrong_passphrase_opens_nothing(sqlite_world: World) -> None:
    sqlite_world.make()
    with pytest.raises(WrongPassphraseError):
        sqlite_world.folder.open_courier(PASSPHRASE + "x")


@pytest.mark.parametrize(("user", "password"), [(USER, PASSWORD + "x"), ("somebody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_look_the_same(sqlite_world: World, user: str, password: str) -> None:
    sqlite_world.make()
    with pytest.raises(WrongPasswordError, match="name or the password"):
        sqlite_world.folder.open_inbox(user, password)


def test_an_inbox_is_never_made_over_another_one(sqlite_world: World) -> None:
    sqlite_world.make()
    before = (sqlite_world.place / "inbox" / INBOX_FILE).read_bytes()
    with pytest.raises(AlreadyMadeError):
        sqlite_world.folder.make(PASSPHRASE, USER, PASSWORD, os.urandom)
    assert (sqlite_world.place / "inbox" / INBOX_FILE).read_bytes() == before


def test_an_interrupted_attempt_is_not_an_inbox_and_can_be_made_anew(sqlite_world: World) -> None:
    sqlite_world.make()
    (sqlite_world.place / "inbox" / INBOX_FILE).unlink()
    assert not sqlite_world.folder.is_made
    sqlite_world.folder.make(PASSPHRASE, USER, PASSWORD, os.urandom)
    assert sqlite_world.folder.open_inbox(USER, PASSWORD).box.public


def test_a_weak_password_makes_nothing(sqlite_world: World) -> None:
    (sqlite_world.place / "inbox").mkdir()
    with pytest.raises(WeakPasswordError):
        sqlite_world.folder.make(PASSPHRASE, USER, "short", os.urandom)
    assert not sqlite_world.folder.is_made


def test_the_courier_keyring_of_a_folder_without_one(sqlite_world: World) -> None:
    (sqlite_world.place / "inbox").mkdir()
    with pytest.raises(NotMadeError):
        sqlite_world.folder.open_courier(PASSPHRASE)
    assert not (sqlite_world.place / "inbox" / COURIER_FILE).exists()


def test_two_inboxes_on_one_folder_are_refused(sqlite_world: World) -> None:
    sqlite_world.make()
    with sqlite_world.folder.alone(), pytest.raises(AlreadyRunningError), sqlite_world.folder.alone():
        pass
    with sqlite_world.folder.alone():
        assert sqlite_world.folder.is_made


def test_an_account_lets_in_another_one(sqlite_world: World) -> None:
    sqlite_world.make()
    sqlite_world.folder.add_account(USER, PASSWORD, "deputy", "another long password")
    theirs = sqlite_world.folder.open_inbox("deputy", "another long password")
    assert theirs == sqlite_world.folder.open_inbox(USER, PASSWORD)
    with pytest.raises(WrongPasswordError):
        sqlite_world.folder.add_account(USER, "wrong", "third", "yet another password")
