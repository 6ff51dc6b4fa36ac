"""What a witness signs: the bulletin that it was shown, one for each day and revision, no lower one after.  Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropbox.auditor.errors import AuditError
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.cosignature import Cosignature, sign_cosignature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropbox.auditor.keys import AuditorKey


def cosign(bulletin: Bulletin, key: AuditorKey, before: Iterable[Cosignature], today: int) -> bytes:
    """The cosignature.  ``before`` are all that this witness made for the instance.  Raises AuditError."""
    own = [
        one for one in before if (one.witness, one.instance, one.day) == (key.public, bulletin.instance, bulletin.day)
    ]
    if any(one.revision > bulletin.revision for one in own):
        raise AuditError("witness-twice")
    if any(one.revision == bulletin.revision and one.hash != bulletin.hash for one in own):
        raise AuditError("witness-twice")
    return sign_cosignature(Cosignature.of(bulletin, key.public, today), key.sign)
