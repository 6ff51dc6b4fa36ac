"""A bureau's office for tests: a real intake on real sockets, a real vault, a reporter; one clock that tests move."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropbox.bureau import service
from dropbox.bureau.desk import Desk
from dropbox.bureau.host import Courier
from dropbox.bureau.settings import Settings, parse
from dropbox.bureau.sync import Sync
from dropbox.bureau.vault import NewDesk, Vault, make
from dropbox.bureau.views import CaseView, Handler
from dropbox.courier.client import CourierClient
from dropbox.courier.signing import CourierKey, audience
from dropbox.intake.service import serving
from dropbox.intake.settings import parse as parse_intake
from dropbox.protocol import sizes
from dropbox.protocol.keys import CertificateRequest, Role
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey, XWingSecretKey
from dropbox.reporter import exchange
from dropbox.reporter.exchange import Dialogue, Outgoing, Sending
from dropbox.reporter.transport import Request, Response
from dropbox.storage.sealed_file import Cost
from tests.simulators.intake_client import ReporterClient

START_DAY = 20_000
PERIOD = 3600
CARD_PERIOD = 10 * sizes.DAY
CARDS = 2
PASSPHRASE = "a passphrase of the service"
USER, PASSWORD = "ines", "four words of mine"
CHEAP = Cost(memory_kib=8, passes=1)


@dataclass
class Clock:
    """Unix seconds; stands still until it is moved."""

    now: int = START_DAY * sizes.DAY + 9 * 3600

    def __call__(self) -> int:
        """Unix seconds."""
        return self.now

    @property
    def day(self) -> int:
        """The UTC day."""
        return self.now // sizes.DAY

    def forward(self, days: int = 0, seconds: int = 0) -> None:
        """Let time pass."""
        self.now += days * sizes.DAY + seconds


class Transport:
    """A reporter's transport to intake's own socket."""

    def __init__(self, client: ReporterClient) -> None:
        self._client = client

    async def send(self, request: Request) -> Response:
        """One request, real bytes."""
        answer = await self._client.request(request.method, request.path, request.body or None)
        return Response(answer.status, answer.body)


@dataclass
class Reporter:
    """Somebody with twelve words."""

    office: "Office"
    receipt: Receipt = field(default_factory=lambda: Receipt.generate(os.urandom))

    async def send(
        self,
        text: str,
        files: Sequence[tuple[str, bytes]] = (),
        *,
        known: bool = False,
        message_id: bytes | None = None,
        **fields: Any,  # noqa: ANN401 - of Message
    ) -> bytes:
        """Send a message; gives its id."""
        message_id = message_id or os.urandom(16)
        async with self.office.transport() as transport:
            bulletin = await exchange.fetch_bulletin(transport, self.office.root.public, self.office.clock())
            sending = Sending(transport, bulletin, Outgoing(self.receipt, message_id, known), os.urandom)
            await sending.begin(Message(text, **fields))
            for name, data in files:
                await sending.begin_file(name)
                await sending.file_data(data)
                await sending.end_file()
            await sending.finish()
        return message_id

    async def read(self) -> Dialogue:
        """What the boards hold for these words."""
        async with self.office.transport() as transport:
            now = self.office.clock()
            bulletin = await exchange.fetch_bulletin(transport, self.office.root.public, now)
            boards = await exchange.fetch_boards(transport, bulletin, now)
            return exchange.read_dialogue(self.receipt, bulletin, boards, now)

    async def notes(self) -> list[object]:
        """The notes, in order."""
        return [note.note for mailbox in (await self.read()).mailboxes for note in mailbox.notes]


@dataclass
class Open:
    """An office at work."""

    desk: Desk
    sync: Sync
    vault: Vault

    async def sign_in(self) -> Handler:
        """The first account."""
        return await self.desk.sign_in(USER, PASSWORD)

    async def round(self) -> None:
        """Everything once, in the order that the clock would bring; nothing may go wrong."""
        await self.sync.publish_round()
        await self.sync.fetch_round()
        await self.sync.publish_round()
        assert self.sync.problems == {}

    async def only_case(self) -> CaseView:
        """The one case that there is."""
        (row,) = await self.desk.cases()
        return await self.desk.case(row.identity)


@dataclass
class Office:
    """A place with keys, in which intake and desk are started again and again."""

    folder: Path
    database: str = ""
    clock: Clock = field(default_factory=Clock)
    root: RootSecretKey = field(default_factory=lambda: RootSecretKey.generate(os.urandom))
    ministry_box: XWingSecretKey = field(default_factory=lambda: XWingSecretKey.generate(os.urandom))
    ministry_outcome: SigningKey = field(default_factory=lambda: SigningKey.generate(Role.OUTCOME, os.urandom))
    ministry_courier: CourierKey = field(default_factory=lambda: CourierKey(os.urandom(32)))

    def __post_init__(self) -> None:
        for name in ("keys", "run"):
            (self.folder / name).mkdir()
        wanted = make(self.vault, NewDesk(PASSPHRASE, USER, PASSWORD, CHEAP), self.clock(), os.urandom)
        ministry = CertificateRequest(
            (
                (Role.MINISTRY_CARD_BOX, self.ministry_box.public),
                (Role.OUTCOME, self.ministry_outcome.public),
                (Role.MINISTRY_COURIER, self.ministry_courier.public),
            )
        )
        for role, key in (*wanted.keys, *ministry.keys):
            certificate = self.root.certify(role, key, START_DAY - 1000, START_DAY + 1000)
            (self.folder / "keys" / f"{role}.json").write_bytes(certificate)

    @property
    def vault(self) -> Path:
        """The vault's folder."""
        return self.folder / "vault"

    def values(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a parsed settings file
        """The desk's settings file as parsed."""
        found = {
            "vault": str(self.vault),
            "intake_socket": str(self.folder / "run" / "desk.sock"),
            "keys_dir": str(self.folder / "keys"),
            "root_key": self.root.public.raw.hex(),
            "board_period": PERIOD,
            "card_period": CARD_PERIOD,
            "cards_per_batch": CARDS,
            **changes,
        }
        found = {name: value for name, value in found.items() if value is not None}
        return found if not self.database else {"database": self.database, **found}

    def settings(self, **changes: Any) -> Settings:  # noqa: ANN401 - a parsed settings file
        """The desk's settings."""
        return parse(self.values(**changes))

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[None]:
        """A real intake, while the body runs."""
        settings = parse_intake(
            {
                "database": f"sqlite:///{self.folder}/intake.db",
                "runtime_dir": str(self.folder / "run"),
                "keys_dir": str(self.folder / "keys"),
                "root_key": self.root.public.raw.hex(),
                "cards_per_batch": CARDS,
            }
        )
        async with serving(settings, self.clock, os.urandom):
            yield

    @asynccontextmanager
    async def desk(
        self,
        courier: Courier | None = None,
        clock: Callable[[], int] | None = None,
        **changes: Any,  # noqa: ANN401 - of the settings file
    ) -> AsyncIterator[Open]:
        """A desk, while the body runs; nothing happens by itself."""
        settings = self.settings(**changes)
        async with service.opened(settings, PASSPHRASE, clock or self.clock, os.urandom, courier) as running:
            yield Open(running.desk, running.sync, running.vault)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Open]:
        """Intake and desk, with a first round behind them."""
        async with self.intake(), self.desk() as opened:
            await opened.round()
            yield opened

    @asynccontextmanager
    async def transport(self) -> AsyncIterator[Transport]:
        """A reporter's way to intake."""
        async with ReporterClient(self.folder / "run" / "reporters.sock") as client:
            yield Transport(client)

    @asynccontextmanager
    async def ministry(self) -> AsyncIterator[CourierClient]:
        """The ministry's courier."""
        name = audience("ministry-courier", self.root.public.instance)
        socket = self.folder / "run" / "ministry.sock"
        async with CourierClient.over_unix_socket(
            socket, self.ministry_courier, name, self.clock, os.urandom
        ) as courier:
            yield courier

    def reporter(self) -> Reporter:
        """Somebody new."""
        return Reporter(self)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="bu") as name:
        yield Path(name)


MakeOffice = Callable[[], Office]
