"""A bureau that seals cards, an intake behind the courier's interface, and an inbox between them."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropbox.courier.errors import CourierError, PeerError
from dropbox.courier.signing import CourierKey
from dropbox.ministry.inbox import Inbox
from dropbox.ministry.keyring import CourierKeys, Folder
from dropbox.ministry.settings import Settings, parse
from dropbox.ministry.store import Store
from dropbox.ministry.sync import Sync
from dropbox.ministry.views import Person
from dropbox.protocol import labels, sizes
from dropbox.protocol.card import Card, Dummy, Outcome, Referral, card_info, read_card, seal_card
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.keys import CertificateRequest, Role
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey, XWingSecretKey
from dropbox.storage.sealed_file import Cost

START = 20_000 * sizes.DAY + 40_000
CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
PASSPHRASE = "the passphrase of the service"
USER, PASSWORD = "coordinator", "correct horse battery"
PER_BATCH = 4
PERIOD = 10 * sizes.DAY  # a stock for thirty days is then twelve dummies
STOCK = 3 * PER_BATCH
DAYS = (0, 100_000)
PLANTED = "the planted words of a card"


def referral(**changes: Any) -> Referral:  # noqa: ANN401 - any of its fields
    """A card; every call has a reference of its own."""
    values: dict[str, Any] = {
        "reference": os.urandom(8),
        "region": "africa",
        "staff": "local",
        "function": "support",
        "category": "fraud",
        "period": "2024, spring",
        "summary": f"Invoices are paid twice; {PLANTED}.",
        "evidence": "documents",
        "seriousness": 2,
        "ongoing": "yes",
        "retaliation": "unsure",
        "ask": "Have the accounts of three years looked into, from The Hague.",
        "not_do": "Do not ask at the post before 1 December.",
        "answer_by": "2024-12-24",
    }
    return Referral(**{**values, **changes})


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: int = START

    def __call__(self) -> int:
        """Unix seconds."""
        return self.now


@dataclass
class Bureau:
    """The other side, and the holder of the root key."""

    root: RootSecretKey = field(default_factory=lambda: RootSecretKey.generate(os.urandom))
    card_key: SigningKey = field(default_factory=lambda: SigningKey.generate(Role.CARD, os.urandom))
    box: XWingSecretKey = field(default_factory=lambda: XWingSecretKey.generate(os.urandom))
    desk: CourierKey = field(default_factory=lambda: CourierKey(os.urandom(32)))

    @property
    def instance(self) -> bytes:
        """16 bytes."""
        return self.root.public.instance

    def seal(self, card: Card, to: bytes) -> bytes:
        """A card as the desk seals it."""
        return seal_card(card, self.instance, to, self.card_key.sign)

    def batch(self, to: bytes, *sealed: bytes) -> bytes:
        """A batch: these, and dummies."""
        dummies = [self.seal(Dummy(), to) for _ in range(PER_BATCH - len(sealed))]
        return b"".join([*sealed, *dummies])

    def publish(self, folder: Path, request: CertificateRequest | None = None, days: tuple[int, int] = DAYS) -> None:
        """Certify the bureau's keys and what the ministry asks for."""
        folder.mkdir(exist_ok=True)
        own = (
            (Role.CARD, self.card_key.public),
            (Role.BUREAU_CARD_BOX, self.box.public),
            (Role.DESK_COURIER, self.desk.public),
        )
        for role, key in (*own, *(request.keys if request else ())):
            (folder / f"{role}.json").write_bytes(self.root.certify(role, key, *days))

    def read(self, batch: bytes, outcome_public: bytes) -> list[Outcome]:
        """What a batch of outcomes says, dummies left out."""
        assert len(batch) == PER_BATCH * sizes.CARD
        found = []
        for start in range(0, len(batch), sizes.CARD):
            plain = hpke_open(self.box, card_info(self.instance, self.box.public), batch[start : start + sizes.CARD])
            card = read_card(plain, self.instance, self.box.public, (outcome_public,), labels.SIGN_OUTCOME, Outcome)
            if isinstance(card, Outcome):
                found.append(card)
        return found


@dataclass
class SimulatedIntake:
    """Mailboxes behind the courier's interface.  `fault`, once set, is what the next requests end in."""

    cards: dict[str, bytes] = field(default_factory=dict)
    outcomes: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    fault: CourierError | None = None
    fault_of: str = ""  # only requests whose method and path begin so

    def offer(self, body: bytes) -> str:
        """Let a batch wait."""
        name = os.urandom(16).hex()
        self.cards[name] = body
        return name

    def _note(self, request: str) -> None:
        self.requests.append(request)
        if self.fault is not None and request.startswith(self.fault_of):
            raise self.fault

    async def get(self, target: str, *, limit: int = 0) -> bytes:
        """List or fetch."""
        self._note(f"GET {target}")
        if target == "/v1/cards":
            return json.dumps({"keys": sorted(self.cards)}).encode()
        body = self.cards[target.removeprefix("/v1/cards/")]
        assert len(body) <= limit
        return body

    async def post(self, target: str, body: bytes) -> bytes:
        """Confirm."""
        self._note(f"POST {target}")
        for name in json.loads(body)["keys"]:
            self.cards.pop(name, None)
        return b"{}"

    async def put(self, target: str, body: bytes) -> bytes:
        """Take a batch of outcomes; the same once more changes nothing."""
        self._note(f"PUT {target}")
        if self.outcomes.setdefault(target, body) != body:
            raise PeerError(409, "conflict")
        return b"{}"


@dataclass
class Running:
    """An inbox that is up."""

    inbox: Inbox
    sync: Sync
    service: CourierKeys

    @property
    def address(self) -> bytes:
        """The key that cards are sealed to."""
        return self.service.box_public

    async def sign_in(self) -> Person:
        """Open it."""
        return await self.inbox.sign_in(USER, PASSWORD)


@dataclass
class World:
    """A place to start an inbox in, again and again on one database."""

    place: Path
    url: str
    bureau: Bureau = field(default_factory=Bureau)
    clock: Clock = field(default_factory=Clock)
    intake: SimulatedIntake = field(default_factory=SimulatedIntake)

    def values(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a parsed settings file
        """A settings file as parsed."""
        found = {
            "folder": str(self.place / "inbox"),
            "database": self.url,
            "intake_socket": str(self.place / "run" / "ministry.sock"),
            "keys_dir": str(self.place / "keys"),
            "root_key": self.bureau.root.public.raw.hex(),
            "listen": "127.0.0.1:0",
            "card_period": PERIOD,
            "cards_per_batch": PER_BATCH,
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def settings(self) -> Settings:
        """The same, checked."""
        return parse(self.values())

    @property
    def folder(self) -> Folder:
        """The inbox's files."""
        return Folder(self.place / "inbox", CHEAP)

    def make(self) -> CertificateRequest:
        """Make the inbox and have its keys certified."""
        (self.place / "inbox").mkdir()
        request = self.folder.make(PASSPHRASE, USER, PASSWORD, os.urandom)
        self.bureau.publish(self.place / "keys", request)
        return request

    @asynccontextmanager
    async def start(self) -> AsyncIterator[Running]:
        """An inbox against the simulated intake; made first if need be."""
        if not self.folder.is_made:
            self.make()
        service = self.folder.open_courier(PASSPHRASE)
        store = await Store.open(self.url, os.urandom)
        try:
            inbox = Inbox(self.settings, self.folder, service, store, self.clock)
            inbox.read_certificates()
            yield Running(inbox, Sync(inbox, self.intake, os.urandom), service)
        finally:
            await store.close()
