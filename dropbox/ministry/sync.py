"""Collecting cards and sending answers at fixed times, also while nobody is signed in.

The host sees when it is asked for something: once a period, at its beginning and somewhat later by chance, whatever
anybody does at the pages.  When the line failed, it is tried again soon, and less soon each time.

Every round makes the same requests whatever there is to say: list, collect, confirm, and one batch of a fixed number of
answers, dummies included.  What is confirmed is committed.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from dropbox.courier.errors import BadAnswerError, CourierError, PeerError, RefusedError, UnreachableError
from dropbox.ministry.errors import SettingsError
from dropbox.ministry.inbox import Inbox
from dropbox.ministry.settings import MOST_CARDS
from dropbox.ministry.views import SyncState, Trouble
from dropbox.protocol import documents, primitives, sizes
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Role
from dropbox.storage.errors import StorageError
from dropbox.torlink.errors import Fault
from dropbox.torlink.timetable import next_time, wait_after

logger = logging.getLogger("dropbox.ministry")

BATCHES_AT_ONCE = 64
"""Batches collected in one round; what is left waits for the next one."""

WAITING_MOST = 4096
"""Sealed cards kept while nobody signs in, 64 MiB: more are not collected, so a host cannot fill this machine."""

LONGEST_SLEEP = 60
"""Seconds.  A machine that slept, or a clock that was set, is noticed within a minute."""

_KEY = 16
_FULL = "full"
_THE_LINE = frozenset({Trouble.UNREACHABLE, *(Trouble(fault.value) for fault in Fault)})
_TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (RefusedError, Trouble.REFUSED),
    (BadAnswerError, Trouble.BAD_ANSWER),
    (CourierError, Trouble.UNREACHABLE),
    (SettingsError, Trouble.KEYS),
    (StorageError, Trouble.DATABASE),
)


class Courier(Protocol):
    """Signed requests to intake's socket for the ministry: `dropbox.courier.client.CourierClient`."""

    async def get(self, target: str, *, limit: int = ...) -> bytes:
        """The answer to a GET.  Raises CourierError."""

    async def put(self, target: str, body: bytes) -> bytes:
        """The answer to a PUT.  Raises CourierError."""

    async def post(self, target: str, body: bytes) -> bytes:
        """The answer to a POST.  Raises CourierError."""


class Sync:
    """One inbox's exchange with intake."""

    def __init__(
        self, inbox: Inbox, courier: Courier, random: Callable[[int], bytes], *, sending: Courier | None = None
    ) -> None:
        """Nothing is exchanged before `run` or `round`.  `sending` is for answers, where these have their own."""
        self._inbox, self._courier, self._sending, self._random = inbox, courier, sending or courier, random
        self._due: int | None = None
        self._last_contact: int | None = None
        self._troubles: list[Trouble] = []

    async def run(self) -> None:
        """A round at once, then one in every card period, until cancelled."""
        period, failures = self._inbox.settings.card_period, 0
        while True:
            begun = self._inbox.now() // period * period
            self._due = next_time(begun, period, self._random)
            await self.round()
            failures = failures + 1 if _THE_LINE.intersection(self._troubles) else 0
            if failures:
                self._due = min(self._due, self._inbox.now() + wait_after(failures, self._random))
            # A clock that went back before this period ends the wait too.
            while begun <= (now := self._inbox.now()) < self._due:  # noqa: ASYNC110 - the clock is what is waited for
                await asyncio.sleep(min(LONGEST_SLEEP, self._due - now))

    async def round(self) -> None:
        """Collect, open if somebody is signed in, send.  No failure leaves it; each is shown in `state`."""
        self._troubles = []
        done = await self._try(self._certificates)
        done = await self._try(self._collect) and done
        done = await self._try(self._open) and done
        done = await self._try(self._send) and done
        if done:
            self._last_contact = self._inbox.now()

    async def state(self) -> SyncState:
        """How it stands."""
        counted = await self._inbox.store.counted_incoming()
        troubles = tuple(dict.fromkeys([*self._troubles, *self._standing()]))
        return SyncState(
            self._last_contact,
            self._due or self._next_due(),
            counted.get("", 0),
            await self._inbox.store.unsent(),
            troubles,
        )

    def _next_due(self) -> int:
        period = self._inbox.settings.card_period
        return (self._inbox.now() // period + 1) * period

    def _standing(self) -> list[Trouble]:
        """What no request shows: certificates that are missing or name other keys."""
        found = []
        if self._inbox.bureau_box() is None or not self._inbox.certified(Role.CARD):
            found.append(Trouble.NO_BUREAU)
        service = self._inbox.service
        ours = (
            (Role.MINISTRY_COURIER, service.courier.public),
            (Role.MINISTRY_CARD_BOX, service.box_public),
            (Role.OUTCOME, service.outcome_public),
        )
        if any(key not in self._inbox.certified(role) for role, key in ours):
            found.append(Trouble.NOT_OURS)
        return found

    async def _try(self, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except Exception as fault:  # noqa: BLE001 - one bad round must not end the inbox's exchange for good
            self._troubles.append(_trouble(fault))
            return False
        return True

    async def _certificates(self) -> None:
        self._inbox.read_certificates()

    async def _collect(self) -> None:
        names = _names(await self._courier.get("/v1/cards"))[:BATCHES_AT_ONCE]
        kept = []
        for name in names:
            if sum((await self._inbox.store.counted_incoming()).values()) >= WAITING_MOST:
                self._troubles.append(Trouble.MANY_WAITING)
                break
            body = await self._courier.get(f"/v1/cards/{name}", limit=MOST_CARDS * sizes.CARD)
            if not body or len(body) % sizes.CARD:
                self._troubles.append(Trouble.BAD_ANSWER)
                continue
            cards = [body[start : start + sizes.CARD] for start in range(0, len(body), sizes.CARD)]
            await self._inbox.store.keep_fetched(cards, self._inbox.today())
            kept.append(name)
        if kept:
            await self._courier.post("/v1/cards/confirmations", json.dumps({"keys": kept}).encode())

    async def _open(self) -> None:
        await self._inbox.open_waiting()
        await self._inbox.restock()

    async def _send(self) -> None:
        box = self._inbox.bureau_box()
        if box is None:
            return
        batch = await self._inbox.store.batch(self._inbox.settings.cards_per_batch, primitives.sha256(box))
        if batch is None:
            self._troubles.append(Trouble.NO_DUMMIES)
            return
        await self._sending.put(f"/v1/outcomes/{batch.name.hex()}", batch.body)
        await self._inbox.store.sent(batch.name, self._inbox.today())


def _names(answer: bytes) -> list[str]:
    """The names of waiting batches.  Raises BadAnswerError."""
    try:
        value = json.loads(answer)
        names = documents.fields(value, ("keys",))["keys"]
        for name in documents.items(names, len(answer)):
            documents.from_hex(name, _KEY)
    except (ValueError, RecursionError, ProtocolError):
        raise BadAnswerError from None
    return list(dict.fromkeys(names))


def _trouble(fault: Exception) -> Trouble:
    if isinstance(fault, UnreachableError) and fault.reason:
        return Trouble(fault.reason)
    if isinstance(fault, PeerError) and fault.code == _FULL:
        return Trouble.FULL
    for kind, trouble in _TROUBLES:
        if isinstance(fault, kind):
            return trouble
    # Only the type: a text may quote a card.
    logger.error("A round of the exchange failed by our own mistake: %s", type(fault).__name__)
    return Trouble.OURS
