"""A release is the same bytes from any checkout, and no host lets in one that is altered, unsigned, foreign or old."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.deploy.conftest import install, require

pytestmark = pytest.mark.timeout(900)  # a busy machine builds slowly

_ROOT: Final = Path(__file__).parents[2]
_VERIFY: Final = _ROOT / "deploy" / "verify-release.sh"
_SOMEBODY: Final = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
_TIME: Final = 1_760_000_000


def _git(*arguments: str, at: Path, **environment: str) -> None:
    command = ["git", *_SOMEBODY, "-c", "safe.directory=*", "-c", "gc.auto=0", *arguments]
    subprocess.run(command, cwd=at, env=os.environ | environment, check=True, capture_output=True)


def _commit(origin: Path, tree: Path, time: int) -> None:
    """Commit all files of a tree that git does not ignore, into a repository beside it."""
    there = {"GIT_DIR": str(origin), "GIT_WORK_TREE": str(tree)}
    _git("add", "--all", ".", at=tree, **there)
    when = f"{time} +0000"
    _git("commit", "-q", "-m", "all", at=tree, **there, GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)


def _key(folder: Path, kind: str = "ed25519") -> Path:
    key = folder / kind
    folder.mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", key], check=True)
    return key


def _make(checkout: Path, into: Path, key: Path | None, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `make release` runs, with this interpreter's tools."""
    signed = [] if key is None else ["--key", str(key)]
    command = [sys.executable, str(checkout / "deploy" / "release.py"), "--into", str(into), *signed]
    return subprocess.run(command, env=os.environ | environment, check=False, capture_output=True, text=True)


def _set_version(checkout: Path, version: str) -> None:
    file = checkout / "pyproject.toml"
    file.write_text(file.read_text().replace('version = "0.1.0"', f'version = "{version}"', 1))


class Makers:
    """Those who make releases: a repository, a key, and hosts that know the key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin = folder / "origin"
        _git("init", "-q", "--bare", str(self.origin), at=folder)
        _commit(self.origin, _ROOT, _TIME)
        self.key = _key(folder / "key")
        self.signers = folder / "signers"
        public = self.key.with_suffix(".pub").read_text()
        self.signers.write_text(f'release namespaces="whistleblower-dropbox-release" {public}')
        self.first = self.release("first", TZ="Asia/Tokyo", LANG="C")

    def release(self, name: str, version: str = "", **environment: str) -> Path:
        """Make a checkout of its own, perhaps with another version, and a signed release of it."""
        checkout = self.folder / name / "a checkout"
        _git("clone", "-q", str(self.origin), str(checkout), at=self.folder)
        if version:
            _set_version(checkout, version)
            _git("commit", "-q", "--all", "-m", "numbered", at=checkout)
        made = _make(checkout, self.folder / name, self.key, **environment)
        assert made.returncode == 0, made.stderr
        (folder,) = (self.folder / name).glob("whistleblower-dropbox-*")
        return folder

    def sign_again(self, release: Path, old: str, new: str) -> None:
        """Have the makers sign the first release's manifest with something else in it."""
        text = (self.first / "RELEASE").read_text()
        assert old in text
        (release / "RELEASE").write_text(text.replace(old, new))
        (release / "RELEASE.sig").unlink()
        sign(self.key, release)


def sign(key: Path, release: Path, purpose: str = "whistleblower-dropbox-release") -> None:
    """Sign a manifest as `make release` does, or for another purpose."""
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", purpose, release / "RELEASE"], check=True)


@pytest.fixture(scope="module")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Makers:
    return Makers(tmp_path_factory.mktemp("makers"))


@pytest.fixture
def copy(makers: Makers, tmp_path: Path) -> Path:
    """The first release, to do something to."""
    return Path(shutil.copytree(makers.first, tmp_path / "fetched"))


class Host:
    """One that installs releases."""

    def __init__(self, folder: Path, signers: Path) -> None:
        self.copy, self.signers, self.installed = folder / "checked", signers, folder / "RELEASE"

    def lets_in(self, release: Path) -> str:
        """What it says to a release that it lets in; the copy is whole then, and nobody else's to read."""
        result = self._verify(release)
        assert result.returncode == 0, result.stderr
        assert sorted(file.name for file in self.copy.iterdir()) == sorted(file.name for file in release.iterdir())
        assert self.copy.stat().st_mode & 0o077 == 0
        shutil.copyfile(self.copy / "RELEASE", self.installed)
        shutil.rmtree(self.copy)
        return result.stdout

    def refuses(self, release: Path) -> str:
        """The one sentence to a release that it refuses; no copy is left to be used by mistake."""
        result = self._verify(release)
        assert result.returncode == 1
        assert not self.copy.exists()
        assert result.stdout == ""
        assert result.stderr.startswith("Not installed. ")
        assert len(result.stderr.splitlines()) == 1
        return result.stderr

    def _verify(self, release: Path) -> subprocess.CompletedProcess[str]:
        running = ["--installed", str(self.installed)] if self.installed.exists() else []
        command = [str(_VERIFY), "--signers", str(self.signers), *running, str(release), str(self.copy)]
        return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture
def host(makers: Makers, tmp_path: Path) -> Host:
    """A host that runs the first release."""
    host = Host(tmp_path, makers.signers)
    host.lets_in(makers.first)
    return host


def test_two_checkouts_in_different_folders_give_the_same_bytes(makers: Makers) -> None:
    before = os.umask(0o077)
    try:
        second = makers.release("elsewhere, later, and by others", TZ="America/New_York", PYTHONHASHSEED="7")
    finally:
        os.umask(before)
    names = sorted(file.name for file in makers.first.iterdir())
    assert names == sorted(file.name for file in second.iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["RELEASE", "sig", "txt", "txt", "json", "whl", "gz"]
    for name in names:
        assert (makers.first / name).read_bytes() == (second / name).read_bytes(), name


def test_the_wheel_holds_the_package_and_the_source_all_that_a_build_and_its_tests_need(makers: Makers) -> None:
    (wheel,) = makers.first.glob("*.whl")
    (source,) = makers.first.glob("*.tar.gz")
    tracked = subprocess.run(
        ["git", "--git-dir", makers.origin, "ls-tree", "-r", "--name-only", "HEAD"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("whistleblower_dropbox-")}
    assert packed == {name for name in tracked if name.startswith("dropbox/")}
    with tarfile.open(source) as archive:
        unpacked = {name.partition("/")[2] for name in archive.getnames()}
    assert unpacked - {"PKG-INFO"} == set(tracked)


def test_the_bill_of_materials_is_valid_and_names_every_locked_package_with_its_hashes(makers: Makers) -> None:
    (bill,) = makers.first.glob("*.cdx.json")
    text = bill.read_text()
    read = json.loads(text)
    assert JsonStrictValidator(SchemaVersion.from_version(read["specVersion"])).validate_str(text) is None
    locked = [line.split()[0] for line in (makers.first / "requirements.txt").read_text().splitlines() if "==" in line]
    assert sorted(f"{one['name']}=={one['version']}" for one in read["components"]) == sorted(locked)
    assert all(one["externalReferences"][0]["hashes"] for one in read["components"])
    assert read["metadata"]["component"]["name"] == "whistleblower-dropbox"


def test_the_validator_refuses_what_is_no_bill_of_materials(makers: Makers) -> None:
    (bill,) = makers.first.glob("*.cdx.json")
    read = json.loads(bill.read_text())
    del read["components"][0]["name"]
    version = SchemaVersion.from_version(read["specVersion"])
    assert JsonStrictValidator(version).validate_str(json.dumps(read)) is not None


def test_a_new_host_and_one_that_runs_the_same_release_let_it_in(makers: Makers, host: Host) -> None:
    assert host.lets_in(makers.first).startswith("Release 0.1.0: ")


def test_a_newer_release_is_let_in_and_the_old_one_then_refused(makers: Makers, copy: Path, host: Host) -> None:
    # 0.10.0 is newer than 0.9.0, whichever letters come first.
    for version in ("0.9.0", "0.10.0"):
        makers.sign_again(copy, "version 0.1.0", f"version {version}")
        host.lets_in(copy)
    makers.sign_again(copy, "version 0.1.0", "version 0.9.0")
    assert "Release 0.9.0 is older than what this host runs, 0.10.0" in host.refuses(copy)
    assert "Release 0.1.0 is older" in host.refuses(makers.first)


def test_an_earlier_build_of_the_same_version_is_refused(makers: Makers, copy: Path, host: Host) -> None:
    makers.sign_again(copy, f"time {_TIME}", f"time {_TIME + 1}")
    host.lets_in(copy)
    assert "is older than what this host runs" in host.refuses(makers.first)


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz", "*.cdx.json", "requirements.txt", "requirements-build.txt"])
def test_a_release_with_one_bit_changed_in_any_file_is_refused(copy: Path, host: Host, pattern: str) -> None:
    (file,) = copy.glob(pattern)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert "A file of the release is altered, damaged or missing" in host.refuses(copy)


def test_an_altered_manifest_is_refused(copy: Path, host: Host) -> None:
    manifest = copy / "RELEASE"
    manifest.write_text(manifest.read_text().replace("version 0.1.0", "version 9.9.9"))
    assert "The signature does not fit" in host.refuses(copy)


def test_a_damaged_signature_is_refused(copy: Path, host: Host) -> None:
    (copy / "RELEASE.sig").write_text("-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n")
    assert "The signature does not fit" in host.refuses(copy)


def test_an_unsigned_release_is_refused(makers: Makers, copy: Path, host: Host) -> None:
    (copy / "RELEASE.sig").unlink()
    assert "The release is not signed" in host.refuses(copy)
    (copy / "RELEASE").unlink()
    assert "This is no release" in host.refuses(copy)
    assert "is not a folder" in host.refuses(makers.folder / "nowhere")


def test_a_release_signed_by_another_key_is_refused(copy: Path, host: Host, tmp_path: Path) -> None:
    (copy / "RELEASE.sig").unlink()
    sign(_key(tmp_path / "other"), copy)
    assert "signed by a key that is not in" in host.refuses(copy)


def test_a_signature_by_the_right_key_for_another_purpose_is_refused(makers: Makers, copy: Path, host: Host) -> None:
    (copy / "RELEASE.sig").unlink()
    sign(makers.key, copy, "file")
    assert "The signature does not fit" in host.refuses(copy)


@pytest.mark.parametrize("name", ["extra.whl", ".hidden"])
def test_a_file_that_nobody_signed_for_is_refused(copy: Path, host: Host, name: str) -> None:
    (copy / name).write_text("planted")
    assert "a file that its makers did not sign for" in host.refuses(copy)


def test_a_link_in_place_of_a_file_is_refused(copy: Path, host: Host, tmp_path: Path) -> None:
    (wheel,) = copy.glob("*.whl")
    wheel.rename(tmp_path / "changed later")
    wheel.symlink_to(tmp_path / "changed later")
    assert "something that is not a plain file" in host.refuses(copy)


@pytest.mark.parametrize("other", ["version 1", "version 0.1.0\nexpires never", "version 0.1.0; reboot"])
def test_a_signed_manifest_of_another_kind_is_refused(makers: Makers, copy: Path, host: Host, other: str) -> None:
    makers.sign_again(copy, "version 0.1.0", other)
    assert "not of a kind that this host knows" in host.refuses(copy)


def test_a_host_whose_own_files_are_missing_or_damaged_refuses_and_says_which(copy: Path, host: Host) -> None:
    host.installed.write_text("0.1.0\n")
    assert "The file that says what this host runs is damaged" in host.refuses(copy)
    host.signers = host.signers.with_name("nobody")
    assert "who may sign a release cannot be read" in host.refuses(copy)


def test_an_earlier_copy_is_never_taken_for_a_new_one(copy: Path, host: Host) -> None:
    host.copy.mkdir()
    result = host._verify(copy)
    assert result.returncode == 1
    assert "is there already" in result.stderr


def test_nothing_is_released_that_is_not_committed_or_not_numbered_or_signed_in_another_way(
    makers: Makers, tmp_path: Path
) -> None:
    checkout, into = tmp_path / "checkout", tmp_path / "dist"
    _git("clone", "-q", str(makers.origin), str(checkout), at=tmp_path)
    rsa = _make(checkout, into, _key(tmp_path / "rsa", "rsa"))
    assert (rsa.returncode, "not an Ed25519 key" in rsa.stderr) == (1, True)
    _set_version(checkout, "0.1.0rc1")
    changed = _make(checkout, into, None)
    assert (changed.returncode, "Files differ from the last commit" in changed.stderr) == (1, True)
    _git("commit", "-q", "--all", "-m", "numbered otherwise", at=checkout)
    numbered = _make(checkout, into, None)
    assert (numbered.returncode, "not of the form 1.2.3" in numbered.stderr) == (1, True)
    assert not into.exists()


def test_a_host_installs_what_it_has_checked_and_nothing_else(makers: Makers, copy: Path, tmp_path: Path) -> None:
    require("systemd-sysusers", "systemd-tmpfiles")
    root, signers = tmp_path / "root", ("--signers", str(makers.signers))
    root.mkdir()
    (copy / "requirements.txt").write_text("planted==1\n")
    refused = install(root, "desk", "--release", str(copy), *signers)
    assert (refused.returncode, "altered, damaged or missing" in refused.stderr) == (1, True)
    unknown = install(root, "desk", "--release", str(makers.first))
    assert (unknown.returncode, "who may sign a release cannot be read" in unknown.stderr) == (1, True)
    assert not list(root.iterdir())
    later = makers.release("to be installed", "0.2.0")
    installed = install(root, "desk", "--root-key", "5a" * 32, "--release", str(later), *signers)
    assert installed.returncode == 0, installed.stderr
    assert list((root / "opt/dropbox/releases").glob("0.2.0-*"))
    assert (root / "etc/dropbox/RELEASE").read_bytes() == (later / "RELEASE").read_bytes()
    again = install(root, "desk", "--release", str(makers.first))  # the host knows by now who may sign
    assert (again.returncode, "is older than what this host runs" in again.stderr) == (1, True)


def test_without_a_key_a_release_is_the_same_but_unsigned_and_says_so(makers: Makers, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    _git("clone", "-q", str(makers.origin), str(checkout), at=tmp_path)
    made = _make(checkout, tmp_path / "dist", None)
    assert (made.returncode, "It is not signed" in made.stdout) == (0, True)
    (folder,) = (tmp_path / "dist").iterdir()
    assert (folder / "RELEASE").read_bytes() == (makers.first / "RELEASE").read_bytes()
    assert not (folder / "RELEASE.sig").exists()
