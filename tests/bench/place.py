"""The host that is measured: the real commands with their default settings, on this machine's own disk."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from dropbox.gateway.mother import REST_SECONDS
from dropbox.intake.limits import Limits
from tests.bench.costs import processor_seconds
from tests.gateway.processes import until
from tests.residue.host import Host, running_host

VAR: Final = Path(__file__).parents[2] / "var" / "bench"
WARM: Final = 8  # the gateway's default
# A flood of our own in a minute: the day's limit would end it, and nothing else is changed.
LIMITS: Final = {"envelopes_per_day": 100 * Limits.envelopes_per_day}


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give a new folder below `var`, which a disk holds: where `/tmp` is memory, nothing is durable."""
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="h", dir=VAR) as name:
        yield Path(name)


@contextlib.asynccontextmanager
async def measured_host(limits: dict[str, int] = LIMITS, **settings: int) -> AsyncIterator[Host]:
    """Run a host in a new folder."""
    with folder() as place:
        async with running_host(place, limits, **{"warm_processes": WARM} | settings) as host:
            yield host


async def at_rest(host: Host, warm: int = WARM) -> None:
    """Wait until nobody is served and every process that served is buried.

    As many as wait, one of them busy, there are also before the mother makes the next; then they change.
    """
    serving: set[int] = set()
    since = 0.0

    def calm() -> bool:
        nonlocal serving, since
        if (found := host.gateway.serving()) != serving:
            serving, since = found, time.monotonic()
        return len(serving) == warm and time.monotonic() > since + 2 * REST_SECONDS

    await until(calm)


async def cost(host: Host) -> float:
    """Return the processor seconds of all processes of the host so far, once all of them are at rest."""
    await at_rest(host)
    await asyncio.sleep(0.1)  # intake closes what the gateway's process left
    return processor_seconds(host.processes())
