"""`dropbox-ministry`: make an inbox, serve it, check it, add an account."""

import argparse
import asyncio
import os
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from dropbox.courier.errors import CourierError
from dropbox.ministry import backup
from dropbox.ministry.checks import check
from dropbox.ministry.errors import MinistryError, NotMadeError, SettingsError
from dropbox.ministry.keyring import Folder
from dropbox.ministry.service import opened, serving
from dropbox.ministry.settings import Settings, load
from dropbox.ministry.store import MIGRATIONS
from dropbox.storage.asking import ask
from dropbox.storage.errors import StorageError
from dropbox.storage.migrations import prepare

_PRIVATE = 0o700


def main() -> int:
    """Run the command; the exit status is 0, or 1 when something is wrong, with a sentence on standard error."""
    arguments = _parser().parse_args()
    os.umask(0o077)
    try:
        status: int = arguments.run(arguments)
    except (MinistryError, StorageError, CourierError) as error:
        print(f"dropbox-ministry: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dropbox-ministry", description="The integrity coordinator's inbox.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    init = _action(actions, "init", "make keys and the first account, and a request for certificates", _init)
    _secret(init, "passphrase", "the service's passphrase")
    init.add_argument("--user", required=True, metavar="NAME", help="the first account")
    _secret(init, "password", "its password")
    init.add_argument("--request", type=Path, required=True, metavar="OUT.json", help="for the root key's holders")
    serve = _action(actions, "serve", "serve the pages and exchange with intake", _serve)
    _secret(serve, "passphrase", "the service's passphrase")
    checked = _action(actions, "check", "say what is wrong and what to do", _check)
    checked.add_argument("--passphrase-file", type=Path, metavar="FILE", help="compares keys with certificates too")
    migration = _action(actions, "migrate", "bring the database to this release; the inbox must not run", _migrate)
    migration.add_argument("--rehearse", action="store_true", help="and take all of it back; the inbox may run")
    saving = _action(actions, "backup", "write all of the inbox into one sealed file; it may run", _backup)
    saving.add_argument("--to", dest="file", type=Path, required=True, metavar="FILE")
    restoring = _action(actions, "restore", "make an inbox from a backup, on an empty machine", _restore)
    restoring.add_argument("--from", dest="file", type=Path, required=True, metavar="FILE")
    for action in (saving, restoring):
        _secret(action, "passphrase", "the service's passphrase")
    account = actions.add_parser("account", help="accounts").add_subparsers(required=True, metavar="ACTION")
    add = _action(account, "add", "let an account open the inbox to a new one", _add_account)
    add.add_argument("--user", required=True, metavar="NAME", help="the new account")
    _secret(add, "password", "its password")
    add.add_argument("--by", required=True, metavar="NAME", help="an account that exists")
    _secret(add, "by-password", "that account's password")
    return parser


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, said: str, run: object
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=said, description=said)
    action.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
    action.set_defaults(run=run)
    return action


def _secret(action: argparse.ArgumentParser, name: str, said: str) -> None:
    """Secrets come from a file or a prompt, never from the command line, which every account of a machine can read."""
    action.add_argument(f"--{name}-file", type=Path, metavar="FILE", help=f"file with {said}; asked for without")


def _read_secret(arguments: argparse.Namespace, name: str, said: str) -> str:
    """What is typed, or the file's content without the line's end.  Raises SettingsError, StorageError."""
    path = getattr(arguments, f"{name}_file".replace("-", "_"))
    if path is None:
        return ask(said, f"--{name}-file")
    try:
        value = str(path.read_text(encoding="utf-8")).removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"The file with {said} cannot be read.") from None
    if not value:
        raise SettingsError(f"The file with {said} is empty.")
    return value


def _now() -> int:
    return int(time.time())


def _init(arguments: argparse.Namespace) -> int:
    settings = load(arguments.config)
    _make_folder(settings)
    passphrase = _read_secret(arguments, "passphrase", "the service's passphrase")
    password = _read_secret(arguments, "password", "the account's password")
    folder = Folder(settings.folder)
    with folder.alone():
        request = folder.make(passphrase, arguments.user, password, os.urandom)
    try:
        arguments.request.write_bytes(request.to_bytes())
        arguments.request.chmod(0o644)  # public keys, to be carried to the holders of the root key
    except OSError:
        raise SettingsError("The request cannot be written there; the inbox is made.") from None
    print(f"Made. Have the public keys in {arguments.request} certified by the holders of the root key.")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    settings = load(arguments.config)
    folder = Folder(settings.folder)
    if not folder.is_made:
        raise NotMadeError
    passphrase = _read_secret(arguments, "passphrase", "the service's passphrase")
    with folder.alone():
        asyncio.run(_until_stopped(settings, folder, passphrase))
    return 0


async def _until_stopped(settings: Settings, folder: Folder, passphrase: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = await asyncio.to_thread(folder.open_courier, passphrase)
    async with (
        opened(settings, folder, service, _now, os.urandom) as (inbox, sync),
        serving(settings, inbox, sync) as address,
    ):
        print(f"ready {address}", flush=True)
        await stop.wait()


def _check(arguments: argparse.Namespace) -> int:
    asked = arguments.passphrase_file is not None
    passphrase = _read_secret(arguments, "passphrase", "the service's passphrase") if asked else None
    wrong = check(arguments.config, passphrase, _now)
    for sentence in wrong:
        print(f"- {sentence}")
    print("Nothing is wrong." if not wrong else "The inbox is not ready.")
    return 1 if wrong else 0


def _migrate(arguments: argparse.Namespace) -> int:
    settings = load(arguments.config)
    with nullcontext() if arguments.rehearse else Folder(settings.folder).alone():
        asyncio.run(prepare(settings.database, MIGRATIONS, rehearse=arguments.rehearse))
    print("It can be brought to this release." if arguments.rehearse else "The database is at this release.")
    return 0


def _backup(arguments: argparse.Namespace) -> int:
    passphrase = _read_secret(arguments, "passphrase", "the service's passphrase")
    asyncio.run(backup.save(load(arguments.config), passphrase, arguments.file))
    print(f"{arguments.file} holds the whole inbox, sealed under the service's passphrase.")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    settings = load(arguments.config)
    _make_folder(settings)
    passphrase = _read_secret(arguments, "passphrase", "the service's passphrase")
    with Folder(settings.folder).alone():
        asyncio.run(backup.restore(settings, passphrase, arguments.file))
    print("The inbox is restored. Check it, then start it; the old one must never run again.")
    return 0


def _make_folder(settings: Settings) -> None:
    try:
        settings.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    except OSError:
        raise SettingsError("folder cannot be made.") from None


def _add_account(arguments: argparse.Namespace) -> int:
    folder = Folder(load(arguments.config).folder)
    if not folder.is_made:
        raise NotMadeError
    password = _read_secret(arguments, "password", "the new account's password")
    by_password = _read_secret(arguments, "by-password", "the password of the account that exists")
    folder.add_account(arguments.by, by_password, arguments.user, password)
    print("Added.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
