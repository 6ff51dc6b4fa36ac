"""The bulletin: one signed document a day that names the keys to seal to (docs/protocol.md, section 6)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dropbox.protocol import documents, keys, labels, primitives, sizes
from dropbox.protocol.errors import Malformed, OutsideDates, WrongInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropbox.protocol.keys import Certificate, RootPublicKey

BULLETIN_LIMIT = 64 * sizes.KIB
MAX_CERTIFICATES = 16
DAYS_AHEAD = 21  # bulletins with the day's own prekey are made so far ahead
FALLBACK_DAYS_AHEAD = 60  # beyond that, with the fallback key only
BOARD_PERIOD_MIN, BOARD_PERIOD_MAX = 5, sizes.DAY  # seconds

DAILY: Final = "daily"
FALLBACK: Final = "fallback"

_FIELDS = (
    "board_period", "browser_bundle", "certificates", "day", "instance", "kind", "ladder", "previous", "recipients",
    "revision", "version",
)  # fmt: skip


@dataclass(frozen=True)
class Recipient:
    """A keyring at the bureau, and the X-Wing public key that it has for this day."""

    identity: bytes
    prekey: bytes

    def __post_init__(self) -> None:
        if len(self.identity) != sizes.RECIPIENT_ID:
            raise Malformed("a recipient is named by 16 bytes")
        primitives.check_xwing_public(self.prekey)


@dataclass(frozen=True)
class Bulletin:
    """A bulletin whose chain of signatures was verified (``verify_bulletin``), or one about to be signed.

    ``kind`` is ``daily`` or ``fallback``: a fallback bulletin seals to a key that lives longer, and pages say so.
    ``previous`` is the hash of the bulletin of the day before, 32 bytes, zeros for the first.
    """

    instance: bytes
    day: int
    revision: int
    kind: str
    certificates: tuple[Certificate, ...]
    certificate_documents: tuple[documents.Json, ...]
    recipients: tuple[Recipient, ...]
    board_period: int
    browser_bundle: str
    previous: bytes

    def __post_init__(self) -> None:
        identities = {recipient.identity for recipient in self.recipients}
        if not 1 <= len(self.recipients) <= sizes.SLOTS or len(identities) != len(self.recipients):
            raise Malformed("a bulletin has one to four recipients, each named once")
        if len(self.previous) != sizes.SHA256:
            raise Malformed("the hash of the previous bulletin has 32 bytes")

    @functools.cached_property
    def hash(self) -> bytes:
        """32 bytes that stand for this bulletin in envelopes, boards and the next bulletin."""
        return primitives.sha256(labels.BULLETIN_HASH, documents.encode(self.to_body()))

    def keys_for(self, role: keys.Role) -> tuple[bytes, ...]:
        """The keys certified for a role on the day of the bulletin."""
        return keys.certified(self.certificates, role, self.day)

    def require_current(self, now: int) -> None:
        """Raises ``OutsideDates`` unless ``now`` (Unix seconds) is in the bulletin's day, 12 hours more or less."""
        start = self.day * sizes.DAY
        if not start - sizes.CLOCK_TOLERANCE <= now < start + sizes.DAY + sizes.CLOCK_TOLERANCE:
            raise OutsideDates("the bulletin is of another day, or a clock is wrong")

    def to_body(self) -> documents.Json:
        """What the bulletin key signs."""
        return {
            "board_period": self.board_period,
            "browser_bundle": self.browser_bundle,
            "certificates": list(self.certificate_documents),
            "day": self.day,
            "instance": self.instance.hex(),
            "kind": self.kind,
            "ladder": list(sizes.ENVELOPE_LADDER),
            "previous": self.previous.hex(),
            "recipients": [
                {"id": recipient.identity.hex(), "prekey": documents.to_base64(recipient.prekey)}
                for recipient in self.recipients
            ],
            "revision": self.revision,
            "version": 1,
        }


def sign_bulletin(bulletin: Bulletin, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed bytes.  ``sign`` is the bulletin key's, over bytes without a label."""
    return documents.sign_document("bulletin", bulletin.to_body(), sign)


def verify_bulletin(data: bytes, root: RootPublicKey, now: int) -> Bulletin:
    """What a client does before it seals to anything: root, then bulletin key, then bulletin, with the time."""
    bulletin = verify_stored_bulletin(data, root)
    bulletin.require_current(now)
    return bulletin


def verify_stored_bulletin(data: bytes, root: RootPublicKey) -> Bulletin:
    """The same without the time, for those who keep bulletins of other days: intake, desk, auditor."""
    document = documents.read_document(data, "bulletin", limit=BULLETIN_LIMIT)
    body = documents.fields(document.body, _FIELDS)
    documents.integer(body["version"], 1, 1)
    if documents.from_hex(body["instance"], sizes.INSTANCE) != root.instance:
        raise WrongInstance("a bulletin of another instance")
    day = documents.integer(body["day"], 0, keys.MAX_DAY)
    certificate_documents = documents.items(body["certificates"], MAX_CERTIFICATES, 1)
    certificates = tuple(
        keys.certificate_from_document(documents.document_from_json(item, "certificate"), root)
        for item in certificate_documents
    )
    document.verify(keys.certified(certificates, keys.Role.BULLETIN, day), labels.SIGN_BULLETIN)
    return _from_body(body, day, certificates, tuple(certificate_documents), root.instance)


def _from_body(
    body: documents.Json,
    day: int,
    certificates: tuple[Certificate, ...],
    certificate_documents: tuple[documents.Json, ...],
    instance: bytes,
) -> Bulletin:
    if body["ladder"] != list(sizes.ENVELOPE_LADDER):
        raise Malformed("a ladder of sizes that is not this version's")
    recipients = []
    for item in documents.items(body["recipients"], sizes.SLOTS, 1):
        entry = documents.fields(item, ("id", "prekey"))
        identity = documents.from_hex(entry["id"], sizes.RECIPIENT_ID)
        recipients.append(Recipient(identity, documents.from_base64(entry["prekey"], sizes.XWING_PUBLIC)))
    bundle = documents.text(body["browser_bundle"], 64)
    if bundle:
        documents.from_hex(bundle, sizes.SHA256)
    return Bulletin(
        instance=instance,
        day=day,
        revision=documents.integer(body["revision"], 0, (1 << 16) - 1),
        kind=documents.choice(body["kind"], (DAILY, FALLBACK)),
        certificates=certificates,
        certificate_documents=certificate_documents,
        recipients=tuple(recipients),
        board_period=documents.integer(body["board_period"], BOARD_PERIOD_MIN, BOARD_PERIOD_MAX),
        browser_bundle=bundle,
        previous=documents.from_hex(body["previous"], sizes.SHA256),
    )
