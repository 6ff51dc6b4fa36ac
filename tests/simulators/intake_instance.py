"""A whole instance in memory: root, certified keys, bulletins, boards and envelopes that intake accepts."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from dropbox.courier.signing import CourierKey
from dropbox.protocol import board, documents, sizes
from dropbox.protocol.board_head import BoardHead, append_signature
from dropbox.protocol.bulletin import DAILY, Bulletin, Recipient, sign_bulletin
from dropbox.protocol.keys import Certificate, Role, verify_certificate
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey, XWingSecretKey

DAYS = (0, 100_000)


@dataclass
class Instance:
    """What the bureau's ceremony and desk would hold; every key is random."""

    root: RootSecretKey = field(default_factory=lambda: RootSecretKey.generate(os.urandom))
    bulletin_key: SigningKey = field(default_factory=lambda: SigningKey.generate(Role.BULLETIN, os.urandom))
    board_key: SigningKey = field(default_factory=lambda: SigningKey.generate(Role.BOARD, os.urandom))
    desk: CourierKey = field(default_factory=lambda: CourierKey(os.urandom(32)))
    ministry: CourierKey = field(default_factory=lambda: CourierKey(os.urandom(32)))
    recipients: tuple[bytes, ...] = field(default_factory=lambda: (os.urandom(16), os.urandom(16)))
    prekey: bytes = field(default_factory=lambda: XWingSecretKey.generate(os.urandom).public)

    @property
    def name(self) -> bytes:
        """16 bytes."""
        return self.root.public.instance

    def write_keys(self, folder: Path) -> None:
        """Publish the couriers' certificates, as `dropbox-keys` does."""
        folder.mkdir(exist_ok=True)
        for role, key in ((Role.DESK_COURIER, self.desk), (Role.MINISTRY_COURIER, self.ministry)):
            (folder / f"{role}.json").write_bytes(self.root.certify(role, key.public, *DAYS))

    def bulletin(self, day: int, revision: int = 0, recipients: tuple[bytes, ...] | None = None) -> bytes:
        """A signed bulletin."""
        certificates = [
            self.root.certify(Role.BULLETIN, self.bulletin_key.public, *DAYS),
            self.root.certify(Role.BOARD, self.board_key.public, *DAYS),
        ]
        verified: tuple[Certificate, ...] = tuple(verify_certificate(one, self.root.public) for one in certificates)
        names = self.recipients if recipients is None else recipients
        unsigned = Bulletin(
            instance=self.name,
            day=day,
            revision=revision,
            kind=DAILY,
            certificates=verified,
            certificate_documents=tuple(documents.decode(one, limit=10_000) for one in certificates),
            recipients=tuple(Recipient(name, self.prekey) for name in names),
            board_period=10,
            browser_bundle="",
            previous=bytes(32),
        )
        return sign_bulletin(unsigned, self.bulletin_key.sign)

    def board(self, recipient: bytes, day: int, next_due: int) -> bytes:
        """A signed board of covers."""
        head = BoardHead(
            instance=self.name,
            recipient=recipient,
            salt=os.urandom(16),
            issued_day=day,
            next_due=next_due,
            valid_until=next_due + sizes.DAY,
            bulletin_hash=bytes(32),
            records=64,
        )
        unsigned = board.assemble(head, [], os.urandom)
        return append_signature(unsigned, self.board_key.sign(unsigned))


def envelope(size: int, day: int, revision: int = 0, filling: bytes = b"") -> bytes:
    """Bytes that intake takes for an envelope: a real prefix, then noise, or the filling over and over."""
    prefix = sizes.Prefix(day, revision, os.urandom(sizes.ENVELOPE_ID)).to_bytes()
    rest = size - len(prefix)
    return prefix + (filling * (rest // len(filling) + 1))[:rest] if filling else prefix + os.urandom(rest)


def chunks(data: bytes) -> list[bytes]:
    """An envelope in pieces of 1 MiB."""
    return [data[start : start + sizes.UPLOAD_CHUNK] for start in range(0, len(data), sizes.UPLOAD_CHUNK)]
