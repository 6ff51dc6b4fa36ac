"""A thousand waiting envelopes, one of them poisoned: opened, committed, confirmed."""

from typing import Final

from tests.bench.place import folder
from tests.bureau.thousand import open_thousand

COUNT: Final = 1000


async def measure() -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures and what goes with them."""
    with folder() as place:
        return {"open_1000_envelopes_s": await open_thousand(place, COUNT)}, {}
