"""The office of one run: a copy of one that was made once, in which a reporter has written and was answered."""

import asyncio
import copy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.protocol.receipt import Receipt
from tests.bureau.office import Clock, Office, Reporter
from tests.crash.journal import Journal

OLD_TEXT: Final = "The first report."
OLD_REPLY: Final = "The first answer."


@dataclass(frozen=True)
class Template:
    """An office at rest, and the words of the reporter whom it knows."""

    office: Office
    known: Receipt

    @classmethod
    def make(cls, folder: Path) -> "Template":
        """Make it, with a real intake and desk."""
        folder.mkdir()
        office = Office(folder)
        reporter = office.reporter()
        asyncio.run(_first_report(office, reporter))
        return cls(office, reporter.receipt)

    def copied(self, folder: Path) -> None:
        """All of its files."""
        shutil.copytree(self.office.folder, folder, ignore=shutil.ignore_patterns("*.sock"))

    def at(self, folder: Path, journal: Journal) -> Office:
        """The office whose files stand in this folder, with the clock where the journal left it."""
        office = copy.copy(self.office)
        office.folder = folder
        times = journal.lines("clock")
        office.clock = Clock(times[-1]["now"] if times else self.office.clock.now)
        return office


async def _first_report(office: Office, reporter: Reporter) -> None:
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send(OLD_TEXT)
        await opened.round()
        case = await opened.only_case()
        await opened.desk.send(case.row.identity, NoteDraft(EntryKind.REPLY, OLD_REPLY))
        office.clock.forward(seconds=3600)
        await opened.round()
        await opened.vault.database.checkpoint_truncate()
