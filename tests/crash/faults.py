"""Where a process can be killed or an operation can fail: every durable step and every request.

The points are counted within a phase of the work; one fault strikes at the n-th of them. Nothing of this stands in the
product: `install` wraps the functions from outside.
"""

import enum
import errno
import hashlib
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from dropbox.bureau import keyring, publisher, sealing
from dropbox.bureau.sync import Sync
from dropbox.courier.client import CourierClient
from dropbox.courier.errors import UnreachableError
from dropbox.protocol import board
from dropbox.protocol.thread import Link
from dropbox.reporter.errors import TransportFailed
from dropbox.reporter.transport import Request, Response
from dropbox.storage import sealed_file
from dropbox.storage.database import Database
from dropbox.storage.errors import DatabaseFullError, DatabaseGoneError, DatabaseLockedError
from tests.bureau.office import Transport
from tests.crash.journal import Journal


class Point(enum.StrEnum):
    """A place between two steps."""

    BEGIN = "begin"  # a transaction begins
    COMMIT = "commit"  # everything is written, nothing is committed
    COMMITTED = "committed"  # it is, and nobody knows yet
    FSYNC = "fsync"  # a keyring's new file is written and not on disk
    RENAMED = "renamed"  # the new file has the old one's name; the folder is not on disk
    OVERWRITE = "overwrite"  # the old file has no name and still its content
    REPLACED = "replaced"  # all of that is done
    REQUEST = "request"  # the desk is about to ask intake
    ANSWERED = "answered"  # intake has answered, and the desk does not know yet
    VISIT = "visit"  # a reporter's request is about to go
    VISITED = "visited"  # it was answered, and the answer is on its way


def _os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


_ERRORS: Final[dict[Point, tuple[Callable[[], Exception], ...]]] = {
    Point.BEGIN: (DatabaseLockedError, DatabaseGoneError),
    Point.COMMIT: (DatabaseFullError, DatabaseGoneError, DatabaseLockedError),
    Point.COMMITTED: (DatabaseGoneError,),
    Point.FSYNC: (lambda: _os_error(errno.EIO), lambda: _os_error(errno.ENOSPC)),
    Point.RENAMED: (lambda: _os_error(errno.EIO),),
    Point.REQUEST: (UnreachableError,),
    Point.ANSWERED: (UnreachableError,),
    Point.VISIT: (lambda: TransportFailed("cut"),),
    Point.VISITED: (lambda: TransportFailed("cut"),),
}


@dataclass(frozen=True)
class Fault:
    """Strikes at the `number`-th point of a phase. `lasting` more points of its kind fail too, where it is no kill."""

    phase: str
    number: int
    kill: bool
    lasting: int


class Faults:
    """Counts points, and strikes."""

    def __init__(self, journal: Journal, fault: Fault | None, seed: str) -> None:
        self._journal, self._fault = journal, fault
        self._random = random.Random(seed)
        self._count = 0
        self._failing: Point | None = None
        self._left = 0
        self.phase = ""

    def reach(self, point: Point, where: str) -> None:
        """A point: nothing happens, or the process ends here, or an error is raised."""
        fault = self._fault
        if fault is None:
            return
        if self._left and point is self._failing:
            self._left -= 1
            raise self._error(point)
        if self.phase != fault.phase:
            return
        self._count += 1
        if self._count != fault.number:
            return
        self._journal.note("fault", phase=self.phase, number=self._count, point=point, where=where, kill=fault.kill)
        if fault.kill or point not in _ERRORS:
            os.kill(os.getpid(), signal.SIGKILL)
        self._failing, self._left = point, fault.lasting
        raise self._error(point)

    def _error(self, point: Point) -> Exception:
        return self._random.choice(_ERRORS[point])()


def install(faults: Faults, journal: Journal) -> None:
    """Wrap what is durable, in this process and for good: it is a child that ends soon."""
    _wrap_database(faults)
    _wrap_files(faults)
    _wrap_requests(faults, journal)
    _wrap_steps(faults)
    _watch_chains(journal)


def _wrap_database(faults: Faults) -> None:
    real = Database.write

    @asynccontextmanager
    async def write(self: Database) -> AsyncIterator[AsyncConnection]:
        owner = Path(str(self.engine.url.database)).stem
        async with real(self) as connection:
            faults.reach(Point.BEGIN, owner)
            yield connection
            faults.reach(Point.COMMIT, owner)
        faults.reach(Point.COMMITTED, owner)

    Database.write = write  # type: ignore[method-assign]


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

    keyring.replace_file = replacing  # type: ignore[attr-defined]
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
        answer = await visit(self, request)
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
