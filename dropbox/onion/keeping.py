"""Keeps the keys on this host: makes what is missing, never overwrites, lets clients in and shuts them out.

no key, no address known    -> made
a key, no address known     -> taken over
a key of the known address  -> left alone
a key of another address, or none where one is known -> refused: what is lost is restored, not made anew
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from dropbox.onion import files, keys
from dropbox.onion.errors import KeyFault
from dropbox.onion.record import Known, read_record, write_record
from dropbox.onion.services import Offered, Service, offered
from dropbox.onion.settings import Settings

SECRET_FILE = "hs_ed25519_secret_key"  # noqa: S105 - a file's name, given by tor
PUBLIC_FILE = "hs_ed25519_public_key"
HOSTNAME_FILE = "hostname"
CLIENTS = "authorized_clients"
OPEN_TO_OTHERS = 0o077
AGAIN = "then have tor read it: systemctl restart tor"


def make_missing(settings: Settings, random: Callable[[int], bytes]) -> dict[Service, Known]:
    """Make the keys of every service that has none and never had; return what is known then. Raises `KeyFault`."""
    if not settings.folder.is_dir():
        raise KeyFault(f"the folder of keys {settings.folder} is not there: make it, mode 0700, owned by tor's account")
    known = read_record(settings.addresses)
    for service in offered(settings):
        if service.service in known:
            check_key(service, known[service.service])
        elif not service.folder.exists():
            _make(service, random)
        if not service.service.open and not _client_file(service, keys.NOBODY).exists():
            _authorise(service, keys.NOBODY, keys.client_key(random)[1])
        if service.service not in known:
            known[service.service] = Known(_address(service))
            write_record(settings.addresses, known)
    return known


def require(settings: Settings) -> dict[Service, Known]:
    """Return what is known of every service that is offered. Raises `KeyFault` where one has no address yet."""
    known = read_record(settings.addresses)
    for service in offered(settings):
        if service.service not in known:
            raise KeyFault(f"{service.service} has no key yet: run `dropbox-onion keys make`")
    return known


def allow(settings: Settings, service: Service, name: str, public: str) -> None:
    """Let one more client use a service. Raises `KeyFault`."""
    keys.check_name(name)
    held, known = _restricted(settings, service)
    clients = dict(known[service].clients)
    if clients.get(name, public) != public:
        raise KeyFault(f"{name} already has another key: revoke it first, or choose another name")
    path = _client_file(held, name)
    path.unlink(missing_ok=True)  # one that is known, and damaged
    _authorise(held, name, keys.check_public(public))
    write_record(settings.addresses, {**known, service: Known(known[service].address, {**clients, name: public})})


def revoke(settings: Settings, service: Service, name: str) -> None:
    """Shut a client out, once tor is restarted. Raises `KeyFault`."""
    held, known = _restricted(settings, service)
    clients = dict(known[service].clients)
    if clients.pop(name, None) is None:
        raise KeyFault(f"{service} has no client of this name: `dropbox-onion keys list` says which it has")
    if not _client_file(held, keys.NOBODY).exists():
        raise KeyFault(f"the file {keys.NOBODY}.auth of {service} is lost, and without any client tor would let"
                       " everybody in: run `dropbox-onion keys make`")  # fmt: skip
    _client_file(held, name).unlink(missing_ok=True)
    files.sync(held.folder / CLIENTS)
    write_record(settings.addresses, {**known, service: Known(known[service].address, clients)})


def check_key(service: Offered, known: Known) -> None:
    """Raise `KeyFault` unless the key of a service is here, whole, and that of the known address."""
    secret = service.folder / SECRET_FILE
    if not secret.exists() or not keys.is_secret_key(secret.read_bytes()):
        raise KeyFault(f"the key of {service.service} is lost: restore {service.folder} from its backup before tor"
                       " starts, or tor makes another address")  # fmt: skip
    if _address(service) != known.address:
        raise KeyFault(f"{service.folder} holds the key of another address than the known one: stop tor, restore the"
                       " folder from its backup")  # fmt: skip


def faults(service: Offered, known: Known) -> Iterator[str]:
    """Say what is wrong with the keys of a service, and what to do."""
    try:
        check_key(service, known)
    except KeyFault as error:
        yield str(error)
    if not service.folder.is_dir():
        return
    for path in (service.folder, *sorted(service.folder.rglob("*"))):
        if path.lstat().st_mode & OPEN_TO_OTHERS:
            yield f"{path} is open to other accounts: chmod {'700' if path.is_dir() else '600'} {path}"
        if path.lstat().st_uid != service.folder.parent.stat().st_uid:
            yield f"{path} belongs to another account than its folder's: chown it to that account"
    if not service.service.open:
        yield from _client_faults(service, known)


def _client_faults(service: Offered, known: Known) -> Iterator[str]:
    if not _client_file(service, keys.NOBODY).exists():
        yield (f"{service.service}: the file {keys.NOBODY}.auth is lost, and without any client tor lets everybody in:"
               f" run `dropbox-onion keys make`, {AGAIN}")  # fmt: skip
    for name, public in known.clients.items():
        path = _client_file(service, name)
        if not path.exists() or path.read_text(encoding="ascii", errors="replace") != keys.public_line(public):
            yield (f"{service.service}: the authorisation key of {name} is lost: run `dropbox-onion keys allow"
                   f" {service.service} {name} {public}`, {AGAIN}")  # fmt: skip
    if not known.clients:
        yield (f"{service.service}: nobody may use it yet: on the machine that is to, run `dropbox-onion keys client`,"
               " and here `dropbox-onion keys allow`")  # fmt: skip
    unknown = {path.stem for path in (service.folder / CLIENTS).glob("*.auth")} - {keys.NOBODY, *known.clients}
    for name in sorted(unknown):
        yield (f"{service.service}: {name} may use it and was never let in: remove {_client_file(service, name)},"
               f" {AGAIN}")  # fmt: skip


def _restricted(settings: Settings, service: Service) -> tuple[Offered, Mapping[Service, Known]]:
    known = require(settings)
    held = next((one for one in offered(settings) if one.service is service), None)
    if held is None or service.open:
        raise KeyFault("only desk and ministry have clients; everybody may use the others")
    check_key(held, known[service])
    return held, known


def _make(service: Offered, random: Callable[[int], bytes]) -> None:
    """Make the folder of a service beside its place, and move it there whole."""
    made = keys.service_keys(random)
    beside = service.folder.with_name(f".{service.service}.new")
    if beside.exists():
        shutil.rmtree(beside)  # of a run that was interrupted: never offered
    files.create_folder(beside)
    files.create(beside / SECRET_FILE, made.secret)
    files.create(beside / PUBLIC_FILE, made.public)
    files.create(beside / HOSTNAME_FILE, made.address.encode() + b"\n")
    files.create_folder(beside / CLIENTS)
    if not service.service.open:
        files.create(beside / CLIENTS / f"{keys.NOBODY}.auth", keys.public_line(keys.client_key(random)[1]).encode())
    files.sync(beside)
    beside.rename(service.folder)
    files.sync(service.folder.parent)


def _authorise(service: Offered, name: str, public: str) -> None:
    if not (service.folder / CLIENTS).is_dir():
        files.create_folder(service.folder / CLIENTS)
    files.create(_client_file(service, name), keys.public_line(public).encode())


def _client_file(service: Offered, name: str) -> Path:
    return service.folder / CLIENTS / f"{name}.auth"


def _address(service: Offered) -> str:
    """The address of a service by its key. Raises `KeyFault`."""
    try:
        return keys.address_of((service.folder / PUBLIC_FILE).read_bytes())
    except OSError as error:
        raise KeyFault(
            f"the public key of {service.service} is lost: restore {service.folder} from its backup"
        ) from error
