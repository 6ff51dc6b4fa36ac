"""What is kept between two visits: hashes and numbers, to compare the next ones with.  Pure; `files` writes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dropbox.protocol import documents, keys, sizes
from dropbox.protocol.observation import KINDS, MAX_SIGHTINGS, NAME, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT_DAYS: Final = 60  # two months of visits stand in an observation
KEPT_ISSUES: Final = 8  # boards of a recipient whose records are remembered
RECORD_HASH: Final = 16
MAX_CANARIES: Final = 30  # that wait for an answer
STATE_LIMIT: Final = 16 * sizes.MIB
_CANARY: Final = ("entropy", "sent_day")


@dataclass(frozen=True)
class Issue:
    """A board that was seen: when the next one was due, its salt, and the hashes of its records."""

    next_due: int
    salt: bytes
    records: frozenset[bytes]


@dataclass(frozen=True)
class Canary:
    """A report that waits for its answer.  Whoever holds the entropy can read that answer: it is nobody's secret."""

    entropy: bytes = field(repr=False)
    sent_day: int


@dataclass(frozen=True)
class State:
    """Everything that the next visit is compared with.  `chain` is by (day, revision): a bulletin's previous hash."""

    root: bytes = b""
    sightings: tuple[Sighting, ...] = ()
    chain: dict[tuple[int, int], bytes] = field(default_factory=dict)
    issues: dict[bytes, tuple[Issue, ...]] = field(default_factory=dict)
    sequence: int = -1
    canaries: tuple[Canary, ...] = ()  # that wait, oldest first
    canary_day: int = 0  # the day of the last one that was sent

    def with_sightings(self, new: Iterable[Sighting], today: int) -> State:
        """The state once these were seen too; of old ones, and of more than an observation holds, the latest stay."""
        kept = {one for one in (*self.sightings, *new) if one.day > today - KEPT_DAYS}
        chain = {place: previous for place, previous in self.chain.items() if place[0] > today - KEPT_DAYS}
        return replace(self, sightings=tuple(sorted(kept))[-MAX_SIGHTINGS:], chain=chain)

    def with_canary(self, canary: Canary) -> State:
        """The state once this one was sent too."""
        return replace(self, canaries=(*self.canaries, canary)[-MAX_CANARIES:], canary_day=canary.sent_day)

    def with_issue(self, recipient: bytes, issue: Issue) -> State:
        """The state once this board was seen too."""
        others = tuple(one for one in self.issues.get(recipient, ()) if one.salt != issue.salt)
        return replace(self, issues={**self.issues, recipient: (*others, issue)[-KEPT_ISSUES:]})


def to_bytes(state: State) -> bytes:
    """The state as it is kept."""
    return documents.encode({
        "canaries": [{"entropy": one.entropy.hex(), "sent_day": one.sent_day} for one in state.canaries],
        "canary_day": state.canary_day,
        "chain": [[day, revision, previous.hex()] for (day, revision), previous in sorted(state.chain.items())],
        "issues": {
            recipient.hex(): [
                {"next_due": one.next_due, "records": b"".join(sorted(one.records)).hex(), "salt": one.salt.hex()}
                for one in issues
            ]
            for recipient, issues in state.issues.items()
        },
        "root": state.root.hex(),
        "sequence": state.sequence,
        "sightings": [[one.day, one.kind, one.name, one.value.hex()] for one in state.sightings],
        "version": 1,
    })  # fmt: skip


def from_bytes(data: bytes) -> State:
    """Read a state.  Raises ProtocolError."""
    names = ("canaries", "canary_day", "chain", "issues", "root", "sequence", "sightings", "version")
    body = documents.fields(documents.decode(data, limit=STATE_LIMIT), names)
    documents.integer(body["version"], 1, 1)
    chain = [documents.items(one, 3, 3) for one in documents.items(body["chain"], 1 << 16)]
    issues = documents.fields(body["issues"], (), body["issues"] if isinstance(body["issues"], dict) else ())
    return State(
        root=documents.from_hex(body["root"], sizes.ED25519_PUBLIC if body["root"] else 0),
        sightings=tuple(_sighting(one) for one in documents.items(body["sightings"], MAX_SIGHTINGS)),
        chain={
            (documents.integer(day), documents.integer(revision)): documents.from_hex(previous, sizes.SHA256)
            for day, revision, previous in chain
        },
        issues={
            documents.from_hex(name, sizes.RECIPIENT_ID): tuple(_issue(one) for one in documents.items(of, KEPT_ISSUES))
            for name, of in issues.items()
        },
        sequence=documents.integer(body["sequence"], -1),
        canaries=tuple(_canary(one) for one in documents.items(body["canaries"], MAX_CANARIES)),
        canary_day=documents.integer(body["canary_day"], 0, keys.MAX_DAY),
    )


def _sighting(value: object) -> Sighting:
    day, kind, name, digest = documents.items(value, 4, 4)
    return Sighting(
        documents.integer(day, 0, keys.MAX_DAY), documents.choice(kind, KINDS), documents.text(name, NAME),
        documents.from_hex(digest, sizes.SHA256),
    )  # fmt: skip


def _issue(value: object) -> Issue:
    entry = documents.fields(value, ("next_due", "records", "salt"))
    digits = documents.text(entry["records"], STATE_LIMIT)
    step = 2 * RECORD_HASH
    records = frozenset(documents.from_hex(digits[at : at + step], RECORD_HASH) for at in range(0, len(digits), step))
    return Issue(documents.integer(entry["next_due"]), documents.from_hex(entry["salt"], 16), records)


def _canary(value: object) -> Canary:
    entry = documents.fields(value, _CANARY)
    return Canary(documents.from_hex(entry["entropy"], 15), documents.integer(entry["sent_day"], 0, keys.MAX_DAY))
