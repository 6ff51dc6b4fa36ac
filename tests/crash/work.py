"""What the people in a run do, phase by phase. It is interrupted anywhere, and everything promised is noted."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from dropbox.bureau.errors import DeskError
from dropbox.bureau.keyring import PUBLISHER_FILE, RECIPIENT_FILE
from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.courier.errors import CourierError
from dropbox.protocol.receipt import Receipt
from dropbox.reporter.errors import VisitError
from dropbox.storage.errors import StorageError
from tests.bureau.office import PERIOD, Office, Open, Reporter
from tests.crash.faults import Faults
from tests.crash.journal import Journal
from tests.crash.office import OLD_TEXT, Template
from tests.crash.plan import Plan

EXPECTED: Final = (VisitError, DeskError, CourierError, StorageError, OSError)
LONG: Final = " There is more to say." * 90
_KEYRINGS: Final = (PUBLISHER_FILE, RECIPIENT_FILE)


class Work:
    """One run's people: a known reporter, a new one, a handler."""

    def __init__(self, template: Template, plan: Plan, folder: Path, faults: Faults, journal: Journal) -> None:
        self.plan, self.folder, self.faults, self.journal = plan, folder, faults, journal
        self.office: Office = template.at(folder, journal)
        self.known = Reporter(self.office, template.known)
        self.new = Reporter(self.office, Receipt(hashlib.sha256(b"%d" % plan.seed).digest()[:15]))

    @property
    def messages(self) -> tuple[tuple[Reporter, str], ...]:
        """Who sends what."""
        return ((self.new, "The new report."), (self.known, "A later message."))

    def forward(self, days: int = 0, seconds: int = 0) -> None:
        """Let time pass."""
        self.office.clock.forward(days, seconds)
        self.journal.note("clock", now=self.office.clock.now)

    async def phase(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do it; False when it failed in a way that people are told about."""
        self.faults.phase = name
        try:
            await work()
        except EXPECTED as error:
            self.journal.note("failed", phase=name, error=type(error).__name__)
            return False
        finally:
            self.faults.phase = ""
        return True

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Open]:
        """A desk, while the body runs."""
        async with self.office.desk() as opened:
            opened.sync.publisher._offered = not self.plan.offers
            yield opened

    async def day(self) -> None:
        """The whole plan, from an office at rest."""
        async with self.office.intake():
            async with self.desk() as opened:
                await opened.sync.publish_round()
                await opened.sign_in()
                for reporter, text in self.messages:
                    await self.send(reporter, text)
                await opened.sync.fetch_round()
                if self.plan.restored:
                    await opened.vault.database.checkpoint_truncate()
            if self.plan.restored:
                self.copy()
            async with self.desk() as opened:
                await opened.sync.publish_round()
                await opened.sign_in()
                await self.answer(opened, "The second answer.")
                self.forward(seconds=PERIOD)
                await opened.sync.publish_round()
            if self.plan.restored:
                self.restore()
                self.forward(seconds=PERIOD)
                await self.after_restore()

    async def after_restore(self) -> None:
        """A desk that is behind its own board."""
        async with self.desk() as opened:
            await opened.sync.publish_round()
            await opened.sign_in()
            await self.answer(opened, "An answer after the restore.")
            self.forward(seconds=PERIOD)
            await opened.sync.publish_round()

    async def send(self, reporter: Reporter, text: str) -> None:
        """A message with a file; noted as sent when the host has said so. Sent again where the plan says so."""
        size = self.plan.file_bytes
        file = hashlib.shake_256(text.encode()).digest(size)
        message_id = hashlib.sha256(text.encode() + reporter.receipt.entropy).digest()[:16]

        async def sending() -> None:
            await reporter.send(text, [("a.bin", file)] if size else [], message_id=message_id)
            self.journal.note("sent", text=text)

        self.journal.note("sending", text=text)
        await self.phase("upload", sending)

    async def answer(self, opened: Open, text: str) -> None:
        """A reply in the known reporter's case."""
        text += LONG if self.plan.long_reply else ""

        async def replying() -> None:
            name = await self.known_case(opened)
            await opened.desk.send(name, NoteDraft(EntryKind.REPLY, text))
            self.journal.note("answered", text=text)

        self.journal.note("answering", text=text)
        await self.phase("reply", replying)

    async def known_case(self, opened: Open) -> str:
        """The case of the known reporter."""
        for row in await opened.desk.cases():
            case = await opened.desk.case(row.identity)
            if any(entry.text == OLD_TEXT for entry in case.entries):
                return row.identity
        raise AssertionError("a case that was there is gone")

    def copy(self) -> None:
        """What a backup would hold, if it copied too much."""
        saved = self.folder / "saved"
        saved.mkdir()
        for path in (self.office.vault / name for name in (*_KEYRINGS, "vault.db")):
            shutil.copy(path, saved / path.name)

    def restore(self) -> None:
        """Put it back. The desk is shut."""
        names = {"keyrings": _KEYRINGS, "database": ("vault.db",), "both": (*_KEYRINGS, "vault.db")}
        if "vault.db" in names[self.plan.restored]:
            for path in self.office.vault.glob("vault.db*"):
                path.unlink()
        for name in names[self.plan.restored]:
            shutil.copy(self.folder / "saved" / name, self.office.vault / name)
        self.journal.note("restored", what_was=self.plan.restored)

    async def settle(self) -> None:
        """Everything starts again, and three days later once more. Only faults of the phase "settle" strike."""
        async with self.office.intake(), self.desk() as opened:
            await self.round(opened)
            if self.plan.again and not self.journal.lines("restored"):
                sent = {line["text"] for line in self.journal.lines("sent")}
                for reporter, text in self.messages:
                    if text not in sent:
                        await self.send(reporter, text)
        self.forward(days=3)
        async with self.office.intake(), self.desk() as opened:
            await self.round(opened)

    async def round(self, opened: Open) -> None:
        """Publish, sign in, fetch and open, publish."""

        async def working() -> None:
            await opened.sync.publish_round()
            await opened.sign_in()
            await opened.sync.fetch_round()
            self.forward(seconds=PERIOD)
            await opened.sync.publish_round()

        await self.phase("settle", working)
