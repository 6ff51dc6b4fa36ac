import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dropbox.storage import accounts as accounts_module
from dropbox.storage.accounts import Accounts
from dropbox.storage.errors import (
    SealedDamagedError,
    UserNameRefusedError,
    WeakPasswordError,
    WrongPasswordError,
)
from dropbox.storage.sealed_file import Cost, derive_key

CHEAP = Cost(memory_kib=8, passes=1)
PASSWORD = "four words of mine"
KEYS = {"recipient": bytes(range(32)), "second": bytes(32)}


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    made = Accounts(tmp_path / "accounts.json", CHEAP)
    made.create("ines", PASSWORD, KEYS)
    return made


def test_right_password_gives_the_access_keys(accounts: Accounts) -> None:
    assert accounts.unlock("ines", PASSWORD) == KEYS


@pytest.mark.parametrize(
    ("user", "password"), [("ines", "four words of mind"), ("imes", PASSWORD), ("", ""), ("i", "")]
)
def test_wrong_name_and_wrong_password_look_the_same(accounts: Accounts, user: str, password: str) -> None:
    with pytest.raises(WrongPasswordError) as caught:
        accounts.unlock(user, password)
    assert str(caught.value) == str(WrongPasswordError())


def test_unknown_name_costs_as_many_hashes_as_a_wrong_password(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[Cost] = []

    def counted(passphrase: str, salt: bytes, cost: Cost) -> bytes:
        costs.append(cost)
        return derive_key(passphrase, salt, cost)

    monkeypatch.setattr(accounts_module, "derive_key", counted)
    for user in ("ines", "nobody"):
        with pytest.raises(WrongPasswordError):
            accounts.unlock(user, "not the password")
    assert costs == [CHEAP, CHEAP]


def test_password_typed_on_another_keyboard_is_the_same(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json", CHEAP)
    accounts.create("zoë", "caf\u00e9 au lait et deux", KEYS)
    assert accounts.unlock("zoe\u0308", "cafe\u0301 au lait et deux") == KEYS


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1001])
def test_weak_password_is_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(WeakPasswordError):
        accounts.create("other", password, KEYS)
    with pytest.raises(WeakPasswordError):
        accounts.change_password("ines", PASSWORD, password)
    assert accounts.users() == ("ines",)
    assert accounts.unlock("ines", PASSWORD) == KEYS


@pytest.mark.parametrize("user", ["ines", "", " ines", "a b", "x" * 65, "a\0b", "<b>"])
def test_name_that_is_taken_or_no_name_is_refused(accounts: Accounts, user: str) -> None:
    with pytest.raises(UserNameRefusedError):
        accounts.create(user, PASSWORD, KEYS)


def test_changed_password_opens_and_the_old_one_does_not(accounts: Accounts) -> None:
    accounts.change_password("ines", PASSWORD, "another four words")
    assert accounts.unlock("ines", "another four words") == KEYS
    with pytest.raises(WrongPasswordError):
        accounts.unlock("ines", PASSWORD)


def test_removed_account_opens_nothing(accounts: Accounts) -> None:
    accounts.remove("ines")
    with pytest.raises(WrongPasswordError):
        accounts.unlock("ines", PASSWORD)


def _edit(path: Path, change: Callable[[dict[str, dict[str, str]]], object]) -> None:
    value = json.loads(path.read_bytes())
    change(value["accounts"])
    path.write_text(json.dumps(value))


def test_access_key_moved_to_another_account_is_refused(accounts: Accounts, tmp_path: Path) -> None:
    accounts.create("mallory", "mallory's password", {"recipient": bytes(32)})
    _edit(tmp_path / "accounts.json", lambda value: value.update(mallory=value["ines"]))
    with pytest.raises(WrongPasswordError):
        accounts.unlock("mallory", PASSWORD)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"version":2,"accounts":{}}', b"\xff"])
def test_damaged_file_is_said_to_be_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "accounts.json").write_bytes(content)
    with pytest.raises(SealedDamagedError):
        Accounts(tmp_path / "accounts.json", CHEAP).unlock("ines", PASSWORD)


def test_file_is_private_and_holds_no_key_in_the_clear(accounts: Accounts, tmp_path: Path) -> None:
    assert accounts.users() == ("ines",)
    path = tmp_path / "accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEYS["recipient"].hex() not in path.read_text()
    assert PASSWORD not in path.read_text()
