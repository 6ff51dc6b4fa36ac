"""What one run does, from its seed: the same seed makes the same plan."""

import enum
import random
from dataclasses import dataclass
from typing import Final


class How(enum.StrEnum):
    """What strikes."""

    # at a point between two steps, in Python
    KILL = "kill -9"
    ERROR = "error"  # what the step below would raise: database locked, full or gone, file, line
    LOCK = "locked"  # somebody else holds SQLite's write lock
    # at a real system call, through the shim
    DIE = "kill -9 at a call"
    TORN = "kill -9 within a call"  # half of it is written
    CUT = "power cut"  # and what was not synced is gone
    EIO = "EIO"
    FULL = "ENOSPC"
    SYNC = "fsync fails"
    # at a point of a transaction, on PostgreSQL
    SERVER_KILLED = "PostgreSQL killed -9"
    BACKEND_KILLED = "backend killed -9"
    CONNECTION_CUT = "connection cut"


CALLS: Final = frozenset({How.DIE, How.TORN, How.CUT, How.EIO, How.FULL, How.SYNC})
SERVER: Final = frozenset({How.SERVER_KILLED, How.BACKEND_KILLED, How.CONNECTION_CUT})


@dataclass(frozen=True)
class Fault:
    """Strikes at the `number`-th point of a phase. `lasting` more points of its kind fail too, where nobody dies."""

    phase: str
    number: int
    how: How
    lasting: int = 0


class Who(enum.StrEnum):
    """In which process it strikes."""

    BOTH = "both"  # intake and desk are one process: they die together, as in a power cut of a machine with both
    INTAKE = "intake"
    DESK = "desk"


# How many points each phase may reach: in Python; transactions only; system calls; those that write; those that sync.
# A fault beyond the last one strikes nothing, and the run says so.
POINTS: Final = {
    "start": (8, 8, 40, 24, 10),
    "upload": (44, 24, 60, 40, 16),
    "recover": (18, 8, 8, 6, 3),
    "fetch": (40, 24, 40, 24, 12),
    "open": (40, 24, 60, 40, 16),
    "confirm": (14, 12, 30, 20, 8),
    "reply": (14, 6, 14, 6, 5),
    "board": (20, 10, 24, 12, 8),
    "refer": (4, 3, 4, 3, 2),
    "stock": (4, 3, 4, 3, 2),
    "cards": (10, 9, 14, 10, 4),
    "mailbox": (14, 14, 30, 20, 8),
    "outcomes": (12, 6, 10, 6, 3),
    "open-outcomes": (4, 3, 4, 3, 2),
    "bulletins": (12, 8, 10, 6, 4),
    "publication": (8, 4, 10, 6, 4),
    "destroy": (6, 4, 6, 4, 3),
    "backup": (20, 8, 60, 40, 20),
    "restore": (24, 14, 60, 40, 16),
    "settle": (60, 40, 100, 60, 30),
}
STEPS: Final = (
    *("upload", "fetch", "open", "confirm", "reply", "board", "recover", "backup", "restore") * 2,
    *("start", "refer", "stock", "cards", "mailbox", "outcomes", "open-outcomes", "bulletins", "publication"),
    "destroy",
)
CARD_STEPS: Final = frozenset({"refer", "stock", "cards", "mailbox", "outcomes", "open-outcomes"})
RESTORED: Final = ("keyrings", "database", "both")
FROM_BACKUP: Final = "backup"  # the disk is lost, and the desk made anew by the product's own restoring
# Where intake alone has points: the others are the desk's own.
_AT_INTAKE: Final = ("upload", "fetch", "confirm", "board", "cards", "mailbox", "outcomes", "bulletins", "start")
_IN_PYTHON: Final = (How.KILL, How.ERROR, How.LOCK)
_OF_CALLS: Final = tuple(sorted(CALLS))
_OF_SERVERS: Final = (*tuple(sorted(SERVER)), How.KILL)


@dataclass(frozen=True)
class Plan:
    """One run. `faults` strike one after the other, each in a process of its own.

    `restored` names what is put back, if anything; `again` sends anew what failed; `offers` gives intake all bulletins
    at every start, as desks do; `restart` brings a dead intake back at once, while the others go on; `cards` sends
    cards to the ministry and answers back; `backed`: the desk makes its backup; `careless` names what is done badly, as
    a control.
    """

    seed: int
    faults: tuple[Fault, ...]
    restored: str
    file_bytes: int
    long_reply: bool
    again: bool
    offers: bool
    who: Who = Who.BOTH
    postgres: bool = False
    restart: bool = False
    cards: bool = False
    backed: bool = False
    careless: str = ""


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    source = random.Random(seed)
    step = source.choice(STEPS)
    who = source.choice(tuple(Who))
    if who is Who.INTAKE and step not in _AT_INTAKE:
        who = Who.DESK
    postgres = source.random() < 0.15
    faults = [_fault(source, step, who, postgres=postgres)]
    if source.random() < 0.3:
        faults.append(_fault(source, "settle", who, postgres=postgres))
    restored = source.choice(("keyrings",) if postgres else RESTORED) if step == "recover" else ""
    sizes = (0, 3_000, 40_000, 1_100_000)
    size, long_reply, again = source.choice(sizes), source.random() < 0.5, source.random() < 0.5
    offers, restart = source.random() < 0.1 or step == "bulletins", source.random() < 0.5
    cards = step in CARD_STEPS or (not restored and source.random() < 0.1)
    backed = step in {"backup", "restore"} or (not restored and source.random() < 0.2)
    if step == "restore" or (step == "backup" and source.random() < 0.5):
        restored, cards = FROM_BACKUP, False
    return Plan(
        seed, tuple(faults), restored, size, long_reply, again, offers, who, postgres=postgres, restart=restart,
        cards=cards, backed=backed,
    )  # fmt: skip


def _fault(source: random.Random, phase: str, who: Who, *, postgres: bool) -> Fault:
    kinds = _OF_SERVERS if postgres else source.choice((_OF_CALLS, _IN_PYTHON))
    how = source.choice(kinds)
    python, transactions, calls, writes, syncs = POINTS[phase]
    most = {How.FULL: writes, How.SYNC: syncs, How.LOCK: transactions // 3}.get(how, calls if how in CALLS else python)
    if how in SERVER or (who is Who.INTAKE and how in _IN_PYTHON):
        most = min(most, transactions)
    return Fault(phase, 1 + source.randrange(max(1, most)), how, source.choice((0, 0, 2, 30)))


def _named(seed: int, *faults: Fault, file_bytes: int, careless: str = "", restored: str = "") -> Plan:
    return Plan(
        seed, faults, restored, file_bytes=file_bytes, long_reply=False, again=True, offers=False, careless=careless,
        backed=restored == FROM_BACKUP,
    )  # fmt: skip


OLD: Final = {
    # An acknowledgement that had been replaced came back with the last board.
    "acknowledgement": _named(106, Fault("board", 16, How.KILL), Fault("settle", 52, How.KILL), file_bytes=3_000),
    # One tag key had two names after a failure between the keyrings, and no board could be made any more.
    "two-names": _named(1011, Fault("open", 17, How.KILL), file_bytes=1_100_000),
    # A report was sent again, its answer having been lost, and the files of its second copy stayed as files of no case.
    "file-twice": _named(40040, Fault("upload", 16, How.KILL), file_bytes=1_100_000),
}
"""Plans that broke a promise once, by name."""

CONTROL: Final = {
    f"careless-{of}": _named(0, Fault("confirm", 6, How.CUT), file_bytes=3_000, careless=of)
    for of in ("files", "database")
} | {
    "careless-backup": _named(
        0, Fault("restore", 2, How.ERROR), file_bytes=3_000, careless="backup", restored=FROM_BACKUP
    )
}
"""Plans that have to break one: nothing is synced of keyrings, or of databases; the backup is made too early."""
