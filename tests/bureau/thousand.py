"""A desk that comes back to a thousand waiting envelopes, one of them poisoned: the figure `open_1000_envelopes_s`.

    .venv/bin/python -m tests.bureau.thousand [COUNT]

Intake is the real command as a process of its own; envelopes go in and out over its Unix sockets.  The desk works as
it does every day: both loops run, somebody is signed in.  Nothing is timed but what the desk does.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import func, select

from dropbox.bureau.store import State
from dropbox.bureau.tables import IncomingRow
from dropbox.bureau.views import EntryKind
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.envelope import EnvelopeWriter, first_head
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter import exchange
from tests.bureau.office import Clock, Office, Open, short_folder
from tests.simulators.intake_client import ReporterClient

TEXT_BYTES = 1024
_AT_ONCE = 8
_PAUSE = 0.02  # seconds between two looks at whether all is done


class RealClock(Clock):
    """The machine's clock: intake runs in a process of its own."""

    def __call__(self) -> int:
        """Unix seconds."""
        return int(time.time())

    @property
    def day(self) -> int:
        """The UTC day."""
        return self() // sizes.DAY


@contextlib.asynccontextmanager
async def intake_process(office: Office) -> AsyncIterator[int]:
    """The real command, while the body runs; gives its process id."""
    config = office.folder / "intake.toml"
    values = {
        "database": f"sqlite:///{office.folder}/intake.db",
        "runtime_dir": str(office.folder / "run"),
        "keys_dir": str(office.folder / "keys"),
        "root_key": office.root.public.raw.hex(),
    }
    config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), encoding="utf-8")
    command = (sys.executable, "-m", "dropbox.intake.cli", "--config", str(config))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).startswith(b"ready")
        yield process.pid
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def text_of(number: int) -> str:
    """The text of a report, 1 KiB."""
    return f"Report {number}. ".ljust(TEXT_BYTES, ".")


def sealed(office: Office, bulletin: Bulletin, text: str) -> bytes:
    """A first message under words that nobody keeps."""
    keys = ReporterKeys.derive(Receipt.generate(os.urandom), office.root.public.instance)
    writer = EnvelopeWriter(bulletin, keys.auth, os.urandom)
    return writer.begin(first_head(keys, bulletin, os.urandom(16)), Message(text)) + b"".join(writer.finish())


def poisoned(office: Office, bulletin: Bulletin) -> bytes:
    """An envelope that is good up to its last KiB."""
    data = bytearray(sealed(office, bulletin, "Poison."))
    data[-1024] ^= 1
    return bytes(data)


async def fill(office: Office, count: int) -> None:
    """Give intake so many envelopes; the one in the middle is poisoned."""
    async with office.transport() as transport:
        bulletin = await exchange.fetch_bulletin(transport, office.root.public, office.clock())
    turn = asyncio.Semaphore(_AT_ONCE)
    async with ReporterClient(office.folder / "run" / "reporters.sock") as client:

        async def send(number: int) -> None:
            async with turn:
                bad = number == count // 2
                await client.upload(poisoned(office, bulletin) if bad else sealed(office, bulletin, text_of(number)))

        await asyncio.gather(*(send(number) for number in range(count)))


async def _done(opened: Open, count: int) -> bool:
    """Whether everything was fetched, and only the poisoned one still has a row: the others are confirmed."""
    if opened.sync.last_fetch is None:
        return False
    async with opened.vault.database.read() as connection:
        rows = await connection.execute(select(IncomingRow.state, func.count()).group_by(IncomingRow.state))
        return {row.state: row[1] for row in rows} == {State.FAILED.value: 1} if count > 1 else True


async def _require_all(opened: Open, count: int) -> None:
    """Every text is in a case, once; the poisoned one alone is set aside, and intake keeps nothing else."""
    found = []
    for row in await opened.desk.cases():
        case = await opened.desk.case(row.identity)
        found += [entry.text for entry in case.entries if entry.kind is EntryKind.MESSAGE]
    assert sorted(found) == sorted(text_of(number) for number in range(count) if number != count // 2)
    (failure,) = await opened.desk.failures()
    assert failure.reason == "damaged"
    assert [one.envelope.hex() for one in await opened.sync._host.envelopes()] == [failure.identity]
    assert opened.sync.problems == {}


async def open_thousand(folder: Path, count: int = 1000) -> float:
    """Seconds from the start of the fetch until all is committed at the desk and confirmed to intake.

    `folder` is empty, and its path short.  Asserts that nothing is lost and the poisoned one is set aside.
    """
    office = Office(folder, clock=RealClock())
    async with intake_process(office):
        async with office.desk() as opened:
            await opened.sync.publish_round()
            assert opened.sync.problems == {}
        await fill(office, count)
        async with office.desk() as opened:
            await opened.sign_in()
            began = time.perf_counter()
            async with opened.sync.running():
                while not await _done(opened, count):  # noqa: ASYNC110 - what is waited for is the database
                    await asyncio.sleep(_PAUSE)
                took = time.perf_counter() - began
            await _require_all(opened, count)
    return took


if __name__ == "__main__":
    with short_folder() as place:
        wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
        sys.stdout.write(f"{wanted} envelopes: {asyncio.run(open_thousand(place, wanted)):.1f} s\n")
