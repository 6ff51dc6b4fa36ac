"""What the processes of one run share: which phase the work is in, and the clock."""

import ctypes
import mmap
from typing import Final

from tests.bureau.office import Clock

# Every part of the work in which something may strike, by name. "" is between them.
PHASES: Final = (
    "",
    "start",  # of intake, of the desk
    "upload",
    "recover",  # the desk reads its last published board
    "fetch",
    "open",
    "confirm",
    "reply",
    "board",
    "refer",  # a handler releases a card
    "stock",
    "cards",  # a batch goes to the ministry's mailbox
    "mailbox",  # the ministry collects cards and puts outcomes
    "outcomes",
    "open-outcomes",
    "renew",
    "make-bulletins",
    "bulletins",
    "publication",
    "clock",
    "destroy",
    "settle",  # whatever happens after everything was started again
    "canaries",  # reports of auditors are answered; nobody sends one here
    "backup",
    "restore",  # a desk is made anew from its backup, on an empty disk
    "confirm-outcomes",
)


class Shared:
    """Two numbers in memory that children inherit: a change by one process is seen by all."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self._values = (ctypes.c_long * 2).from_buffer(self._memory)

    @property
    def phase_address(self) -> int:
        """Where the number of the phase stands, for the shim."""
        return ctypes.addressof(self._values)

    @property
    def phase(self) -> str:
        """The phase that the work is in."""
        return PHASES[self._values[0]]

    @phase.setter
    def phase(self, name: str) -> None:
        self._values[0] = PHASES.index(name)

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self._values[1]

    @now.setter
    def now(self, seconds: int) -> None:
        self._values[1] = seconds


class SharedClock(Clock):
    """The office's clock, the same in every process."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def __call__(self) -> int:
        """Unix seconds."""
        return self._shared.now

    @property
    def day(self) -> int:
        """The UTC day."""
        return self._shared.now // 86_400

    def forward(self, days: int = 0, seconds: int = 0) -> None:
        """Let time pass."""
        self._shared.now += days * 86_400 + seconds
