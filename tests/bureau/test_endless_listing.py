"""A host that lists envelopes for ever must not hold the desk for ever."""

import json

import pytest

from dropbox.bureau.host import Host
from dropbox.courier.errors import BadAnswerError


class EndlessCourier:
    """Answers every listing with a full page."""

    def __init__(self, *, rising: bool) -> None:
        self.asked, self._rising = 0, rising

    async def get(self, target: str, *, limit: int = 0) -> bytes:
        del target, limit
        start = self.asked * 10_000 if self._rising else 0
        self.asked += 1
        names = (f"{place:032x}" for place in range(start, start + 10_000))
        page = [{"key": name, "size": 16_384, "day": 1, "revision": 0} for name in names]
        return json.dumps({"envelopes": page}).encode()

    async def put(self, target: str, body: bytes, *, limit: int = 0) -> bytes:
        raise NotImplementedError

    async def post(self, target: str, body: bytes, *, limit: int = 0) -> bytes:
        raise NotImplementedError


async def test_listing_that_begins_again_is_refused_at_the_second_page() -> None:
    courier = EndlessCourier(rising=False)
    with pytest.raises(BadAnswerError):
        await Host(courier).envelopes()
    assert courier.asked == 2


async def test_listing_of_more_than_intake_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropbox.bureau.host._MOST_PAGES", 3)
    courier = EndlessCourier(rising=True)
    with pytest.raises(BadAnswerError):
        await Host(courier).envelopes()
    assert courier.asked == 3
