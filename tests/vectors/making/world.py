"""The instance of the vectors: its keys, its days, its recipients, a reporter. None of it is anybody's."""

import hashlib
from collections.abc import Callable
from typing import Any

from dropbox.protocol import bulletin, documents, keys, labels, receipt, secret_keys, sizes, thread

DAY = 20_781  # 2026-11-24
NOW = DAY * sizes.DAY + 45_000
ENTROPY = bytes(range(15))


def stream(name: str) -> Callable[[int], bytes]:
    """Bytes that look random and are the same for ever: SHA-256 of the name and a counter."""
    blocks = 0

    def random(count: int) -> bytes:
        nonlocal blocks
        data = b""
        while len(data) < count:
            data += hashlib.sha256(b"vectors/" + name.encode() + blocks.to_bytes(4, "big")).digest()
            blocks += 1
        return data[:count]

    return random


ROOT = secret_keys.RootSecretKey.generate(stream("root"))
OTHER_ROOT = secret_keys.RootSecretKey.generate(stream("other root"))
INSTANCE = ROOT.public.instance
SIGNERS = {role: secret_keys.SigningKey.generate(role, stream(str(role))) for role in keys.Role}
PREKEYS = tuple(secret_keys.XWingSecretKey.generate(stream(f"prekey {place}")) for place in range(3))
RECIPIENTS = tuple(stream(f"recipient {place}")(sizes.RECIPIENT_ID) for place in range(3))
BUREAU_BOX = secret_keys.XWingSecretKey.generate(stream("bureau card box"))
MINISTRY_BOX = secret_keys.XWingSecretKey.generate(stream("ministry card box"))
REPORTER = thread.ReporterKeys.derive(receipt.Receipt(ENTROPY), INSTANCE)
CERTIFIED = (keys.Role.BULLETIN, keys.Role.BOARD, keys.Role.PUBLICATION)


def certificate(role: keys.Role, first: int = DAY - 30, last: int = DAY + 300, *, root: Any = ROOT) -> documents.Json:  # noqa: ANN401
    """A root-signed certificate as it stands in a bulletin."""
    data = root.certify(role, SIGNERS[role].public, first, last)
    return documents.decode(data, limit=len(data))


def bulletin_body(**changes: Any) -> documents.Json:  # noqa: ANN401 -- what JSON holds
    """The body of a good bulletin of the day for two recipients, with changes."""
    body: documents.Json = {
        "board_period": 14_400,
        "browser_bundle": "",
        "certificates": [certificate(role) for role in CERTIFIED],
        "day": DAY,
        "instance": INSTANCE.hex(),
        "kind": "daily",
        "ladder": list(sizes.ENVELOPE_LADDER),
        "previous": bytes(32).hex(),
        "recipients": [recipient(0), recipient(1)],
        "revision": 0,
        "version": 1,
    }
    return {**body, **changes}


def recipient(place: int, prekey: bytes | None = None) -> documents.Json:
    """A recipient as a bulletin names it."""
    public = PREKEYS[place].public if prekey is None else prekey
    return {"id": RECIPIENTS[place].hex(), "prekey": documents.to_base64(public)}


def signed_bulletin(role: keys.Role = keys.Role.BULLETIN, **changes: Any) -> bytes:  # noqa: ANN401 -- what JSON holds
    """A bulletin signed by the bulletin key, or under its label by another one."""
    signer = secret_keys.SigningKey(keys.Role.BULLETIN, SIGNERS[role].seed)
    return documents.sign_document("bulletin", bulletin_body(**changes), signer.sign)


BULLETIN_BYTES = signed_bulletin()
BULLETIN = bulletin.verify_bulletin(BULLETIN_BYTES, ROOT.public, NOW)
ROOT_HEX = ROOT.public.raw.hex()


def root_sign(message: bytes) -> bytes:
    """A signature by the root under the label of certificates."""
    return secret_keys._sign(ROOT.seed, labels.SIGN_CERTIFICATE + message)
