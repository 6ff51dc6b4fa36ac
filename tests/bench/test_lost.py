"""The figure `reports_lost` can be something else than 0."""

from tests.bench.reports import missing, send
from tests.load.crowd import host_with


async def test_a_report_that_was_accepted_and_is_not_there_counts_as_lost() -> None:
    async with host_with() as host:
        run = await send(host, 4, 2, "there")
        assert await missing(host, [run]) == 0
        assert run.failed == 0
        assert run.processor_seconds > 0
        run.accepted.append("never sent")
        assert await missing(host, [run]) == 1
