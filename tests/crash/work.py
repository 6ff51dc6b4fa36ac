"""What the people in a run do, phase by phase. It is interrupted anywhere, and everything promised is noted."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select, table

from dropbox.bureau.copies import LIST_FILE
from dropbox.bureau.errors import AlreadyMadeError, DeskError
from dropbox.bureau.keyring import PUBLISHER_FILE, RECIPIENT_FILE
from dropbox.bureau.restoring import Secrets, restore
from dropbox.bureau.views import CardDraft, Consent, EntryKind, NoteDraft
from dropbox.courier.errors import CourierError
from dropbox.intake.errors import IntakeError
from dropbox.protocol.receipt import Receipt
from dropbox.reporter.errors import VisitError
from dropbox.storage.database import open_database
from dropbox.storage.errors import StorageError
from tests.bureau.office import PASSPHRASE, PASSWORD, PERIOD, USER, Open, Reporter
from tests.crash.faults import Faults
from tests.crash.journal import Journal
from tests.crash.ministry import Ministry
from tests.crash.office import OLD_TEXT, Template
from tests.crash.plan import FROM_BACKUP, RESTORED, Plan
from tests.crash.shared import Shared

EXPECTED: Final = (VisitError, DeskError, IntakeError, CourierError, StorageError, OSError)
LONG: Final = " There is more to say." * 90
_KEYRINGS: Final = (PUBLISHER_FILE, RECIPIENT_FILE)
_OFTEN, _HARDLY_EVER = 2 * PERIOD, 30 * 86_400
CARD: Final = CardDraft(
    region="africa", staff="local", function="support", category="fraud", period="2026 Q2",
    summary="A colleague is said to take money.", evidence="document", seriousness=2, ongoing="yes",
    retaliation="unsure", ask="Look into the accounts.", not_do="No inquiry on the spot.", answer_by="2027-01-15",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a run happens, and what its processes share."""

    template: Template
    folder: Path
    journal: Journal
    shared: Shared


class Work:
    """One run's people: a known reporter, a new one, a handler, the ministry."""

    def __init__(self, place: Place, plan: Plan, faults: Faults, *, alone: bool) -> None:
        """`alone`: intake is in this process too."""
        self.plan, self.folder, self.faults, self.journal = plan, place.folder, faults, place.journal
        self.alone = alone
        self._place = place
        self._move_in()

    def _move_in(self) -> None:
        """The office as it stands: with a new disk for the desk, once the first is lost."""
        place, plan = self._place, self.plan
        template, anew = place.template, bool(self.journal.lines("lost"))
        period = _OFTEN if plan.cards else _HARDLY_EVER
        self.office = template.at(place.folder, place.shared, plan, card_period=period, anew=anew)
        self.known = Reporter(self.office, template.known)
        self.new = Reporter(self.office, Receipt(hashlib.sha256(b"%d" % plan.seed).digest()[:15]))

    @property
    def messages(self) -> tuple[tuple[Reporter, str], ...]:
        """Who sends what."""
        return ((self.new, "The new report."), (self.known, "A later message."))

    def forward(self, days: int = 0, seconds: int = 0) -> None:
        """Let time pass."""
        self.office.clock.forward(days, seconds)

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
    async def intake(self) -> AsyncIterator[None]:
        """Intake, while the body runs, where it is not a process of its own."""
        async with AsyncExitStack() as stack:
            if self.alone:
                with self._starting():
                    await stack.enter_async_context(self.office.intake())
            yield

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Open]:
        """A desk, while the body runs."""
        async with AsyncExitStack() as stack:
            with self._starting():
                opened = await stack.enter_async_context(self.office.desk())
            opened.sync.publisher._offered = not self.plan.offers
            yield opened

    @contextmanager
    def _starting(self) -> Iterator[None]:
        before = self.faults.phase
        self.faults.phase = before or "start"
        try:
            yield
        finally:
            self.faults.phase = before

    async def day(self) -> None:
        """The whole plan, from an office at rest."""
        async with self.intake():
            async with self.desk() as opened:
                await opened.sync.publish_round()
                await opened.sign_in()
                for reporter, text in self.messages:
                    await self.send(reporter, text)
                await opened.sync.fetch_round()
                if self.plan.restored in RESTORED:
                    await opened.vault.database.checkpoint_truncate()
            if self.plan.restored in RESTORED:
                self.copy()
            async with self.desk() as opened:
                await opened.sync.publish_round()
                await opened.sign_in()
                await self.answer(opened, "The second answer.")
                if self.plan.cards:
                    await self.refer(opened)
                self.forward(seconds=_OFTEN if self.plan.cards else PERIOD)
                await opened.sync.publish_round()
                if self.plan.cards:
                    await self.phase("mailbox", self.ministry(opened).visit)
                    await opened.sync.fetch_round()
                if self.plan.restored == FROM_BACKUP:
                    await opened.sync.fetch_round()  # the answer is in the backup
            if self.plan.restored == FROM_BACKUP:
                await self.lose_disk()
                await self.make_anew()
            elif self.plan.restored:
                self.restore()
            if self.plan.restored:
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

    async def refer(self, opened: Open) -> None:
        """A card about the known reporter's case."""

        async def releasing() -> None:
            consent = Consent(given=True, words="Yes, pass it on.")
            reference = await opened.desk.release_card(await self.known_case(opened), CARD, consent)
            self.journal.note("referred", reference=reference)

        await self.phase("refer", releasing)

    def ministry(self, opened: Open) -> Ministry:
        """It knows the desk by its certified keys."""
        state = opened.vault.publisher.state
        return Ministry(self.office, self.journal, (state.card_public, state.box_public))

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
            with (self.office.vault / name).open("rb") as file:
                os.fsync(file.fileno())
        self.journal.note("restored", what_was=self.plan.restored)

    async def lose_disk(self) -> None:
        """The desk's disk is gone. What intake holds then was sealed to prekeys that are in no backup."""
        if not (self.office.backup / LIST_FILE).exists():
            return  # nothing was confirmed yet either
        self._place.template.lose_disk(self.folder)
        self.journal.note("lost", waiting=await self.waiting())
        self._move_in()

    async def waiting(self) -> int:
        """How many envelopes intake holds."""
        database = open_database(self.office.intake_database or f"sqlite:///{self.folder}/intake.db")
        try:
            async with database.read() as connection:
                return await connection.scalar(select(func.count()).select_from(table("envelopes"))) or 0
        finally:
            await database.close()

    async def make_anew(self) -> None:
        """Make the desk from its backup, unless that was done: a restoring that was interrupted is begun again."""
        if not self.journal.lines("lost") or self.journal.lines("restored"):
            return

        async def restoring() -> None:
            secrets = Secrets(PASSPHRASE, USER, PASSWORD)
            with contextlib.suppress(AlreadyMadeError):  # it died when all was done, before anybody was told
                await restore(self.office.settings(), self.office.backup, secrets, self.office.clock(), os.urandom)
            self.journal.note("restored", what_was=FROM_BACKUP)

        await self.phase("restore", restoring)

    async def settle(self) -> None:
        """Everything starts again, and whoever had no answer comes again. Then three days pass."""
        await self.make_anew()
        async with self.intake(), self.desk() as opened:
            await self.round(opened)
            if self.plan.cards:
                await self.phase("settle", self.ministry(opened).visit)
            if self.plan.again and not self.journal.lines("restored"):
                sent = {line["text"] for line in self.journal.lines("sent")}
                for reporter, text in self.messages:
                    if text not in sent:
                        await self.send(reporter, text)
        self.forward(days=3)

    async def round(self, opened: Open) -> None:
        """Publish, sign in, fetch and open, publish."""

        async def working() -> None:
            await opened.sync.publish_round()
            await opened.sign_in()
            await opened.sync.fetch_round()
            self.forward(seconds=PERIOD)
            await opened.sync.publish_round()

        await self.phase("settle", working)
