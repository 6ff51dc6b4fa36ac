"""The office of one run: a copy of one that was made once, in which a reporter has written and was answered."""

import asyncio
import copy
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dropbox.bureau.views import EntryKind, NoteDraft
from dropbox.intake.service import serving
from dropbox.intake.settings import parse as parse_intake
from dropbox.protocol.receipt import Receipt
from tests.bureau.office import CARDS, PERIOD, Office, Reporter
from tests.crash.plan import Plan
from tests.crash.server import Server
from tests.crash.shared import Shared, SharedClock

OLD_TEXT: Final = "The first report."
OLD_REPLY: Final = "The first answer."
_TEMPLATE: Final = "template"
_ANEW: Final = "_anew"


class CrashOffice(Office):
    """An office whose intake may stand on PostgreSQL too, and whose cards go out as often as wanted."""

    intake_database: str = ""
    card_period: int = 30 * 86_400
    backed: bool = False
    vault_name: str = "vault"

    @property
    def vault(self) -> Path:
        """The vault's folder: another one, once the disk of the first is lost."""
        return self.folder / self.vault_name

    @property
    def backup(self) -> Path:
        """The medium of the backup, another disk."""
        return self.folder / "backup"

    def values(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a parsed settings file
        """The desk's settings file as parsed."""
        backup = {"backup": str(self.backup)} if self.backed else {}
        return super().values(**{"card_period": self.card_period, **backup, **changes})

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[None]:
        """A real intake, while the body runs."""
        settings = parse_intake(
            {
                "database": self.intake_database or f"sqlite:///{self.folder}/intake.db",
                "runtime_dir": str(self.folder / "run"),
                "keys_dir": str(self.folder / "keys"),
                "root_key": self.root.public.raw.hex(),
                "cards_per_batch": CARDS,
            }
        )
        async with serving(settings, self.clock, os.urandom):
            yield


@dataclass(frozen=True)
class Template:
    """An office at rest, and the words of the reporter whom it knows."""

    office: CrashOffice
    known: Receipt
    server: Server | None

    @classmethod
    def make(cls, folder: Path, server: Server | None, *, backed: bool) -> "Template":
        """Make it, with a real intake and desk."""
        folder.mkdir()
        office = CrashOffice(folder)
        office.backup.mkdir()
        if server is not None:
            office = _on(server, _TEMPLATE, office)
        reporter = office.reporter()
        asyncio.run(_first_report(office, reporter))
        if backed:
            office.backed = True
            asyncio.run(_first_backup(office))
        return cls(office, reporter.receipt, server)

    def copied(self, folder: Path) -> None:
        """All of its files and databases."""
        shutil.copytree(self.office.folder, folder, ignore=shutil.ignore_patterns("*.sock"))
        if self.server is not None:
            for role in ("desk", "intake"):
                self.server.make(f"{role}_{folder.name}", f"{role}_{_TEMPLATE}")

    def removed(self, folder: Path) -> None:
        """What was copied."""
        shutil.rmtree(folder)
        if self.server is not None:
            self.server.wait()
            for role in ("desk", "intake"):
                self.server.drop(f"{role}_{folder.name}")
            self.server.drop(f"desk_{folder.name}{_ANEW}")

    def lose_disk(self, folder: Path) -> None:
        """What a new machine of the desk has: an empty database, where that is a server's."""
        if self.server is not None:
            self.server.drop(f"desk_{folder.name}{_ANEW}")
            self.server.make(f"desk_{folder.name}{_ANEW}")

    def at(self, folder: Path, shared: Shared, plan: Plan, *, card_period: int, anew: bool) -> CrashOffice:
        """The office whose files stand in this folder; its desk on a new disk, where the first one is lost."""
        office = copy.copy(self.office)
        office.folder = folder
        office.clock = SharedClock(shared)
        office.card_period, office.backed = card_period, plan.backed
        office.vault_name = f"vault{_ANEW}" if anew else "vault"
        if self.server is not None:
            office.database = self.server.url(f"desk_{folder.name}{_ANEW if anew else ''}")
            office.intake_database = self.server.url(f"intake_{folder.name}")
        return office


def _on(server: Server, name: str, office: CrashOffice) -> CrashOffice:
    for role in ("desk", "intake"):
        server.make(f"{role}_{name}")
    office.database = server.url(f"desk_{name}")
    office.intake_database = server.url(f"intake_{name}")
    return office


async def _first_report(office: Office, reporter: Reporter) -> None:
    async with office.open() as opened:
        await opened.sign_in()
        await reporter.send(OLD_TEXT)
        await opened.round()
        case = await opened.only_case()
        await opened.desk.send(case.row.identity, NoteDraft(EntryKind.REPLY, OLD_REPLY))
        office.clock.forward(seconds=PERIOD)
        await opened.round()
        await opened.vault.database.checkpoint_truncate()


async def _first_backup(office: Office) -> None:
    async with office.intake(), office.desk() as opened:
        await opened.sign_in()
        await opened.round()
        await opened.vault.database.checkpoint_truncate()
