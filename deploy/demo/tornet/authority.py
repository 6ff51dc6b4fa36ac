"""The keys of a directory authority, and the line by which every other tor knows it."""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import randbelow
from shutil import which

from deploy.demo.tornet.errors import NetworkFailed, TorMissing

_LOWEST, _HIGHEST = 10_000, 30_000  # below the ports that outgoing connections take: none is gone before tor binds it


@dataclass(frozen=True)
class Programs:
    """Where the commands are."""

    tor: str
    gencert: str


@dataclass(frozen=True)
class Authority:
    """One authority before it runs. ``line``: what every other tor must have."""

    name: str
    folder: Path
    port: int
    directory_port: int
    line: str


def find_programs() -> Programs:
    """The system's tor. Raises ``TorMissing``."""
    tor, gencert = which("tor"), which("tor-gencert")
    if not tor or not gencert:
        raise TorMissing
    if not which("setpriv"):
        raise NetworkFailed("setpriv is needed and not installed; on Debian, as root: apt-get install util-linux")
    return Programs(tor, gencert)


def free_ports(count: int) -> list[int]:
    """Different ports of loopback that nobody has now."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            probe = held.enter_context(socket.socket())  # held until all are found, so that none comes twice
            with suppress(OSError):
                probe.bind(("127.0.0.1", _LOWEST + randbelow(_HIGHEST - _LOWEST)))
                found.append(probe.getsockname()[1])
        return found


def make_authority(programs: Programs, name: str, folder: Path, ports: tuple[int, int]) -> Authority:
    """Makes the identity and signing keys in the folder. Raises ``NetworkFailed``."""
    port, directory_port = ports
    keys = folder / "keys"
    keys.mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    certificate = keys / "authority_certificate"
    _output(
        [programs.gencert, "--create-identity-key", "-m", "12", "-a", f"127.0.0.1:{directory_port}",
         "--passphrase-fd", "0", "-i", str(keys / "authority_identity_key"),
         "-s", str(keys / "authority_signing_key"), "-c", str(certificate)], "private network\n",
    )  # fmt: skip
    identity = next(line.split()[1] for line in certificate.read_text().splitlines() if line.startswith("fingerprint "))
    # An authority line of somebody else's: without one, tor would ask the real network's authorities.
    own = f"DataDirectory {folder}\nORPort {port}\nNickname {name}\nDirAuthority x 127.0.0.1:1 {'F' * 40}\n"
    listed = _output([programs.tor, "--defaults-torrc", "/dev/null", "-f", "-", "--list-fingerprint", "--quiet"], own)
    fingerprint = "".join(listed.split()[1:])
    line = f"DirAuthority {name} orport={port} v3ident={identity} 127.0.0.1:{directory_port} {fingerprint}\n"
    return Authority(name, folder, port, directory_port, line)


def _output(command: list[str], given: str) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)  # noqa: S603 - tor's own
    if done.returncode:
        raise NetworkFailed(f"{command[0]} failed: {done.stderr}{done.stdout}")
    return done.stdout
