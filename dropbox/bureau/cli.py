"""`dropbox-desk`: make a desk, serve its pages and its sync, add accounts, check."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from aiohttp import web

from dropbox.bureau import service
from dropbox.bureau.app import create_app
from dropbox.bureau.checks import check, notes
from dropbox.bureau.errors import DeskError, SettingsError
from dropbox.bureau.keyring import RECIPIENT_NAME
from dropbox.bureau.restoring import Secrets, restore, verify
from dropbox.bureau.settings import Settings, load
from dropbox.bureau.vault import MIGRATIONS, NewDesk, accounts_of, held, make
from dropbox.protocol import sizes
from dropbox.protocol.errors import ProtocolError
from dropbox.storage.asking import ask, ask_new
from dropbox.storage.errors import StorageError
from dropbox.storage.migrations import prepare
from dropbox.storage.sealed_file import replace_file
from dropbox.web.serving import QuietRunner

_SHUTDOWN_SECONDS = 5.0
_SHORTEST_PASSPHRASE = 12  # characters
_OF_SERVICE = "Passphrase of the desk's service"


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status is 0, or 1 when something is wrong, with a sentence on standard error."""
    arguments = _parser().parse_args(argv)
    os.umask(0o077)
    try:
        run: Callable[[argparse.Namespace, Settings], int] = arguments.run
        return run(arguments, load(arguments.config))
    except (DeskError, ProtocolError, StorageError) as error:
        print(f"dropbox-desk: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dropbox-desk", description="The bureau's desk.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="make the keyrings and the first account")
    init.set_defaults(run=_init)
    init.add_argument("--request", type=Path, required=True, metavar="FILE", help="writes what the root is to certify")
    serve = commands.add_parser("serve", help="serve the pages, fetch and publish, until told to stop")
    serve.set_defaults(run=_serve)
    checking = commands.add_parser("check", help="say in one screen what is wrong")
    checking.set_defaults(run=_check)
    migration = commands.add_parser("migrate", help="bring the database to this release; the desk must not run")
    migration.set_defaults(run=_migrate)
    migration.add_argument("--rehearse", action="store_true", help="and take all of it back; the desk may run")
    backup = commands.add_parser("backup", help="make the backup now, and open all of it; the desk must not run")
    backup.set_defaults(run=_backup)
    backup.add_argument("--anew", action="store_true", help="into an empty folder, though there was a backup")
    restoring = commands.add_parser("restore", help="make a desk from a backup, on an empty machine")
    restoring.set_defaults(run=_restore)
    restoring.add_argument("--from", dest="source", type=Path, required=True, metavar="FOLDER", help="the backup")
    account = commands.add_parser("account", help="add an account, or take one away").add_subparsers(
        required=True, metavar="ACTION"
    )
    add = account.add_parser("add", help="an account that opens what a colleague's account opens")
    add.set_defaults(run=_add_account)
    add.add_argument("--from-user", required=True, metavar="NAME", help="the colleague")
    add.add_argument("--from-password-file", type=Path, metavar="FILE", help="instead of asking for it")
    remove = account.add_parser("remove", help="an account opens nothing any more")
    remove.set_defaults(run=_remove_account)
    for command in (init, serve, checking, migration, backup, restoring, add, remove):
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
    for command in (init, serve, checking, backup, restoring):
        command.add_argument("--passphrase-file", type=Path, metavar="FILE", help="instead of asking for it")
    for command in (init, backup, restoring, add, remove):
        command.add_argument("--user", required=True, metavar="NAME")
    for command in (init, backup, restoring, add):
        command.add_argument("--password-file", type=Path, metavar="FILE", help="instead of asking for it")
    return parser


def _secret(arguments: argparse.Namespace, name: str, prompt: str, *, new: bool = False) -> str:
    """Out of the file that the option names, or from the terminal."""
    option, path = f"--{name}-file", getattr(arguments, f"{name}_file".replace("-", "_"))
    if path is None:
        secret = ask_new(prompt, option) if new else ask(prompt, option)
        if secret is None:
            raise SettingsError("The two were not the same; nothing was made. Start again.")
        return secret
    try:
        return str(path.read_text(encoding="utf-8")).rstrip("\n")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path} cannot be read.") from None


def _init(arguments: argparse.Namespace, settings: Settings) -> int:
    passphrase = _secret(arguments, "passphrase", _OF_SERVICE, new=True)
    if len(passphrase) < _SHORTEST_PASSPHRASE:
        raise SettingsError("The passphrase needs at least 12 characters; six random words are good.")
    password = _secret(arguments, "password", f"Password of {arguments.user}", new=True)
    wanted = make(settings.vault, NewDesk(passphrase, arguments.user, password), service.now(), os.urandom)
    try:
        replace_file(arguments.request, wanted.to_bytes(), mode=0o644)
    except OSError:
        raise SettingsError(f"{arguments.request} cannot be written.") from None
    print(f"The desk is made. Have {arguments.request} certified by the holder of the root key.")
    return 0


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_until_stopped(settings, _secret(arguments, "passphrase", _OF_SERVICE)))
    return 0


async def _until_stopped(settings: Settings, passphrase: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with service.opened(settings, passphrase, service.now, os.urandom) as running:
        runner = QuietRunner(create_app(running.desk, settings), shutdown_seconds=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            port = await _listen(runner, settings)
            async with running.sync.running():
                print(f"ready http://{settings.host}:{port}", flush=True)
                await stop.wait()
        finally:
            await runner.cleanup()


async def _listen(runner: QuietRunner, settings: Settings) -> int:
    try:
        await web.TCPSite(runner, settings.host.strip("[]"), settings.port).start()
    except OSError:
        raise SettingsError("The port of `listen` is taken, or may not be used.") from None
    return int(runner.addresses[0][1])


def _migrate(arguments: argparse.Namespace, settings: Settings) -> int:
    with nullcontext() if arguments.rehearse else held(settings.vault):
        asyncio.run(prepare(settings.database, MIGRATIONS, rehearse=arguments.rehearse))
    print("It can be brought to this release." if arguments.rehearse else "The database is at this release.")
    return 0


def _add_account(arguments: argparse.Namespace, settings: Settings) -> int:
    accounts = accounts_of(settings.vault)
    theirs = _secret(arguments, "from-password", f"Password of {arguments.from_user}")
    access_keys = accounts.unlock(arguments.from_user, theirs)
    password = _secret(arguments, "password", f"Password of {arguments.user}", new=True)
    accounts.create(arguments.user, password, {RECIPIENT_NAME: access_keys[RECIPIENT_NAME]})
    print(f"{arguments.user} can sign in.")
    return 0


def _remove_account(arguments: argparse.Namespace, settings: Settings) -> int:
    accounts = accounts_of(settings.vault)
    if accounts.users() == (arguments.user,):
        raise SettingsError("This is the last account; without it nobody can ever open the cases again.")
    accounts.remove(arguments.user)
    print(f"{arguments.user} can no longer sign in. A copy of the old accounts file still opens the keyring.")
    return 0


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    passphrase = _secret(arguments, "passphrase", _OF_SERVICE)
    wrong = asyncio.run(check(settings, passphrase, service.now() // sizes.DAY))
    for sentence in wrong:
        print(f"- {sentence}")
    for sentence in notes(settings):
        print(f"Note: {sentence}")
    print("Nothing is wrong." if not wrong else "The desk is not ready to serve.")
    return 1 if wrong else 0


def _backup(arguments: argparse.Namespace, settings: Settings) -> int:
    if settings.backup is None:
        raise SettingsError("The settings name no folder with `backup`.")
    asyncio.run(_back_up(settings, _secrets(arguments), anew=arguments.anew))
    print(f"The backup in {settings.backup} holds what the vault holds, and opens.")
    return 0


async def _back_up(settings: Settings, secrets: Secrets, *, anew: bool) -> None:
    async with service.opened(settings, secrets.passphrase, service.now, os.urandom) as running:
        await running.vault.unlock(accounts_of(settings.vault).unlock(secrets.user, secrets.password))
        if anew:
            await running.sync.backup.begin_anew()
        await running.sync.backup.run()
    assert settings.backup is not None
    await verify(settings.backup, secrets)


def _restore(arguments: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(restore(settings, arguments.source, _secrets(arguments), service.now(), os.urandom))
    print("The desk is restored. Check it, start it, sign in, and have a new backup made; see docs/operations.md.")
    return 0


def _secrets(arguments: argparse.Namespace) -> Secrets:
    return Secrets(
        _secret(arguments, "passphrase", _OF_SERVICE),
        arguments.user,
        _secret(arguments, "password", f"Password of {arguments.user}"),
    )


if __name__ == "__main__":
    sys.exit(main())
