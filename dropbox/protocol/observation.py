"""What an auditor saw of a host, as a signed document that auditors exchange (docs/protocol.md, section 16.1).

It says what was served and on which day, never at which time: the host would know the visit again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dropbox.protocol import documents, keys, labels, sizes
from dropbox.protocol.errors import BadSignature, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

OBSERVATION_LIMIT: Final = sizes.MIB
MAX_SIGHTINGS: Final = 4096
NAME: Final = 200  # bytes
KINDS: Final = ("board", "bulletin", "file", "page", "publication")
_FIELDS: Final = ("auditor", "day", "findings", "instance", "sightings", "version")
_CODE: Final = re.compile(r"[a-z][a-z-]{0,39}")
MAX_FINDINGS: Final = 64


@dataclass(frozen=True, order=True)
class Sighting:
    """Something that the host served on a day (UTC): its kind, a name that says which one, and its SHA-256.

    ``name`` is for a bulletin ``DAY/REVISION``, for a board ``RECIPIENT/ISSUED DAY``, for a publication its sequence,
    for a file its role, for a page its address.  A board stands for the bulletin to which it belongs.
    """

    day: int
    kind: str
    name: str
    value: bytes

    def __post_init__(self) -> None:
        documents.integer(self.day, 0, keys.MAX_DAY)
        documents.choice(self.kind, KINDS)
        documents.text(self.name, NAME)
        if len(self.value) != sizes.SHA256:
            raise Malformed("what was seen is named by 32 bytes")


@dataclass(frozen=True)
class Observation:
    """All that an auditor has to say on a day: what it saw, and the codes of what it found wrong."""

    instance: bytes
    auditor: bytes
    day: int
    sightings: tuple[Sighting, ...]
    findings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.auditor) != sizes.ED25519_PUBLIC or len(self.instance) != sizes.INSTANCE:
            raise Malformed("an auditor is named by its key, an instance by 16 bytes")
        documents.integer(self.day, 0, keys.MAX_DAY)
        if list(self.sightings) != sorted(set(self.sightings)) or len(self.sightings) > MAX_SIGHTINGS:
            raise Malformed("sightings stand in order, each once, at most 4,096")
        if list(self.findings) != sorted(set(self.findings)) or len(self.findings) > MAX_FINDINGS:
            raise Malformed("findings stand in order, each once, at most 64")
        if not all(_CODE.fullmatch(code) for code in self.findings):
            raise Malformed("a finding is a short word")
        if any(sighting.day > self.day for sighting in self.sightings):
            raise Malformed("something seen after the day of the observation")

    def to_body(self) -> documents.Json:
        """What the auditor signs."""
        return {
            "auditor": self.auditor.hex(),
            "day": self.day,
            "findings": list(self.findings),
            "instance": self.instance.hex(),
            "sightings": [
                {"day": one.day, "kind": one.kind, "name": one.name, "value": one.value.hex()} for one in self.sightings
            ],
            "version": 1,
        }


def sign_observation(observation: Observation, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed bytes.  ``sign`` is the auditor's, over bytes with their label."""
    return documents.sign_document(
        "observation", observation.to_body(), lambda body: sign(labels.SIGN_OBSERVATION + body)
    )


def verify_observation(data: bytes) -> Observation:
    """An observation signed by the auditor that it names.  Whether that auditor is believed is the reader's to say.

    Raises ``Malformed``, ``NotCanonical``, ``TooLong`` or ``BadSignature``.
    """
    document = documents.read_document(data, "observation", limit=OBSERVATION_LIMIT)
    body = documents.fields(document.body, _FIELDS)
    documents.integer(body["version"], 1, 1)
    auditor = documents.from_hex(body["auditor"], sizes.ED25519_PUBLIC)
    if len(document.signatures) != 1:
        raise BadSignature("an observation has one signature")
    document.verify((auditor,), labels.SIGN_OBSERVATION)
    findings = documents.items(body["findings"], MAX_FINDINGS)
    return Observation(
        instance=documents.from_hex(body["instance"], sizes.INSTANCE),
        auditor=auditor,
        day=documents.integer(body["day"], 0, keys.MAX_DAY),
        sightings=tuple(_sighting(one) for one in documents.items(body["sightings"], MAX_SIGHTINGS)),
        findings=tuple(documents.text(one, NAME) for one in findings),
    )


def _sighting(value: object) -> Sighting:
    entry = documents.fields(value, ("day", "kind", "name", "value"))
    return Sighting(
        day=documents.integer(entry["day"], 0, keys.MAX_DAY),
        kind=documents.choice(entry["kind"], KINDS),
        name=documents.text(entry["name"], NAME),
        value=documents.from_hex(entry["value"], sizes.SHA256),
    )
