"""Keys are made once, kept as they are, and never replaced by accident."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropbox.onion import keeping, keys
from dropbox.onion.services import Service
from tests.onion.host import OnionHost, onion_host

PUBLIC = keys.client_key(os.urandom)[1]


@pytest.fixture
def host() -> Iterator[OnionHost]:
    with onion_host(reading_socket="127.0.0.1:8080") as made:
        made.make_keys()
        yield made


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_keys_are_made_once_for_their_owner_only_and_never_overwritten(host: OnionHost) -> None:
    before = content(host.folder / "keys")
    assert len(before) == 4 * 3 + 2  # three files a service, and nobody's key for desk and ministry
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (host.folder / "keys").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert host.keys("make") == host.keys("list")
    assert content(host.folder / "keys") == before


def test_what_is_said_and_kept_of_a_service_holds_no_secret(host: OnionHost) -> None:
    said = host.keys("list").encode() + (host.folder / "addresses.json").read_bytes()
    for service in Service:
        secret = (host.folder / "keys" / service / keeping.SECRET_FILE).read_bytes()[32:]
        assert secret not in said
        assert secret.hex().encode() not in said


def test_made_by_root_they_belong_to_the_account_that_tor_runs_as(host: OnionHost) -> None:
    if os.geteuid():
        owner = os.geteuid()
    else:
        owner = 65_534
        os.chown(host.folder / "keys", owner, owner)
    shutil.rmtree(host.folder / "keys" / "desk")
    (host.folder / "addresses.json").unlink()
    host.keys("make")
    assert {path.stat().st_uid for path in (host.folder / "keys" / "desk").rglob("*")} == {owner}


def test_a_lost_key_is_never_made_anew(host: OnionHost) -> None:
    shutil.rmtree(host.folder / "keys" / "reporters")
    assert "restore" in host.keys("make", status=1)
    assert not (host.folder / "keys" / "reporters").exists()
    assert any("the key of reporters is lost: restore" in line for line in host.check())


def test_a_key_of_another_address_shows(host: OnionHost) -> None:
    for kept in (keeping.SECRET_FILE, keeping.PUBLIC_FILE):  # as after tor was started without a key
        shutil.copy(host.folder / "keys" / "reading" / kept, host.folder / "keys" / "reporters" / kept)
    assert "holds the key of another address" in host.keys("make", status=1)
    assert any("holds the key of another address" in line for line in host.check())


def test_a_folder_that_came_from_another_host_is_taken_over(host: OnionHost) -> None:
    before = host.keys("list")
    (host.folder / "addresses.json").unlink()
    assert host.keys("make") == before


def test_making_that_was_interrupted_leaves_nothing_half_made(host: OnionHost) -> None:
    address = host.address("desk")
    shutil.rmtree(host.folder / "keys" / "desk")
    (host.folder / "addresses.json").unlink()
    half = host.folder / "keys" / ".desk.new"
    half.mkdir()
    (half / keeping.SECRET_FILE).write_bytes(b"half")
    said = host.keys("make")
    assert not half.exists()
    assert address not in said  # the desk's: its key was lost with the file that knew of it
    assert len(said.splitlines()) == 4


def test_a_client_is_let_in_and_shut_out_and_the_service_never_stands_open(host: OnionHost) -> None:
    clients = host.folder / "keys" / "desk" / keeping.CLIENTS
    host.keys("allow", "desk", "bureau-1", PUBLIC)
    host.keys("allow", "desk", "bureau-1", PUBLIC)  # twice is once
    assert (clients / "bureau-1.auth").read_text() == f"descriptor:x25519:{PUBLIC}\n"
    assert f"bureau-1 {PUBLIC}" in host.keys("list")
    assert "already has another key" in host.keys("allow", "desk", "bureau-1", keys.client_key(os.urandom)[1], status=1)
    host.keys("revoke", "desk", "bureau-1")
    assert [path.name for path in clients.iterdir()] == ["nobody.auth"]
    assert "no client of this name" in host.keys("revoke", "desk", "bureau-1", status=1)


def test_the_last_client_is_not_shut_out_where_that_would_let_everybody_in(host: OnionHost) -> None:
    host.keys("allow", "desk", "bureau-1", PUBLIC)
    nobody = host.folder / "keys" / "desk" / keeping.CLIENTS / "nobody.auth"
    nobody.unlink()
    assert "would let everybody in" in host.keys("revoke", "desk", "bureau-1", status=1)
    assert any("lets everybody in" in line for line in host.check())
    host.keys("make")
    assert nobody.exists()
    host.keys("revoke", "desk", "bureau-1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("desk", "../../reporters", PUBLIC), "a client's name"),
        (("desk", "bureau", "A" * 51), "a client's public key"),
    ],
)
def test_a_client_that_cannot_be_is_refused(host: OnionHost, arguments: tuple[str, str, str], words: str) -> None:
    before = content(host.folder)
    assert words in host.keys("allow", *arguments, status=1)
    assert content(host.folder) == before


def test_a_lost_authorisation_key_is_said_with_the_way_to_put_it_back(host: OnionHost) -> None:
    host.keys("allow", "desk", "bureau-1", PUBLIC)
    lost = host.folder / "keys" / "desk" / keeping.CLIENTS / "bureau-1.auth"
    lost.unlink()
    assert any(f"dropbox-onion keys allow desk bureau-1 {PUBLIC}" in line for line in host.check())
    host.keys("allow", "desk", "bureau-1", PUBLIC)
    assert lost.exists()


def test_a_client_that_nobody_let_in_shows(host: OnionHost) -> None:
    (host.folder / "keys" / "desk" / keeping.CLIENTS / "stranger.auth").write_text(f"descriptor:x25519:{PUBLIC}\n")
    assert any("stranger may use it and was never let in" in line for line in host.check())


def test_keys_that_others_can_read_are_said_by_name(host: OnionHost) -> None:
    secret = host.folder / "keys" / "reporters" / keeping.SECRET_FILE
    secret.chmod(0o640)
    assert any(f"{secret} is open to other accounts: chmod 600 {secret}" in line for line in host.check())


def test_a_clients_own_key_is_for_its_owner_and_never_overwritten(host: OnionHost) -> None:
    address = host.address("desk")
    file = host.folder / "desk.auth_private"
    public = host.run("keys", "client", "--address", address, "--out", str(file)).strip()
    assert keys.check_public(public) == public
    line = file.read_text()
    assert line.startswith(f"{address.removesuffix('.onion')}:descriptor:x25519:")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "no key is overwritten" in host.run("keys", "client", "--address", address, "--out", str(file), status=1)
    assert file.read_text() == line
    other = str(host.folder / "x")
    assert "not an onion address" in host.run("keys", "client", "--address", "x.onion", "--out", other, status=1)


def test_a_damaged_file_of_addresses_is_said_and_nothing_is_made(host: OnionHost) -> None:
    before = content(host.folder / "keys")
    (host.folder / "addresses.json").write_text('{"reporters": {"address": "x.onion", "clients": {}}}')
    assert "is damaged: restore it" in host.keys("make", status=1)
    assert content(host.folder / "keys") == before
