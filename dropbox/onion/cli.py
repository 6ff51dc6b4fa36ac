"""`dropbox-onion`: the torrc, the keys, the control port, and what is wrong with any of them."""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from dropbox.onion import files, keeping, keys
from dropbox.onion.checks import check
from dropbox.onion.errors import KeyFault, OnionError
from dropbox.onion.record import read_record
from dropbox.onion.services import Service
from dropbox.onion.settings import Settings, read_settings
from dropbox.onion.torrc import torrc
from dropbox.onion.watch import Speaking, Watch


class _Told(BaseException):
    """A signal told us to end."""


def main() -> int:
    """Run the command; the exit status is 0, or 1 when something is wrong, with a sentence."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except OnionError as error:
        print(f"dropbox-onion: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dropbox-onion", description="Onion services: torrc, keys, circuits.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for name, run, words in (
        ("serve", _serve, "keep tor's control port, and close circuits for the gateway"),
        ("check", _check, "say what is wrong and what to do"),
        ("torrc", _torrc, "print what belongs into tor's torrc"),
    ):
        action = actions.add_parser(name, help=words)
        action.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
        action.set_defaults(run=run)
    _add_keys(actions.add_parser("keys", help="make and keep keys, let clients in and shut them out"))
    return parser


def _add_keys(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    client = actions.add_parser("client", help="make a client's key, on the client's own machine")
    client.add_argument("--address", required=True, help="the onion address that the key is for")
    client.add_argument("--out", type=Path, required=True, metavar="FILE", help="NAME.auth_private, to be made")
    client.set_defaults(run=_client)
    restricted = [service.value for service in Service if not service.open]
    for name, run, words in (
        ("make", _make, "make the keys that are missing; none is ever overwritten"),
        ("list", _list, "say addresses and clients"),
        ("allow", _allow, "let a client use a service"),
        ("revoke", _revoke, "shut a client out"),
    ):
        action = actions.add_parser(name, help=words)
        action.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
        if name in {"allow", "revoke"}:
            action.add_argument("service", choices=restricted)
            action.add_argument("name", help="of the client")
        if name == "allow":
            action.add_argument("public", help="key, as `keys client` said it")
        action.set_defaults(run=run)


def _settings(arguments: argparse.Namespace) -> Settings:
    return read_settings(arguments.config)


def _serve(arguments: argparse.Namespace) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        Watch(_settings(arguments), Speaking(_say, _warn)).run()
    except _Told:
        return 0


def _end(*_: object) -> None:
    raise _Told


def _say(line: str) -> None:
    print(line, flush=True)


def _warn(line: str) -> None:
    print(f"dropbox-onion: {line}", file=sys.stderr, flush=True)


def _check(arguments: argparse.Namespace) -> int:
    wrong = list(check(_settings(arguments), datetime.now(UTC)))
    for sentence in wrong:
        print(f"- {sentence}")
    print("The onion services are not as they must be." if wrong else "Nothing is wrong.")
    return bool(wrong)


def _torrc(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    keeping.require(settings)  # tor would make addresses of its own
    print(torrc(settings), end="")
    return 0


def _make(arguments: argparse.Namespace) -> int:
    for service, known in keeping.make_missing(_settings(arguments), os.urandom).items():
        print(service, known.address)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    for service, known in read_record(_settings(arguments).addresses).items():
        print(service, known.address)
        for name, public in known.clients.items():
            print(f"    {name} {public}")
    return 0


def _allow(arguments: argparse.Namespace) -> int:
    keeping.allow(_settings(arguments), Service(arguments.service), arguments.name, arguments.public)
    print(f"{arguments.name} may use {arguments.service}, once tor is restarted: systemctl restart tor")
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    keeping.revoke(_settings(arguments), Service(arguments.service), arguments.name)
    print(f"{arguments.name} may no longer use {arguments.service}, once tor is restarted: systemctl restart tor")
    return 0


def _client(arguments: argparse.Namespace) -> int:
    private, public = keys.client_key(os.urandom)
    line = keys.private_line(arguments.address, private)
    try:
        files.create(arguments.out, line.encode())
    except FileExistsError as error:
        raise KeyFault(f"{arguments.out} is there already, and no key is overwritten: choose another name") from error
    except OSError as error:
        raise KeyFault(f"{arguments.out} cannot be written: {error.strerror}") from error
    print(public)
    return 0


if __name__ == "__main__":
    sys.exit(main())
