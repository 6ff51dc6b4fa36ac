"""The publisher's step with 2,048 records: read, made anew under a fresh salt, signed, sent, and taken by intake."""

import os
import statistics
import time
from dataclasses import replace
from typing import Final

from dropbox.bureau import ledger
from dropbox.bureau.ledger import ACKNOWLEDGEMENT, NOTE, Record
from dropbox.protocol import sizes
from tests.bench.place import folder
from tests.bench.whole_board import RECORDS
from tests.bureau.office import Office, Open
from tests.bureau.thousand import RealClock, intake_process

THREADS: Final = 1000
ISSUES: Final = 15
FRESH: Final = 3  # records that came since the last board
LIVE_DAYS: Final = 100


async def measure() -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures and what goes with them."""
    took, used = [], []
    with folder() as place:
        office = Office(place, clock=RealClock())
        async with intake_process(office), office.desk() as opened:
            await opened.sync.publish_round()
            assert opened.sync.problems == {}
            threads = await _fill(opened)
            await _issue(opened)  # the first one marks all of them as published
            for number in range(ISSUES):
                await _add(opened, NOTE, [(thread, 2 + number // len(threads)) for thread in threads[:FRESH]])
                threads = threads[FRESH:] + threads[:FRESH]
                seconds, processor = await _issue(opened)
                took.append(seconds)
                used.append(processor)
            board = await opened.sync._host.board(opened.vault.publisher.state.recipient)
            assert board is not None
            assert len(board) // sizes.RECORD == RECORDS
    return {"board_2048_issue_ms": 1000 * statistics.median(took)}, {
        "board_2048_issue_cpu_ms": 1000 * statistics.median(used),
    }


async def _fill(opened: Open) -> list[bytes]:
    """A thousand threads, each with an acknowledgement and a reply."""
    publisher = opened.vault.publisher
    tag_keys = {os.urandom(16): os.urandom(32) for _ in range(THREADS)}
    async with opened.vault.changing:
        publisher.save(replace(publisher.state, tag_keys=tag_keys))
    await _add(opened, ACKNOWLEDGEMENT, [(thread, 0) for thread in tag_keys])
    await _add(opened, NOTE, [(thread, 1) for thread in tag_keys])
    return [*tag_keys]


async def _add(opened: Open, kind: str, places: list[tuple[bytes, int]]) -> None:
    today = opened.sync.publisher.today
    key = opened.vault.storage_key
    new = [
        Record(
            os.urandom(16), reference, number, os.urandom(sizes.RECORD_INNER), kind, os.urandom(16), today + LIVE_DAYS
        )
        for reference, number in places
    ]
    async with opened.vault.changing, opened.vault.database.write() as connection:
        await ledger.add(connection, key, new)
        await ledger.note_next(connection, key, {reference: number + 1 for reference, number in places})


async def _issue(opened: Open) -> tuple[float, float]:
    """Issue the board; return the seconds, and the desk's processor seconds."""
    began, used = time.perf_counter(), time.process_time()
    await opened.sync.publisher.issue_board(opened.sync._host)
    return time.perf_counter() - began, time.process_time() - used
