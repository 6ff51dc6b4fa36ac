"""How far an upload is: bytes and the time that remains, a line every few seconds.  Pure but for the clock given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dropbox.protocol.sizes import GIB, KIB, MIB, UPLOAD_CHUNK

EVERY: Final = 5.0  # seconds
_MINUTE: Final = 60
_HOUR: Final = 3600


def size_words(size: int) -> str:
    """A size as people say it."""
    units = ((GIB, "GB"), (MIB, "MB"), (KIB, "KB"), (1, "bytes"))
    unit, name = next((unit, name) for unit, name in units if size >= unit or unit == 1)
    return f"{size // unit} {name}"


def time_words(seconds: float) -> str:
    """A time that remains, in hours and minutes; never less than a minute."""
    minutes = int(seconds) // _MINUTE + 1
    hours, minutes = divmod(minutes, _HOUR // _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


class Progress:
    """Says at most every `EVERY` seconds how many bytes of `total` are with the host, and how long the rest takes."""

    def __init__(self, total: int, clock: Callable[[], float], say: Callable[[str, str, str], None]) -> None:
        """`say` is given what has gone out, what there is in all, and the time that remains ("" where unknown)."""
        self._total, self._clock, self._say = total, clock, say
        self._began: tuple[float, int] | None = None
        self._last = clock()

    def sent(self, chunk: int, count: int) -> None:
        """So many bytes of a chunk have gone out."""
        now, done = self._clock(), min(chunk * UPLOAD_CHUNK + count, self._total)
        if self._began is None:
            self._began = now, done  # what an earlier run sent is no measure of this one's line
        if now - self._last < EVERY:
            return
        self._last = now
        began, before = self._began
        rate = (done - before) / (now - began) if now > began else 0.0
        left = time_words((self._total - done) / rate) if rate else ""
        self._say(size_words(done), size_words(self._total), left)
