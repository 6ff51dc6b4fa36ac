"""The memory of nonces: a request that was acted on once is never acted on again, also after a restart."""

import hashlib
from typing import Protocol

from dropbox.courier.signing import SignedHeaders


class ReplayMemory(Protocol):
    """What the serving side needs from its store."""

    async def remember(self, token: bytes, expires: int) -> bool:
        """Durably note a token; False when it was noted before.

        It is kept at least until `expires` (Unix seconds) and the allowed difference of clocks have passed.
        """


def replay_token(signed: SignedHeaders) -> bytes:
    """Give the 16 bytes to remember: a nonce counts per key, so that no courier can use up another one's."""
    return hashlib.sha256(f"{signed.key_id}:{signed.nonce.hex()}".encode()).digest()[:16]
