"""What one circuit may cost us: how many connections it holds open, and how many it opens a minute.

In memory only, and forgotten a minute after the circuit's last connection. A flooder can make new circuits; each costs
them more than it costs us, and `connections_at_once` bounds all of them together.
"""

from dataclasses import dataclass

MINUTE = 60.0


@dataclass(slots=True)
class _Circuit:
    """One circuit: connections open, connections that it may still open, when that was counted."""

    allowance: float
    counted: float
    open: int = 0


class Circuits:
    """Counts connections by circuit. Times are seconds of any clock that only goes forward."""

    def __init__(self, at_once: int, per_minute: int) -> None:
        """Let a circuit have `at_once` connections open and open `per_minute` a minute."""
        self._at_once, self._per_minute = at_once, per_minute
        self._circuits: dict[int, _Circuit] = {}
        self._swept = 0.0

    def __len__(self) -> int:
        """How many circuits are remembered."""
        return len(self._circuits)

    def admit(self, circuit: int, now: float) -> bool:
        """Whether this circuit may have one more connection; if so, it is counted until `ended`."""
        self._sweep(now)
        found = self._circuits.setdefault(circuit, _Circuit(float(self._per_minute), now))
        regained = (now - found.counted) * self._per_minute / MINUTE
        found.allowance = min(float(self._per_minute), found.allowance + regained)
        found.counted = now
        if found.open >= self._at_once or found.allowance < 1:
            return False
        found.allowance -= 1
        found.open += 1
        return True

    def ended(self, circuit: int) -> None:
        """One connection of this circuit is over."""
        self._circuits[circuit].open -= 1

    def _sweep(self, now: float) -> None:
        if now - self._swept < MINUTE:
            return
        self._swept = now
        idle = [name for name, held in self._circuits.items() if not held.open and now - held.counted >= MINUTE]
        for name in idle:
            del self._circuits[name]
