"""A sign that all who serve can see: somebody waits for a place.

It is a pipe in which a byte lies while that is so. The acceptor puts it there and takes it out; who serves has only the
end that is read, looks whether there is anything, and then has less patience with a visitor who says nothing. A process
that was taken over could take the byte out, and so be as patient as without the sign; the next turn shows it again.
"""

import contextlib
import os
import select


class Crowd:
    """The acceptor's side. `seen` is the descriptor that can be read while somebody waits."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.seen, self._showing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def show(self, waits: bool) -> None:  # noqa: FBT001 - what it shows
        """Show whether somebody waits."""
        if waits and not is_shown(self.seen):
            os.write(self._showing, b"w")
        elif not waits:
            with contextlib.suppress(BlockingIOError):
                os.read(self.seen, 8)

    def close(self) -> None:
        """Let go of both ends."""
        os.close(self.seen)
        os.close(self._showing)


def is_shown(sign: int) -> bool:
    """Whether there is something to read at `sign` just now; nothing is read."""
    return bool(select.select([sign], [], [], 0)[0])
