"""What failed, counted: a line in a log at the moment of a failure would be the time of somebody's visit."""

import contextlib
import os
from collections import Counter

_LONGEST = 200  # bytes of one sentence: far below what a pipe takes in one piece
_ROOM = 65_536  # what a pipe holds: about a thousand failures; more of them in a day are not counted


class Tally:
    """Counts sentences, also those of processes that were forked after it was made.

    Nothing is written anywhere until somebody asks, once a day and not because of a visit.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)

    def count(self, sentence: str) -> None:
        """Note one failure; the sentence holds nothing of a visitor."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writing, sentence.replace("\n", " ").encode()[:_LONGEST] + b"\n")

    def take(self) -> Counter[str]:
        """Return what was counted, and begin anew."""
        said = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self._reading, _ROOM):
                said += more
        return Counter(said.decode(errors="replace").splitlines())

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._reading)
        os.close(self._writing)
