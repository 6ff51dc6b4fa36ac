"""Every limit of intake with its unit and reason. The first class can be set; the constants below it cannot."""

from dataclasses import dataclass, fields
from typing import Final

from dropbox.intake.errors import SettingsError
from dropbox.protocol import sizes
from dropbox.protocol.board_head import BOARD_MAX
from dropbox.protocol.bulletin import BULLETIN_LIMIT


@dataclass(frozen=True)
class Limits:
    """What strangers together can make this host hold. At a limit the answer is "full"; nothing accepted is lost."""

    waiting_bytes: int = 20 * sizes.GIB
    """Bytes of envelopes, finished and unfinished, that wait for the desk: below the free disk, since a full disk stops
    everything."""

    text_bytes: int = sizes.GIB
    """Of these, bytes that only envelopes of a text without files may use: files that fill the rest, junk or not, keep
    no text out. Room for a month of as many texts as a day may bring."""

    envelopes_per_day: int = 2_000
    """Envelopes that may become complete on one UTC day: more than any real day, few enough for a desk to sort."""

    uploads_at_once: int = 64
    """Unfinished uploads of reports with files. Each may take hours over Tor; this bounds how many places a flooder can
    keep occupied."""

    texts_at_once: int = 512
    """Unfinished uploads of texts without files, 16 KiB each: places of their own, so that uploads that never end do
    not keep out what takes a moment."""

    upload_bytes: int = 4 * sizes.GIB
    """Bytes stored or reserved for unfinished uploads: they may never finish, so they get only a part of the room."""

    reserve_bytes: int = 32 * sizes.MIB
    """Bytes set aside when an upload begins, and again each time it has used them up: a report of this size that was
    begun does not fail for lack of room."""

    batches_waiting: int = 64
    """Batches of cards, and as many of outcomes, that wait to be collected: two months of one a day."""

    def __post_init__(self) -> None:
        """Refuse limits that are not positive, or that contradict each other. Raises SettingsError."""
        for one in fields(self):
            value = getattr(self, one.name)
            if type(value) is not int or value < 1:
                message = f"The limit {one.name} must be a whole number of at least 1."
                raise SettingsError(message)
        for_files = self.waiting_bytes - self.text_bytes
        if not sizes.UPLOAD_CHUNK <= self.reserve_bytes <= self.upload_bytes <= for_files:
            message = "The limits must satisfy: 1 MiB <= reserve_bytes <= upload_bytes <= waiting_bytes - text_bytes."
            raise SettingsError(message)


PUBLICATION_BYTES: Final = max(sizes.PUBLICATION_LADDER)
"""The longest publication."""

BULLETIN_BYTES: Final = BULLETIN_LIMIT
"""The longest bulletin."""

BOARD_BYTES: Final = BOARD_MAX
"""The longest board: 8,192 records."""

SMALL_BODY_BYTES: Final = 1024
"""The longest body of a reporter's request that is not a chunk: `{"size": n}`."""

KEYS_PER_CONFIRMATION: Final = 4096
"""Keys in one confirmation, so that its transaction stays short."""

CONFIRMATION_BYTES: Final = 256 * sizes.KIB
"""The longest confirmation: 4,096 keys of 32 digits with quotes and commas, and some room."""

LISTED: Final = 10_000
"""Envelopes in one listing (under 1 MiB of JSON); `?after=<key>` gives the next ones."""

BODIES_AT_ONCE: Final = 64
"""Chunks held in memory at once, 1 MiB each; beyond that "not ready"."""

BODY_SECONDS: Final = 120
"""How long one chunk may take to arrive on the local socket before it is dropped."""

UPLOAD_DAYS: Final = 1
"""Unfinished uploads live through the day after the one on which they began."""

TOMBSTONE_DAYS: Final = 2
"""For so long a finished upload answers a retry."""

FUTURE_BULLETIN_DAYS: Final = 62
"""Bulletins are made up to 60 days ahead; two days of grace for clocks."""
