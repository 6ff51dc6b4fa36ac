"""Somebody who sits at a terminal and uses the real command: reads what it says, types lines."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

WITHIN: Final = 60  # seconds, of waiting for what must come
ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-m", "dropbox.native.cli")
_WORD: Final = re.compile(r"\b([0-9]{1,2}) ([a-z]+)")
_PLACE: Final = re.compile(r"wo[or]+d ([0-9]+) (?:from|van)")


class Person:
    """One run of the command."""

    def __init__(self, pid: int, terminal: int, within: float = WITHIN) -> None:
        self.pid, self._terminal, self._within = pid, terminal, within
        self._new = ""  # what was not looked at yet
        self.seen = ""
        self.status: int | None = None

    def expects(self, text: str) -> str:
        """Wait for a text, wherever lines are broken; gives what came up to its end."""
        until = time.monotonic() + self._within
        while (at := self._new.find(text)) < 0:
            assert self._take(until), f"not said: {text!r}\n--- but:\n{self._new}"
        end = at + len(text)
        before, self._new = self._new[:end], self._new[end:]
        return before

    def types(self, *lines: str) -> None:
        """Type lines."""
        for line in lines:
            os.write(self._terminal, line.encode() + b"\n")

    def answers(self, question: str, *lines: str) -> None:
        """Wait for a question and type."""
        self.expects(question)
        self.types(*lines)

    def presses(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._terminal, key)

    def ends(self) -> int:
        """Wait until the command has ended; gives its exit status."""
        until = time.monotonic() + self._within
        while self._take(until):
            pass
        return self.reaped()

    def reaped(self) -> int:
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def takes_new_words(self) -> list[str]:
        """Write twelve words down, as asked, and read one of them back; gives the words."""
        return self.takes_new_words_in("Are the words on paper?", "asked for one of them.", "from your paper", "Right.")

    def takes_new_words_in(self, shown: str, until: str, asked: str, right: str) -> list[str]:
        """The same in another language."""
        listed = _WORD.findall(self.expects(shown))
        words = [word for _, word in sorted((int(number), word) for number, word in listed)][-12:]
        self.expects(until)
        self.types("")
        place = _PLACE.search(self.expects(asked))
        assert place
        self.types(words[int(place[1]) - 1])
        self.expects(right)
        return words

    def writes(self, *lines: str) -> None:
        """Answer the questions of a first report: nothing but a text."""
        self.answers("What is it about?", "6")
        self.answers("a single dot", *lines, ".")
        self.answers("Is your text complete?", "1")
        self.answers("Is it still going on?", "2")
        self.answers("Who must not hear of this?", "")

    def _take(self, until: float) -> bool:
        """Read what there is; False when the command has ended."""
        left = until - time.monotonic()
        assert left > 0, f"nothing came any more\n--- after:\n{self._new}"
        if not select.select([self._terminal], [], [], left)[0]:
            return True
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:
            return False  # the other end of the terminal is closed
        said = data.decode(errors="replace")
        self.seen += said
        self._new = " ".join((self._new + "\0" + said).replace("\0 ", " ").replace("\0", "").split(" "))
        self._new = re.sub(r"\s+", " ", self._new)
        return bool(data)


@contextmanager
def sitting(
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    within: float = WITHIN,
    command: Sequence[str] = COMMAND,
) -> Iterator[Person]:
    """Start the command in `folder`, on a terminal of 80 columns; nothing of it is left running.

    `within`: seconds in which whatever is waited for must come.
    """
    said = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TERM": "vt100",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
    }
    pid, terminal = pty.fork()
    if pid == 0:
        for one in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(one, signal.SIG_DFL)  # whoever runs the tests may have had them ignored, by nohup for one
        os.chdir(folder)
        os.execve(command[0], [*command, *arguments], {**said, **(environment or {})})  # noqa: S606 - our own command
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    person = Person(pid, terminal, within)
    try:
        yield person
    finally:
        if person.status is None:
            os.kill(pid, signal.SIGKILL)
            person.reaped()
        os.close(terminal)
