"""``dropbox-keys``: makes and shows the keys of an instance."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dropbox.ceremony import instance, publish
from dropbox.ceremony.errors import CeremonyError, Unreadable
from dropbox.ceremony.root import certify, make_root, open_root
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import CertificateRequest
from dropbox.storage.asking import ask, ask_new
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
    for command in (make, sign, show):
        command.add_argument("--publish", type=Path, required=True, metavar="FOLDER", help="the folder to publish")
    for command in (make, sign):
        command.add_argument("--secret", type=Path, required=True, metavar="FILE", help="the root key's own file")
    for command in (make, sign, whole):
        command.add_argument("--passphrase-file", type=Path, metavar="FILE", help="instead of asking for it")
    for command in (sign, whole):
        command.add_argument("--days", type=int, default=DEFAULT_DAYS, help="how long the certificates are valid")
    sign.add_argument("requests", type=Path, nargs="+", metavar="REQUEST", help="what `init` of the role wrote")
    _add_instance_options(whole)
    return parser


def _add_instance_options(whole: argparse.ArgumentParser) -> None:
    whole.add_argument("--folder", type=Path, required=True, help="where the instance goes; made when missing")
    whole.add_argument("--runtime", type=Path, metavar="FOLDER", help="where intake's sockets go; short, default run/")
    whole.add_argument("--board-period", type=int, default=21_600, metavar="SECONDS")
    whole.add_argument("--card-period", type=int, default=30 * _DAY, metavar="SECONDS")
    whole.add_argument("--cards-per-batch", type=int, default=4, metavar="NUMBER")
    for role in instance.ROLES:
        whole.add_argument(f"--{role}-passphrase-file", type=Path, required=True, metavar="FILE")
        whole.add_argument(f"--{role}-user", required=True, metavar="NAME", help="the first account")
        whole.add_argument(f"--{role}-password-file", type=Path, required=True, metavar="FILE")


def _passphrase(arguments: argparse.Namespace, *, new: bool) -> str:
    """Out of a file or from the terminal."""
    if arguments.passphrase_file:
        try:
            passphrase = str(arguments.passphrase_file.read_text()).rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"{arguments.passphrase_file} cannot be read.") from error
    else:
        said, option = "Passphrase of the root key", "--passphrase-file"
        typed = ask_new(said, option) if new else ask(said, option)
        if typed is None:
            raise CeremonyError("The two were not the same; nothing was made. Start again.")
        passphrase = typed
    if new and len(passphrase) < _MIN_PASSPHRASE:
        raise CeremonyError("The passphrase needs at least 12 characters; six random words are good.")
    return passphrase


def _say_fingerprint(folder: Path) -> None:
    root = publish.read_root(folder)
    print("Fingerprint of the root key; print it, and compare it wherever the key is used:")
    print(f"  {publish.words(root)}")


def _root(arguments: argparse.Namespace) -> None:
    root = make_root(arguments.secret, _passphrase(arguments, new=True), secrets.token_bytes)
    publish.publish_root(arguments.publish, root.public)
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
    folder = arguments.folder.resolve()
    runtime = (arguments.runtime or folder / "run").resolve()
    plan = instance.Plan(folder, runtime, arguments.board_period, arguments.card_period, arguments.cards_per_batch)
    root = make_root(plan.root_secret, _passphrase(arguments, new=True), secrets.token_bytes)
    publish.publish_root(plan.keys, root.public)
    instance.write_settings(plan, root.public.raw.hex())
    requests = []
    for role in instance.ROLES:
        options = [
            option
            for name in ("passphrase-file", "user", "password-file")
            for option in (f"--{name}", str(getattr(arguments, f"{role}_{name}".replace("-", "_"))))
        ]
        requests.append(instance.init_role(plan, role, options))
    _certify_files(root, requests, plan.keys, arguments.days)
    for request in requests:
        request.unlink()
    _say_fingerprint(plan.keys)


def _show(arguments: argparse.Namespace) -> None:
    root = publish.read_root(arguments.publish)
    today = int(time.time()) // _DAY
    _say_fingerprint(arguments.publish)
    for certificate in publish.read_certificates(arguments.publish, root):
        left = certificate.not_after - today
        print(f"  {certificate.role}: {f'{left} days left' if certificate.covers(today) else 'NOT VALID TODAY'}")


if __name__ == "__main__":
    sys.exit(main())
