import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.storage import sealed_file
from dropbox.storage.errors import SealedDamagedError, SealedTooLargeError, WrongPassphraseError
from dropbox.storage.sealed_file import (
    Cost,
    PassphraseSeal,
    open_sealed,
    open_with_passphrase,
    read_file,
    replace_file,
    seal,
    seal_with_passphrase,
)

CHEAP = Cost(memory_kib=8, passes=1)
KEY = bytes(range(32))
REFUSALS = (WrongPassphraseError, SealedDamagedError)


@given(st.binary(max_size=4000), st.binary(max_size=40))
def test_what_was_sealed_opens_again(content: bytes, context: bytes) -> None:
    assert open_sealed(KEY, seal(KEY, content, context), context) == content


def test_same_content_sealed_twice_shares_nothing_but_the_magic() -> None:
    one, two = seal(KEY, b"content", b""), seal(KEY, b"content", b"")
    assert one[:8] == two[:8]
    assert not {one[at : at + 8] for at in range(8, len(one) - 7)} & {two[at : at + 8] for at in range(8, len(two) - 7)}


def test_another_key_is_refused() -> None:
    with pytest.raises(WrongPassphraseError):
        open_sealed(bytes(32), seal(KEY, b"content", b"here"), b"here")


def test_content_moved_to_another_context_is_refused() -> None:
    with pytest.raises(WrongPassphraseError):
        open_sealed(KEY, seal(KEY, b"content", b"here"), b"there")


@pytest.mark.parametrize("place", [0, 7, 8, 31, 32, 79, 80, 103, 104, -1])
def test_every_altered_part_is_refused(place: int) -> None:
    sealed = bytearray(seal(KEY, b"content", b"here"))
    sealed[place] ^= 1
    with pytest.raises(REFUSALS):
        open_sealed(KEY, bytes(sealed), b"here")


def test_every_cut_is_refused() -> None:
    sealed = seal_with_passphrase("correct horse", b"content", b"here", CHEAP)
    for length in range(len(sealed)):
        with pytest.raises(REFUSALS):
            open_with_passphrase("correct horse", sealed[:length], b"here")


def test_wrong_passphrase_is_refused() -> None:
    sealed = seal_with_passphrase("correct horse", b"content", b"here", CHEAP)
    with pytest.raises(WrongPassphraseError):
        open_with_passphrase("correct horsf", sealed, b"here")
    assert open_with_passphrase("correct horse", sealed, b"here") == b"content"


def test_file_that_asks_for_all_memory_is_refused_before_it_gets_any() -> None:
    sealed = seal_with_passphrase("correct horse", b"content", b"here", CHEAP)
    greedy = sealed[:8] + (2**31).to_bytes(4, "big") + sealed[12:]
    with pytest.raises(SealedDamagedError):
        open_with_passphrase("correct horse", greedy, b"here")


def test_passphrase_seal_rewrites_without_the_passphrase() -> None:
    first = seal_with_passphrase("correct horse", b"one", b"here", CHEAP)
    ours, content = PassphraseSeal.open("correct horse", first, b"here")
    assert content == b"one"
    assert open_with_passphrase("correct horse", ours.seal(b"two", b"here"), b"here") == b"two"


def test_replaced_file_is_private_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert read_file(path) == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_content_of_the_replaced_file_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    replace_file(path, b"a secret to forget")
    with path.open("rb") as before:
        replace_file(path, b"new")
        assert before.read() == bytes(len(b"a secret to forget"))


def test_leftover_of_a_crash_does_not_stop_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    replace_file(path, b"one")
    (tmp_path / "secret.new").write_bytes(b"half of tw")
    assert read_file(path) == b"one"
    replace_file(path, b"two")
    assert read_file(path) == b"two"
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_leftover_of_a_crash_is_overwritten(tmp_path: Path) -> None:
    path, left = tmp_path / "secret", tmp_path / "secret.new"
    left.write_bytes(b"a whole keyring")
    with left.open("rb") as before:
        replace_file(path, b"two")
        assert before.read() == bytes(len(b"a whole keyring"))


def test_more_than_can_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "LARGEST_FILE", 3)
    path = tmp_path / "secret"
    replace_file(path, b"one")
    with pytest.raises(SealedTooLargeError):
        replace_file(path, b"four")
    assert read_file(path) == b"one"
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_hard_linked_copy_keeps_its_content(tmp_path: Path) -> None:
    path, copy = tmp_path / "secret", tmp_path / "backup"
    replace_file(path, b"one")
    copy.hardlink_to(path)
    replace_file(path, b"two")
    assert copy.read_bytes() == b"one"


def test_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "secret"
    victim.write_bytes(b"untouched")
    path.symlink_to(victim)
    replace_file(path, b"two")
    assert victim.read_bytes() == b"untouched"
    assert path.read_bytes() == b"two"
    assert not path.is_symlink()
