"""What stands on a host once `deploy/install.sh` has run, and what running it again does."""

import hashlib
import stat
from pathlib import Path
from typing import Final

import pytest

from tests.boundaries.listed import files
from tests.deploy.conftest import HOSTS, ROOT, ROOT_KEY, Host, install

_FOREIGN: Final = {"intake": ("bureau", "ministry", "ceremony"), "desk": ("ministry", "gateway", "intake", "ceremony"),
                   "ministry": ("bureau", "gateway", "intake", "ceremony"),
                   "audit": ("bureau", "ministry", "gateway", "intake", "ceremony", "courier", "onion", "storage",
                             "opening.py", "secret_keys.py")}  # fmt: skip


def everything(root: Path) -> dict[str, tuple[object, ...]]:
    """Every file and folder, with its owner, mode and content."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content: object = path.readlink() if path.is_symlink() else None
        if content is None and path.is_file():
            content = hashlib.sha256(path.read_bytes()).digest()
        found[str(path.relative_to(root))] = (status.st_uid, status.st_gid, status.st_mode, content)
    return found


def release(host: Host) -> Path:
    """The folder that is in use."""
    return host.root / str((host.root / "opt/dropbox/current").readlink()).lstrip("/")


def test_a_program_has_the_files_of_its_list_and_no_others(host: Host) -> None:
    assert {path.name for path in (release(host) / "bin").iterdir()} == {f"dropbox-{one}" for one in host.programs}
    assert {path.name for path in release(host).iterdir()} == {*host.programs, "bin", "complete"}
    for program in host.programs:
        folder = release(host) / program
        standing = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        assert standing == {path.relative_to(ROOT) for path in files(program)}


def test_no_code_of_another_role_stands_on_the_host(host: Host) -> None:
    parts = {part for path in release(host).rglob("*") for part in path.relative_to(release(host)).parts[1:]}
    assert parts.isdisjoint(_FOREIGN[host.role])


def test_folders_of_secrets_belong_to_their_service_alone(host: Host) -> None:
    for service in host.services:
        folder = host.root / f"var/lib/dropbox-{service}"
        if folder.exists():
            status = folder.stat()
            assert stat.S_IMODE(status.st_mode) == 0o700
            assert (status.st_uid, status.st_gid) == host.ids(f"dropbox-{service}")
    assert len({host.ids(f"dropbox-{service}") for service in host.services}) == len(host.services)


def test_settings_hold_the_root_key_and_are_readable_by_their_service_only(host: Host) -> None:
    for service in host.services:
        settings = host.root / f"etc/dropbox/{service}.toml"
        if service == "audit":
            assert "root_key" not in settings.read_text(), "it has the leaflet's words"
        elif service != "onion":  # it verifies nothing
            assert f'root_key = "{ROOT_KEY}"' in settings.read_text()
        status = settings.stat()
        assert stat.S_IMODE(status.st_mode) == 0o640
        assert (status.st_uid, status.st_gid) == (0, host.ids(f"dropbox-{service}")[1])


def test_tor_is_told_of_its_part(host: Host) -> None:
    assert (host.root / "etc/tor/torrc").read_text().splitlines().count("%include /etc/tor/dropbox.torrc") == 1
    said = (host.root / "etc/tor/dropbox.torrc").read_text()
    if host.role == "intake":
        assert "dropbox-onion torrc" in said  # the operator's, once there are keys
    else:
        assert said == (ROOT / "deploy/system/client.torrc").read_text()  # tests/onion/offices.py runs it
        keys = (host.root / "var/lib/tor/onion_auth").stat()
        assert (stat.S_IMODE(keys.st_mode), (keys.st_uid, keys.st_gid)) == (0o700, host.ids("debian-tor"))


def test_running_it_again_changes_nothing(host: Host) -> None:
    before = everything(host.root)
    again = install(host.root, host.role)
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1] == "Nothing had to be changed."
    assert everything(host.root) == before


def test_a_dry_run_says_what_it_would_do_and_does_nothing(host: Host) -> None:
    before = everything(host.root)
    settings = host.root / "etc/nftables.conf"
    mine = settings.read_bytes()
    settings.unlink()
    dry = install(host.root, host.role, "--dry-run")
    settings.write_bytes(mine)
    settings.chmod(0o755)
    assert "would write /etc/nftables.conf" in dry.stdout
    assert dry.stdout.splitlines()[-1] == "Nothing was done: this was a dry run."
    assert everything(host.root) == before


@pytest.mark.parametrize("role", HOSTS)
def test_a_dry_run_on_an_empty_folder_leaves_it_empty(tmp_path: Path, role: str) -> None:
    assert install(tmp_path, role, "--dry-run").returncode == 0
    assert not list(tmp_path.iterdir())


def test_what_the_operator_wrote_into_settings_stays(tmp_path: Path) -> None:
    settings = tmp_path / "etc/dropbox/desk.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("# mine\n")
    assert install(tmp_path, "desk", "--root-key", ROOT_KEY).returncode == 0
    assert settings.read_text() == "# mine\n"


def test_a_host_of_one_role_takes_no_second(host: Host) -> None:
    other = next(role for role in HOSTS if role != host.role)
    refused = install(host.root, other)
    assert refused.returncode == 1
    assert "each role needs a machine of its own" in refused.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("gateway",), "neither a role nor an option"),
        (("desk", "--root-key", "short"), "64 lower-case hexadecimal digits"),
        (("desk", "--root-key"), "needs a value"),
        (("desk", "intake"), "one role for a host"),
        ((), "say intake, desk, ministry or audit"),
    ],
)
def test_a_mistake_in_the_command_is_a_sentence(tmp_path: Path, options: tuple[str, ...], sentence: str) -> None:
    role, *rest = options or ("--dry-run",)
    refused = install(tmp_path, role, *rest)
    assert refused.returncode == 1
    assert sentence in refused.stderr.replace("Say", "say")
    assert not list(tmp_path.iterdir())
