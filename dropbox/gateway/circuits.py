"""What one circuit may cost us: connections, requests, uploads, bytes; and whose connection is served next.

In memory only, and forgotten a minute after the circuit's last connection. Who goes over a limit is refused, and the
circuit is to be closed. That sheds load and bans nobody: the visitor comes back on a new circuit. So no limit lies
where an honest reporter can come; and too many bytes close a circuit between uploads, never within the only one.

A connection's own process says what happens on it (`reports`). It speaks of no other circuit, so one that was taken
over can lie about its own visitor and gains nothing.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from dropbox.gateway import reports

MINUTE, HOUR = 60.0, 3600.0
ASKED_AGAIN = 10.0  # seconds after which a circuit that goes on is to be closed once more
MOVING = 120.0  # seconds in which an upload moved a mebibyte: Tor stalls for a minute and recovers
BROWSER = 6  # connections that a browser opens to one host at most
WAIT_MOST = 4  # connections of one circuit that may wait for a place
CHARGED = 2.0  # seconds that a connection counts for at least: who comes again and again holds no place for long
STEP = 20.0  # seconds that a circuit holds places before others go first: a visit with half a dozen connections


@dataclass(frozen=True, slots=True)
class Limits:
    """What a circuit may have: connections and uploads at once, connections and requests a minute, MiB an hour."""

    connections: int
    connections_per_minute: int
    requests_per_minute: int
    uploads: int
    mebibytes_per_hour: int


class Allowance:
    """So many in a time, all at once or spread; what is used comes back evenly."""

    __slots__ = ("_at", "_full", "_left", "_rate")

    def __init__(self, full: int, seconds: float, now: float) -> None:
        """Begin with all of it."""
        self._full, self._rate, self._left, self._at = float(full), full / seconds, float(full), now

    def left(self, now: float) -> float:
        """How much there is."""
        self._left = min(self._full, self._left + (now - self._at) * self._rate)
        self._at = now
        return self._left

    def take(self, number: int, now: float) -> bool:
        """Use so many; when there are not as many, use what there is and return False."""
        left = self.left(now) - number
        self._left = max(left, 0.0)
        return left >= 0


@dataclass(slots=True)
class Circuit:
    """One circuit: what it has open, what it was given, what it may still do."""

    number: int
    connections: Allowance
    refusals: Allowance
    requests: Allowance
    mebibytes: Allowance
    open: int = 0  # connections that wait or are served
    served: int = 0
    since: float = 0.0  # when it last got a place and had none
    held: float = 0.0  # seconds that its connections had places, those over which an upload moved not counted
    uploads: int = 0
    began: float | None = None  # when its first upload did
    moved: float = float("-inf")  # when an upload last moved a mebibyte
    asked: float = float("-inf")  # when it was last to be closed
    due: bool = False  # to be closed when its upload ends


@dataclass(slots=True)
class Connection:
    """One connection, and whether an upload is open on it."""

    circuit: Circuit
    served: bool = field(default=False)
    since: float = 0.0  # when it got its place
    uploading: bool = field(default=False)


class Circuits:
    """Counts by circuit. Times are seconds of any clock that only goes forward."""

    def __init__(self, limits: Limits) -> None:
        """Remember nobody yet."""
        self._limits = limits
        self._circuits: dict[int, Circuit] = {}
        self._to_close: list[int] = []
        self._idle: OrderedDict[int, float] = OrderedDict()  # without connections, and since when, oldest first

    def __len__(self) -> int:
        """How many circuits are remembered."""
        return len(self._circuits)

    def admit(self, number: int, now: float, *, free: bool = True) -> Connection | None:
        """One more connection of this circuit, counted until `ended`; None when it may have no more.

        `free`: whether there is a place for it at once; otherwise it would have to wait.
        """
        self.forget(now)
        circuit = self._circuits.get(number) or self._new(number, now)
        limits = self._limits
        if (
            circuit.open >= limits.connections
            or circuit.uploads > limits.uploads
            or (not free and circuit.open - circuit.served >= WAIT_MOST)
            or circuit.requests.left(now) < 1
            or circuit.mebibytes.left(now) < 1
            or circuit.connections.left(now) < 1
        ):
            if not circuit.refusals.take(1, now):
                self._close(circuit, now)
            self._rest(circuit, now)
            return None
        circuit.connections.take(1, now)
        circuit.open += 1
        self._idle.pop(number, None)
        return Connection(circuit)

    def serve(self, connection: Connection, now: float) -> None:
        """The connection has a place now."""
        connection.served, connection.since = True, now
        if not connection.circuit.served:
            connection.circuit.since = now
        connection.circuit.served += 1

    def said(self, connection: Connection, records: bytes, now: float) -> None:
        """Count what the connection's process reports."""
        circuit = connection.circuit
        if (requests := records.count(reports.REQUEST)) and not circuit.requests.take(requests, now):
            self._close(circuit, now)
        if _moves_upload(records, uploading=connection.uploading):
            circuit.moved = now
        if reports.UPLOAD in records and not connection.uploading:
            connection.uploading = True
            circuit.uploads += 1
            if circuit.began is None:
                circuit.began = now
            if circuit.uploads > self._limits.uploads:
                self._close(circuit, now)
        if (mebibytes := records.count(reports.MEBIBYTE)) and not circuit.mebibytes.take(mebibytes, now):
            circuit.due = True
        if records.rfind(reports.DONE) > records.rfind(reports.UPLOAD):
            self._done(connection)
        if circuit.due and circuit.uploads != 1:
            self._close(circuit, now)

    def ended(self, connection: Connection, now: float) -> None:
        """The connection is over."""
        circuit = connection.circuit
        circuit.open -= 1
        circuit.served -= connection.served
        if connection.served and now - circuit.moved > MOVING:
            circuit.held += max(now - connection.since, CHARGED)
        self._done(connection)
        if circuit.due and circuit.open and circuit.uploads != 1:
            self._close(circuit, now)
        self._rest(circuit, now)

    def relieve(self, places: int, waiting: int, now: float) -> None:
        """There are no more than so many `places`, and somebody waits who has none: close the circuit with the most.

        Not one within its share, unless it has had it for long; and none that uploads unless it holds more than a
        browser would. `waiting` is how many circuits have none.
        """
        holders = [circuit for circuit in self._circuits.values() if circuit.served]
        share = max(1, places // (len(holders) + waiting))
        greedy = [
            one
            for one in holders
            if (one.served > share or now - one.since > MOVING)
            and now - one.asked >= ASKED_AGAIN
            and not self._is_honest(one, now)
        ]
        if greedy:
            self._close(max(greedy, key=lambda one: (one.served, -one.since)), now)

    def forget(self, now: float) -> float | None:
        """Forget the circuits whose last connection ended, or was refused, a minute ago.

        Return the seconds until the next is to be forgotten; None when there is none.
        """
        while self._idle:
            number, since = next(iter(self._idle.items()))
            if (left := since + MINUTE - now) > 0:
                return left
            del self._idle[number], self._circuits[number]
        return None

    def to_close(self) -> list[int]:
        """Which circuits are to be closed, each once."""
        found, self._to_close = self._to_close, []
        return found

    @staticmethod
    def _is_honest(circuit: Circuit, now: float) -> bool:
        """Whether it uploads, and holds no more than a browser does.

        A browser that seals sends a mebibyte at a time and has no upload open in between: what counts is what its
        uploads moved. Holding places so costs a flooder a mebibyte in each time, for each circuit. The first upload
        alone has that time for nothing, and only while it is open; other bytes, which come cheaper, never count.
        """
        begins = circuit.uploads > 0 and circuit.began is not None and now - circuit.began <= MOVING
        return circuit.served <= BROWSER and (begins or now - circuit.moved <= MOVING)

    @staticmethod
    def _done(connection: Connection) -> None:
        connection.circuit.uploads -= connection.uploading
        connection.uploading = False

    def _close(self, circuit: Circuit, now: float) -> None:
        if now - circuit.asked >= ASKED_AGAIN:
            circuit.asked = now
            self._to_close.append(circuit.number)

    def _new(self, number: int, now: float) -> Circuit:
        limits = self._limits
        circuit = self._circuits[number] = Circuit(
            number,
            connections=Allowance(limits.connections_per_minute, MINUTE, now),
            refusals=Allowance(limits.connections_per_minute, MINUTE, now),
            requests=Allowance(limits.requests_per_minute, MINUTE, now),
            mebibytes=Allowance(limits.mebibytes_per_hour, HOUR, now),
        )
        return circuit

    def _rest(self, circuit: Circuit, now: float) -> None:
        if not circuit.open:
            self._idle[circuit.number] = now
            self._idle.move_to_end(circuit.number)


def _moves_upload(records: bytes, *, uploading: bool) -> bool:
    """Whether a mebibyte among these is an upload's: reported between its beginning and its end."""
    first, *others = records.split(reports.DONE)
    whole = [first] if uploading else [first.partition(reports.UPLOAD)[2]]
    return any(reports.MEBIBYTE in piece for piece in [*whole, *(one.partition(reports.UPLOAD)[2] for one in others)])
