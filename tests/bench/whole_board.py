"""A whole board: as many records as the figures speak of."""

import os
import time
from typing import Final

from dropbox.protocol import board, sizes
from dropbox.protocol.board_head import BoardHead, append_signature
from dropbox.protocol.keys import Role
from tests.gateway.bureau import PERIOD, Bureau

RECORDS: Final = 2048


def board_of(bureau: Bureau, records: int) -> bytes:
    """Return a board with all live records of this bureau, and so many of others that it is full."""
    now = int(time.time())
    head = BoardHead(
        bureau.bulletin.instance, bureau.recipient, os.urandom(16), now // sizes.DAY, now + PERIOD,
        now + 40 * sizes.DAY, bureau.bulletin.hash, records,
    )  # fmt: skip
    live = [record for thread in bureau.threads.values() for record in thread.live]
    live += [(os.urandom(32), 0, os.urandom(sizes.RECORD_INNER)) for _ in range(records - len(live))]
    unsigned = board.assemble(head, live, os.urandom)
    return append_signature(unsigned, bureau.signing[Role.BOARD].sign(unsigned))
