"""Puts the points of `faults` around the functions of the product, in this process and for good."""

import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import backup, bulletins, copies, keyring, prekeys, publisher, restoring, sealing
from dropbox.bureau.sync import Sync
from dropbox.courier.client import CourierClient
from dropbox.protocol import board
from dropbox.protocol.thread import Link
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request, Response
from dropbox.storage import database as database_module
from dropbox.storage import sealed_file
from dropbox.storage.database import Database
from tests.bureau.office import Transport
from tests.crash.faults import Faults, Point
from tests.crash.journal import Journal


def install(faults: Faults, journal: Journal) -> None:
    """Wrap what is durable, in this process and for good: it is a child that ends soon."""
    _wrap_database(faults)
    _wrap_transactions(faults)
    _wrap_files(faults)
    _wrap_requests(faults, journal)
    _wrap_steps(faults)
    _watch_chains(journal)


def hurry() -> None:
    """For this process and its children: nobody waits long for a lock that the run itself holds, and bulletins are
    made for some days only, not for sixty.
    """
    database_module.BUSY_MS = 40  # type: ignore[misc]
    database_module.CHECKPOINT_BUSY_MS = 20  # type: ignore[misc]
    database_module.CHECKPOINT_PAUSE_SECONDS = 0.01  # type: ignore[misc]
    for module in (prekeys, publisher, bulletins):
        for name, days in (("DAYS_AHEAD", 4), ("FALLBACK_DAYS_AHEAD", 7)):
            if hasattr(module, name):
                setattr(module, name, days)


def be_careless(of: str) -> None:
    """Make a product that is careless: whoever looks for what is lost has to find it here."""
    if of == "backup":
        _back_up_too_early()
        return
    if of == "files":
        os.fsync = lambda fd: None  # noqa: ARG005 - its own name for it
        return
    prepare = database_module._prepare_sqlite

    def unsynced(connection: Any, _record: object) -> None:  # noqa: ANN401 - as it is there
        prepare(connection, _record)
        connection.execute("PRAGMA synchronous=OFF").close()

    database_module._prepare_sqlite = unsynced


def _back_up_too_early() -> None:
    """Once, and before anything that came is opened, not before it is confirmed."""
    make, open_waiting = backup.Backup.run, Sync._open_waiting

    async def nothing(self: backup.Backup) -> None:  # noqa: ARG001 - its own name for it
        return

    async def opening(self: Sync) -> None:
        if not self.backup._medium.is_begun:  # type: ignore[union-attr]  # this plan has a medium
            await make(self.backup)
        await open_waiting(self)

    backup.Backup.run = nothing  # type: ignore[method-assign]  # in a child that ends soon
    Sync._open_waiting = opening  # type: ignore[method-assign]  # in a child that ends soon


def _wrap_database(faults: Faults) -> None:
    real = Database.write

    @asynccontextmanager
    async def write(self: Database) -> AsyncIterator[AsyncConnection]:
        name = str(self.engine.url.database)
        owner = Path(name).stem.partition("_")[0]
        faults.reach(Point.TURN, owner, name)
        async with real(self) as connection:
            faults.reach(Point.BEGIN, owner, name)
            yield connection
            faults.reach(Point.COMMIT, owner, name)
        faults.reach(Point.COMMITTED, owner, name)

    Database.write = write  # type: ignore[method-assign]


def _wrap_transactions(faults: Faults) -> None:
    """The same for transactions that run as one function, in a thread."""
    real = vars(database_module).get("_in_transaction")
    if real is None:
        return

    def in_transaction(direct: Engine, work: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - what `work` gives
        name = str(direct.url.database)
        owner = Path(name).stem
        faults.reach(Point.TURN, owner, name)

        def working(connection: Connection) -> Any:  # noqa: ANN401 - as above
            faults.reach(Point.BEGIN, owner, name)
            result = work(connection)
            faults.reach(Point.COMMIT, owner, name)
            return result

        result = real(direct, working)
        faults.reach(Point.COMMITTED, owner, name)
        return result

    vars(database_module)["_in_transaction"] = in_transaction


def _wrap_files(faults: Faults) -> None:
    replace_file, fsync = sealed_file.replace_file, os.fsync
    sync_folder, overwrite = sealed_file._sync_folder, sealed_file._overwrite
    current = [""]

    def replacing(path: Path, data: bytes, *, mode: int = 0o600) -> None:
        current[0] = path.stem
        try:
            replace_file(path, data, mode=mode)
        finally:
            current[0] = ""
        faults.reach(Point.REPLACED, path.stem)

    def fsyncing(descriptor: int) -> None:
        if current[0]:
            faults.reach(Point.FSYNC, current[0])
        fsync(descriptor)

    def syncing(folder: Path) -> None:
        faults.reach(Point.RENAMED, current[0])
        name, current[0] = current[0], ""
        sync_folder(folder)
        current[0] = name

    def overwriting(descriptor: int) -> None:
        faults.reach(Point.OVERWRITE, current[0])
        current[0] = ""
        overwrite(descriptor)

    for module in (keyring, copies, backup, restoring):
        vars(module)["replace_file"] = replacing
    os.fsync = fsyncing  # type: ignore[assignment]
    sealed_file._sync_folder = syncing
    sealed_file._overwrite = overwriting


def _wrap_requests(faults: Faults, journal: Journal) -> None:
    send, visit = CourierClient._send, Transport.send

    async def sending(self: CourierClient, request: Any, limit: int) -> bytes:  # noqa: ANN401 - courier's own type
        where = f"{request.method} {'/'.join(request.target.split('/')[1:3])}"
        faults.reach(Point.REQUEST, where)
        answer = await send(self, request, limit)
        if where == "PUT v1/boards":
            journal.note("issued", records=_issuing[-1])
        faults.reach(Point.ANSWERED, where)
        return answer

    async def visiting(self: Transport, request: Request) -> Response:
        faults.reach(Point.VISIT, request.method)
        try:
            answer = await visit(self, request)
        except (aiohttp.ClientError, OSError):  # intake died: what the gateway makes of it
            raise TransportFailed("cut") from None
        faults.reach(Point.VISITED, request.method)
        return answer

    CourierClient._send = sending  # type: ignore[method-assign]
    Transport.send = visiting  # type: ignore[method-assign]


def _wrap_steps(faults: Faults) -> None:
    step = Sync._step

    async def stepping(self: Sync, name: str, work: Awaitable[None]) -> None:
        before = faults.phase
        if before in {"", "settle"}:
            faults.phase = before or name
        try:
            await step(self, name, work)
        finally:
            faults.phase = before

    Sync._step = stepping  # type: ignore[method-assign]


_issuing: list[list[str]] = [[]]


def _watch_chains(journal: Journal) -> None:
    """Note every chain key that seals, before it does, and every record that a board carries."""
    seal, assemble = sealing.seal, board.assemble

    def sealing_noted(thread: Any, recipient: bytes, instance: bytes, links: list[Link], *rest: Any) -> Any:  # noqa: ANN401
        for link in links:
            journal.note("sealing", chain=_name(link.chain))
        found = seal(thread, recipient, instance, links, *rest)
        for link, (_, inner) in zip(links, found, strict=True):
            journal.note("sealed", chain=_name(link.chain), inner=_name(inner))
        return found

    def assembling(head: Any, live: Any, source: Callable[[int], bytes]) -> bytes:  # noqa: ANN401
        live = list(live)
        _issuing[-1] = [_name(inner) for _, _, inner in live]
        return assemble(head, live, source)

    sealing.seal = sealing_noted  # type: ignore[assignment]
    vars(publisher)["assemble"] = assembling


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]
