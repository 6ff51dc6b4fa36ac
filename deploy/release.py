"""Builds a release of the last commit: wheel, source, bill of materials, and the manifest that is signed.

    python deploy/release.py --into dist [--key KEY]

The same commit gives the same bytes, whoever builds it, wherever and when: files and times come from the commit, tools
from the lock files. KEY is an Ed25519 key of OpenSSH's, or the handle of one on a security key. `verify-release.sh`
checks what comes out, before anything of it is used.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from io import BytesIO
from pathlib import Path

NAME = "whistleblower-dropbox"
NAMESPACE = f"{NAME}-release"  # what the signature is for: one made with the same key for something else does not pass
MANIFEST, SIGNATURE = "RELEASE", "RELEASE.sig"
LOCKED = ("requirements.txt", "requirements-build.txt")
VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
UNSIGNED = "It is not signed, and no host installs it: make release KEY=/path/to/key"


class NotReleased(Exception):
    """Nothing was released; the text says why, and what to do."""


def run(*command: str, folder: Path, **environment: str) -> bytes:
    """What a command prints. Raises `NotReleased` when it fails; its own words stand on standard error."""
    variables = os.environ | environment
    result = subprocess.run(command, cwd=folder, env=variables, check=False, stdout=subprocess.PIPE)  # noqa: S603 - ours
    if result.returncode:
        raise NotReleased(f"{Path(command[0]).name} failed; its words stand above.")
    return result.stdout


def committed(repository: Path, into: Path) -> tuple[str, int]:
    """Put the files of the last commit into a folder; give the commit's name and its time in Unix seconds."""
    if run("git", "status", "--porcelain", "--untracked-files=no", folder=repository):
        raise NotReleased("Files differ from the last commit: commit or undo that first.")
    commit, time = run("git", "log", "-1", "--format=%H %ct", folder=repository).decode().split()
    files = run("git", "-c", "tar.umask=0022", "archive", "HEAD", folder=repository)
    with tarfile.open(fileobj=BytesIO(files)) as archive:
        # Debian 12's own Python, 3.11.2, has no filters yet and takes no notice of this.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(into)  # noqa: S202 - our own commit
    return commit, int(time)


def version_of(source: Path) -> str:
    """The version, three numbers: a host compares it with what it has."""
    version = str(tomllib.loads((source / "pyproject.toml").read_text())["project"]["version"])
    if not VERSION.fullmatch(version):
        raise NotReleased("The version in pyproject.toml is not of the form 1.2.3.")
    return version


def build(source: Path, into: Path, version: str, time: int) -> None:
    """Make wheel, source and bill of materials, and copy the lock files that the installation goes by."""
    fixed = {"SOURCE_DATE_EPOCH": str(time)}
    steps = "import sys; from flit_core import buildapi as b; b.build_sdist(sys.argv[1]); b.build_wheel(sys.argv[1])"
    run(sys.executable, "-c", steps, str(into), folder=source, **fixed)
    bill = into / f"{NAME}-{version}.cdx.json"
    run(
        sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--validate",
        "--pyproject", "pyproject.toml", "--output-file", str(bill), "requirements.txt",
        folder=source, **fixed,
    )  # fmt: skip
    for name in LOCKED:
        shutil.copyfile(source / name, into / name)


def write_manifest(folder: Path, version: str, commit: str, time: int) -> None:
    """Say what the release is, and the hash of each of its files."""
    files = sorted(folder.iterdir())
    hashes = [f"sha256 {hashlib.sha256(file.read_bytes()).hexdigest()} {file.name}" for file in files]
    lines = [NAME, f"version {version}", f"commit {commit}", f"time {time}", *hashes]
    (folder / MANIFEST).write_text("\n".join(lines) + "\n")


def sign(folder: Path, key: Path) -> None:
    """Sign the manifest. Raises `NotReleased` for a key of another kind."""
    kind = run("ssh-keygen", "-l", "-f", str(key), folder=folder).rstrip()
    if not kind.endswith((b"(ED25519)", b"(ED25519-SK)")):
        raise NotReleased("The key is not an Ed25519 key: ssh-keygen -t ed25519 makes one.")
    run("ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, MANIFEST, folder=folder)


def release(repository: Path, into: Path, key: Path | None) -> Path:
    """Build everything aside and put it in place whole; give the folder. Raises `NotReleased`."""
    with tempfile.TemporaryDirectory() as name:
        source, made = Path(name, "source"), Path(name, "made")
        source.mkdir()
        made.mkdir()
        commit, time = committed(repository, source)
        version = version_of(source)
        build(source, made, version, time)
        write_manifest(made, version, commit, time)
        if key is not None:
            sign(made, key.absolute())
        place = into / f"{NAME}-{version}"
        shutil.rmtree(place, ignore_errors=True)
        into.mkdir(parents=True, exist_ok=True)
        shutil.move(made, place)
    return place


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=Path("dist"))
    parser.add_argument("--key", type=Path)
    arguments = parser.parse_args()
    try:
        place = release(Path(__file__).resolve().parents[1], arguments.into.resolve(), arguments.key)
    except NotReleased as error:
        print(f"Not released. {error}", file=sys.stderr)
        return 1
    print((place / MANIFEST).read_text() + f"\nin {place}")
    if arguments.key is None:
        print(UNSIGNED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
