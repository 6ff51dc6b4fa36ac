"""What is kept between two visits: hashes and numbers, to compare the next ones with.  Pure; `files` writes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dropbox.protocol import documents, keys, sizes
from dropbox.protocol.observation import KINDS, MAX_FINDINGS, MAX_SIGHTINGS, NAME, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT_DAYS: Final = 60  # two months of visits stand in an observation
KEPT_ISSUES: Final = 8  # boards of a recipient whose records are remembered
RECORD_HASH: Final = 16
MAX_CANARIES: Final = 30  # that wait for an answer
MAX_WAITING: Final = 256
STATE_LIMIT: Final = 16 * sizes.MIB
_VERSION: Final = 2
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


@dataclass(frozen=True, order=True)
class Held:
    """Something for which nothing that was read vouches: when it was served, what it is, and its SHA-256."""

    day: int
    name: str
    value: bytes


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
    alarm_day: int = 0
    alarms: tuple[str, ...] = ()  # codes of what was found wrong on that day
    vouched: dict[str, bytes] = field(default_factory=dict)  # by what was read last, see `holding`
    waiting: tuple[Held, ...] = ()  # for the next reading

    def with_sightings(self, new: Iterable[Sighting], today: int, *, sure: bool) -> State:
        """The state once these were seen too; of more than an observation holds, the latest stay.

        What is two months old goes, and what an earlier clock dated ahead; but only where the day is `sure`, because a
        signed document of today was seen: a clock that jumps takes no evidence with it.
        """
        kept = {*self.sightings, *new}
        if not sure:
            return replace(self, sightings=_latest(kept))
        days = range(today - KEPT_DAYS + 1, today + 2)
        chain = {place: previous for place, previous in self.chain.items() if place[0] in days}
        waiting = tuple(one for one in self.waiting if one.day in days)
        return replace(self, sightings=_latest(one for one in kept if one.day in days), chain=chain, waiting=waiting)

    def with_alarms(self, codes: Iterable[str], today: int) -> State:
        """The state once these were found: one visit without a fault takes back nothing of what an earlier one saw."""
        before = self.alarms if self.alarm_day == today else ()
        return replace(self, alarm_day=today, alarms=tuple(sorted({*before, *codes})))

    def with_waiting(self, new: Iterable[Held]) -> State:
        """The state once these wait too."""
        return replace(self, waiting=tuple(sorted({*self.waiting, *new}))[-MAX_WAITING:])

    def with_canary(self, canary: Canary) -> State:
        """The state once this one was sent too."""
        return replace(self, canaries=(*self.canaries, canary)[-MAX_CANARIES:], canary_day=canary.sent_day)

    def with_issue(self, recipient: bytes, issue: Issue) -> State:
        """The state once this board was seen too."""
        others = tuple(one for one in self.issues.get(recipient, ()) if one.salt != issue.salt)
        return replace(self, issues={**self.issues, recipient: (*others, issue)[-KEPT_ISSUES:]})


def _latest(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    return tuple(sorted(sightings))[-MAX_SIGHTINGS:]


def to_bytes(state: State) -> bytes:
    """The state as it is kept."""
    return documents.encode({
        "alarm_day": state.alarm_day,
        "alarms": list(state.alarms),
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
        "version": _VERSION,
        "vouched": {name: value.hex() for name, value in state.vouched.items()},
        "waiting": [[one.day, one.name, one.value.hex()] for one in state.waiting],
    })  # fmt: skip


def from_bytes(data: bytes) -> State:
    """Read a state.  Raises ProtocolError."""
    decoded = documents.decode(data, limit=STATE_LIMIT)
    if decoded.get("version") == 1:
        decoded = _from_version_1(decoded)
    names = ("alarm_day", "alarms", "canaries", "canary_day", "chain", "issues", "root", "sequence", "sightings",
             "version", "vouched", "waiting")  # fmt: skip
    body = documents.fields(decoded, names)
    documents.integer(body["version"], _VERSION, _VERSION)
    chain = [documents.items(one, 3, 3) for one in documents.items(body["chain"], 1 << 16)]
    issues, vouched = _by_name(body["issues"]), _by_name(body["vouched"])
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
        alarm_day=documents.integer(body["alarm_day"], 0, keys.MAX_DAY),
        alarms=tuple(documents.text(one, NAME) for one in documents.items(body["alarms"], MAX_FINDINGS)),
        vouched={name: documents.from_hex(value, sizes.SHA256 if value else 0) for name, value in vouched.items()},
        waiting=tuple(_held(one) for one in documents.items(body["waiting"], MAX_WAITING)),
    )


def _from_version_1(before: documents.Json) -> documents.Json:
    """What an earlier release kept, without the boards, which it named by the hour."""
    seen = [documents.items(one, 4, 4) for one in documents.items(before.get("sightings"), MAX_SIGHTINGS)]
    more = {"alarm_day": 0, "alarms": [], "vouched": {}, "waiting": []}
    return {**before, **more, "sightings": [one for one in seen if one[1] != "board"], "version": _VERSION}


def _by_name(value: object) -> documents.Json:
    return documents.fields(value, (), value if isinstance(value, dict) else ())


def _held(value: object) -> Held:
    day, name, digest = documents.items(value, 3, 3)
    return Held(
        documents.integer(day, 0, keys.MAX_DAY), documents.text(name, NAME), documents.from_hex(digest, sizes.SHA256)
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
