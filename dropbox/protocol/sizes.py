"""Every size of the formats, as the sum of its parts (docs/protocol.md, section 3), and the ladder of envelopes.

All sizes are in bytes.  Integers on the wire are unsigned and big-endian.
"""

from __future__ import annotations

import bisect
import struct
from dataclasses import dataclass

from dropbox.protocol.errors import Malformed, TooLong, UnknownVersion, WrongSize

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

DAY = 86_400  # seconds
MAX_DAY = 2_932_896  # 31 December 9999, the last day that calendars of programs know
MAX_TIME = (MAX_DAY + 1) * DAY - 1  # Unix seconds, its last second

# Keys and hashes
INSTANCE = 16
RECIPIENT_ID = 16
THREAD_ID = 16
MESSAGE_ID = 16
SYMMETRIC_KEY = 32
SHA256 = 32
ED25519_PUBLIC = 32
ED25519_SIGNATURE = 64
X25519_PUBLIC = 32
XWING_PUBLIC = 1184 + X25519_PUBLIC  # ML-KEM-768 encapsulation key || X25519 public key
XWING_SEED = 32
XWING_CIPHERTEXT = 1088 + X25519_PUBLIC  # ML-KEM-768 ciphertext || X25519 ephemeral key
AEAD_TAG = 16

# Envelope: prefix || slots || payload
ENVELOPE_MAGIC = b"DBXENV01"
ENVELOPE_SUITE = 1  # HPKE X-Wing / HKDF-SHA256 / AES-256-GCM with Cobblestone-256
ENVELOPE_ID = 14
SLOTS = 4
SLOT = XWING_CIPHERTEXT + SYMMETRIC_KEY + AEAD_TAG
_PREFIX = struct.Struct(f">8sHHIH{ENVELOPE_ID}s")
PREFIX = _PREFIX.size
HEADER = PREFIX + SLOTS * SLOT

# Cobblestone-256: salt || commitment || chunks, each chunk but the last of 16 KiB of plaintext
PAYLOAD_SALT = 24
PAYLOAD_COMMITMENT = 32
PAYLOAD_CHUNK = 16 * KIB

# Upload
UPLOAD_CHUNK = 1 * MIB
UPLOAD_ID = 16
UPLOAD_SALT = 16

# Board
RECORD = 1024
RECORD_TAG = 16
RECORD_INNER = RECORD - RECORD_TAG - AEAD_TAG
RECORD_BODY = RECORD_INNER - X25519_PUBLIC - AEAD_TAG
BOARD_MIN_RECORDS = 64
BOARD_MAX_RECORDS = 8192

# Cards and outcomes, one size for all of them
CARD = 16 * KIB

# Publications
PUBLICATION_LADDER = (16 * KIB, 64 * KIB, 256 * KIB)

ENVELOPE_LADDER: tuple[int, ...] = (
    16 * KIB,
    256 * KIB,
    *(MIB << power for power in range(7)),  # 1 MiB to 64 MiB
    *(step * 64 * MIB for step in range(2, 17)),  # to 1 GiB
)
ENVELOPE_MAX = ENVELOPE_LADDER[-1]

# Days around the day of a bulletin (docs/protocol.md, section 6)
ACCEPTED_DAYS = 7  # an envelope of day d is accepted from d to d + 7
PREKEY_LAST_DAY = 30  # the secret of day d is gone by the end of d + 30
CLOCK_TOLERANCE = 12 * 3600  # seconds


def payload_ciphertext(plaintext: int) -> int:
    """The length of a Cobblestone-256 ciphertext for so many bytes of plaintext."""
    chunks = plaintext // PAYLOAD_CHUNK + 1
    return PAYLOAD_SALT + PAYLOAD_COMMITMENT + plaintext + chunks * AEAD_TAG


def payload_plaintext(envelope: int) -> int:
    """How many bytes of plaintext an envelope of this size carries, padding included.

    Raises ``WrongSize`` when the size is not on the ladder.
    """
    if envelope not in ENVELOPE_LADDER:
        raise WrongSize("an envelope has a size that is not on the ladder")
    sealed = envelope - HEADER - PAYLOAD_SALT - PAYLOAD_COMMITMENT
    chunks = -(-sealed // (PAYLOAD_CHUNK + AEAD_TAG))
    return sealed - chunks * AEAD_TAG


def envelope_size(plaintext: int) -> int:
    """The smallest size on the ladder whose payload holds so many bytes.  Raises ``TooLong``."""
    place = bisect.bisect_left(_CAPACITIES, plaintext)
    if place == len(_CAPACITIES):
        raise TooLong("a report holds 1 GiB at most")
    return ENVELOPE_LADDER[place]


_CAPACITIES = tuple(payload_plaintext(size) for size in ENVELOPE_LADDER)


@dataclass(frozen=True)
class Prefix:
    """The first 32 bytes of an envelope, all that the host can read of it."""

    day: int
    revision: int
    envelope_id: bytes

    def __post_init__(self) -> None:
        if not (0 <= self.day <= MAX_DAY and 0 <= self.revision < 1 << 16 and len(self.envelope_id) == ENVELOPE_ID):
            raise Malformed("a prefix has a field outside its range")

    def to_bytes(self) -> bytes:
        """The 32 bytes."""
        return _PREFIX.pack(ENVELOPE_MAGIC, ENVELOPE_SUITE, self.revision, self.day, SLOTS, self.envelope_id)

    @classmethod
    def from_bytes(cls, data: bytes) -> Prefix:
        """Reads exactly 32 bytes.  Raises ``WrongSize`` or ``UnknownVersion``."""
        if len(data) != PREFIX:
            raise WrongSize("a prefix has 32 bytes")
        magic, suite, revision, day, slots, envelope_id = _PREFIX.unpack(data)
        if magic != ENVELOPE_MAGIC or suite != ENVELOPE_SUITE or slots != SLOTS:
            raise UnknownVersion("an envelope of another version")
        return cls(day, revision, envelope_id)
