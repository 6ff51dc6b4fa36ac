"""``dropbox-keys``: makes and shows the keys of an instance."""

from __future__ import annotations

import argparse
import getpass
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dropbox.ceremony import publish
from dropbox.ceremony.errors import CeremonyError, CommandFailed, Unreadable
from dropbox.ceremony.root import certify, make_root, open_root
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import CertificateRequest
from dropbox.storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropbox.protocol.secret_keys import RootSecretKey

_DAY = 86_400  # seconds
_MIN_PASSPHRASE = 12  # characters
DEFAULT_DAYS = 365


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point.  Every failure is one sentence on standard error and exit status 1."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (CeremonyError, ProtocolError, StorageError) as error:
        print(f"dropbox-keys: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dropbox-keys", description="Makes and shows the keys of an instance.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    make = commands.add_parser("root", help="make the root key and begin the folder to publish")
    make.set_defaults(run=_root)
    sign = commands.add_parser("certify", help="certify the keys of a desk or of a ministry")
    sign.set_defaults(run=_certify)
    whole = commands.add_parser("instance", help="make all keys of an instance whose roles stand on this machine")
    whole.set_defaults(run=_instance)
    show = commands.add_parser("show", help="check the published folder and print the fingerprint to compare")
    show.set_defaults(run=_show)
    for command in (make, sign, whole, show):
        command.add_argument("--publish", type=Path, required=True, metavar="FOLDER", help="the folder to publish")
    for command in (make, sign, whole):
        command.add_argument("--secret", type=Path, required=True, metavar="FILE", help="the root key's own file")
        command.add_argument("--passphrase-file", type=Path, metavar="FILE", help="instead of asking for it")
    for command in (sign, whole):
        command.add_argument("--days", type=int, default=DEFAULT_DAYS, help="how long the certificates are valid")
    sign.add_argument("requests", type=Path, nargs="+", metavar="REQUEST", help="what `init` of the role wrote")
    for role in ("desk", "ministry"):
        whole.add_argument(f"--{role}-config", type=Path, required=True, metavar="FILE")
        whole.add_argument(f"--{role}-passphrase-file", type=Path, required=True, metavar="FILE")
        whole.add_argument(f"--{role}-user", required=True, metavar="NAME", help="the first account")
        whole.add_argument(f"--{role}-password-file", type=Path, required=True, metavar="FILE")
    return parser


def _passphrase(arguments: argparse.Namespace, *, new: bool) -> str:
    """From a file or from the terminal; never from the command line, which every process on the machine can read."""
    if arguments.passphrase_file:
        try:
            passphrase = str(arguments.passphrase_file.read_text()).rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"{arguments.passphrase_file} cannot be read.") from error
    else:
        passphrase = getpass.getpass("Passphrase of the root key: ")
        if new and getpass.getpass("Once more: ") != passphrase:
            raise CeremonyError("The two were not the same; nothing was made. Start again.")
    if new and len(passphrase) < _MIN_PASSPHRASE:
        raise CeremonyError("The passphrase needs at least 12 characters; six random words are good.")
    return passphrase


def _make_root(arguments: argparse.Namespace) -> RootSecretKey:
    root = make_root(arguments.secret, _passphrase(arguments, new=True), secrets.token_bytes)
    publish.publish_root(arguments.publish, root.public)
    return root


def _say_fingerprint(folder: Path) -> None:
    root = publish.read_root(folder)
    print("Fingerprint of the root key; print it, and compare it wherever the key is used:")
    print(f"  {publish.words(root)}")


def _root(arguments: argparse.Namespace) -> None:
    _make_root(arguments)
    _say_fingerprint(arguments.publish)
    print(f"Next: keep {arguments.secret} offline, and certify the requests of desk and ministry.")


def _certify_files(root: RootSecretKey, paths: Sequence[Path], folder: Path, days: int) -> None:
    today = int(time.time()) // _DAY
    for path in paths:
        try:
            request = CertificateRequest.from_bytes(path.read_bytes())
        except OSError as error:
            raise Unreadable(f"{path} cannot be read.") from error
        for certificate in certify(root, request, today, days):
            print(f"  certified {publish.publish_certificate(folder, certificate, root.public)}")


def _certify(arguments: argparse.Namespace) -> None:
    root = open_root(arguments.secret, _passphrase(arguments, new=False))
    if publish.read_root(arguments.publish) != root.public:
        raise CeremonyError("The folder to publish pins another root key than the one given.")
    _certify_files(root, arguments.requests, arguments.publish, arguments.days)


def _instance(arguments: argparse.Namespace) -> None:
    """Each role makes its own keys in its own process; only its public keys come back."""
    root = _make_root(arguments)
    requests = []
    for role in ("desk", "ministry"):
        request = arguments.publish / f".{role}-request"
        _run_init(role, arguments, request)
        requests.append(request)
    _certify_files(root, requests, arguments.publish, arguments.days)
    for request in requests:
        request.unlink()
    _say_fingerprint(arguments.publish)


def _run_init(role: str, arguments: argparse.Namespace, request: Path) -> None:
    def of_role(name: str) -> str:
        return str(getattr(arguments, f"{role}_{name}"))

    command = [
        str(Path(sys.executable).with_name(f"dropbox-{role}")), "init", "--config", of_role("config"),
        "--passphrase-file", of_role("passphrase_file"), "--user", of_role("user"),
        "--password-file", of_role("password_file"), "--request", str(request),
    ]  # fmt: skip
    if subprocess.run(command, check=False).returncode:  # noqa: S603 -- our own command beside this interpreter
        raise CommandFailed(f"dropbox-{role} init failed; its message stands above.")


def _show(arguments: argparse.Namespace) -> None:
    root = publish.read_root(arguments.publish)
    today = int(time.time()) // _DAY
    _say_fingerprint(arguments.publish)
    for certificate in publish.read_certificates(arguments.publish, root):
        left = certificate.not_after - today
        print(f"  {certificate.role}: {f'{left} days left' if certificate.covers(today) else 'NOT VALID TODAY'}")


if __name__ == "__main__":
    sys.exit(main())
