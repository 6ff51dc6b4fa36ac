"""What the desk asks of intake, in its words.  Behind it stands the courier, or a simulator of a malicious host."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from dropbox.courier.errors import BadAnswerError, RefusedError
from dropbox.protocol import sizes
from dropbox.protocol.board_head import BOARD_MAX
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.sizes import Prefix

_NOT_FOUND: Final = 404
_MOST_LISTED: Final = 10_000
_MOST_PAGES: Final = 140  # 20 GiB of the smallest envelopes, which is what intake holds, take 132
_CONFIRMED_AT_ONCE: Final = 1_000
_OLDEST: Final = 64  # days: the last fallback key that an envelope may be sealed to dies before
LATEST: Final = 2  # days ahead: clocks are 12 hours apart at most
NAME: Final = 16


class Courier(Protocol):
    """Signed requests; `dropbox.courier.client.CourierClient` is one.  Every method raises CourierError."""

    async def get(self, target: str, *, limit: int = ...) -> bytes:
        """The answer to a GET, of at most `limit` bytes."""
        ...

    async def put(self, target: str, body: bytes, *, limit: int = ...) -> bytes:
        """The answer to a PUT."""
        ...

    async def post(self, target: str, body: bytes, *, limit: int = ...) -> bytes:
        """The answer to a POST."""
        ...


@dataclass(frozen=True)
class Listed:
    """An envelope on intake, as intake describes it: nothing of it is proven."""

    envelope: bytes
    size: int
    day: int
    revision: int

    def is_possible(self, today: int) -> bool:
        """Whether an envelope of this day can be on intake today; nothing else is shown to anybody or kept."""
        return today - _OLDEST <= self.day <= today + LATEST

    def begins_with(self, chunk: bytes) -> bool:
        """Whether these bytes begin an envelope of the day and revision that intake said."""
        try:
            prefix = Prefix.from_bytes(chunk[: sizes.PREFIX])
        except ProtocolError:
            return False
        return (prefix.day, prefix.revision) == (self.day, self.revision)


class Host:
    """Intake as the desk uses it.  Every method raises CourierError; answers are checked for their form."""

    def __init__(self, courier: Courier, *, publishing: Courier | None = None, cards: Courier | None = None) -> None:
        """Ask through this courier; publish, and carry cards, through their own where these are given."""
        self._courier, self._publishing, self._cards = courier, publishing or courier, cards or courier

    async def envelopes(self) -> list[Listed]:
        """All complete envelopes, in the order of their names: a host cannot make this go on for ever."""
        found: list[Listed] = []
        after = ""
        for _ in range(_MOST_PAGES):
            data = await self._courier.get(f"/v1/envelopes{after}", limit=4 * sizes.MIB)
            page = [_listed(one) for one in _list_of(data, "envelopes")]
            if any(left.envelope >= right.envelope for left, right in itertools.pairwise((*found[-1:], *page))):
                raise BadAnswerError
            found += page
            if len(page) < _MOST_LISTED:
                return found
            after = f"?after={page[-1].envelope.hex()}"
        raise BadAnswerError

    async def chunk(self, envelope: bytes, place: int) -> bytes:
        """One MiB of an envelope, less at its end."""
        return await self._courier.get(f"/v1/envelopes/{envelope.hex()}/{place}", limit=sizes.UPLOAD_CHUNK)

    async def confirm(self, recipient: bytes, envelopes: Sequence[bytes]) -> None:
        """Say that this recipient has these safely."""
        for at in range(0, len(envelopes), _CONFIRMED_AT_ONCE):
            keys = [one.hex() for one in envelopes[at : at + _CONFIRMED_AT_ONCE]]
            body = json.dumps({"recipient": recipient.hex(), "keys": keys}).encode()
            await self._courier.post("/v1/confirmations", body)

    async def put_bulletin(self, day: int, revision: int, body: bytes) -> None:
        """Publish a bulletin."""
        await self._publishing.put(f"/v1/bulletins/{day}/{revision}", body)

    async def put_board(self, recipient: bytes, body: bytes) -> None:
        """Publish a board."""
        await self._publishing.put(f"/v1/boards/{recipient.hex()}", body)

    async def board(self, recipient: bytes) -> bytes | None:
        """The last board that intake has of a recipient, None when it says that there is none."""
        try:
            return await self._publishing.get(f"/v1/boards/{recipient.hex()}", limit=BOARD_MAX)
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    async def put_publication(self, body: bytes) -> None:
        """Publish the publication."""
        await self._publishing.put("/v1/publication", body)

    async def put_cards(self, batch: bytes, body: bytes) -> None:
        """Send a batch of cards to the ministry's mailbox."""
        await self._cards.put(f"/v1/cards/{batch.hex()}", body)

    async def outcomes(self) -> list[bytes]:
        """The names of the batches of outcomes that wait."""
        return [_name(one) for one in _list_of(await self._cards.get("/v1/outcomes"), "keys")]

    async def outcome(self, batch: bytes) -> bytes:
        """A batch of outcomes."""
        return await self._cards.get(f"/v1/outcomes/{batch.hex()}")

    async def confirm_outcomes(self, batches: Sequence[bytes]) -> None:
        """Say that these are safe here."""
        body = json.dumps({"keys": [one.hex() for one in batches]}).encode()
        await self._cards.post("/v1/outcomes/confirmations", body)


def _list_of(data: bytes, name: str) -> list[object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise BadAnswerError from None
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise BadAnswerError
    return found


def _name(value: object) -> bytes:
    try:
        name = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        raise BadAnswerError from None
    if len(name) != NAME:
        raise BadAnswerError
    return name


def _listed(value: object) -> Listed:
    if not isinstance(value, dict) or set(value) != {"key", "size", "day", "revision"}:
        raise BadAnswerError
    size, day, revision = value["size"], value["day"], value["revision"]
    if not all(type(one) is int for one in (size, day, revision)) or size not in sizes.ENVELOPE_LADDER:
        raise BadAnswerError
    if not (0 <= day < 1 << 31 and 0 <= revision < 1 << 16):
        raise BadAnswerError
    return Listed(_name(value["key"]), size, day, revision)
