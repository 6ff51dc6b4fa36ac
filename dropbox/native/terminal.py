"""Questions and answers on an ordinary terminal: lines of text, no colours, nothing that moves.

So it works over a screen reader, on a console, and in every size of window.  What others wrote (answers of the bureau,
names of files) is shown without control characters: a terminal obeys those.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import signal
import sys
import termios
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dropbox.native import texts
from dropbox.native.catalogue import Texts
from dropbox.native.errors import Stopped

_WIDEST = 78
_CUT = 4094  # bytes: a terminal gives no more of one line, and drops the rest without a word
_ENDS = 3  # times that a terminal says it is over before it is believed
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"  # also what has scrolled away


def is_terminal() -> bool:
    """Whether somebody sits here: texts that come from a pipe or a file stand somewhere else too."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def prepare() -> None:
    """Whatever bytes are typed are text, and what this terminal cannot show is shown as a question mark."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C counts while somebody is asked, or the network is waited for; pressed in between it waits until then.

    Anywhere else it would end the program without asking, and take with it what was typed.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def printable(text: str) -> str:
    """What a terminal may show of a text that others wrote: control characters and marks of direction left out."""
    return "".join(
        char if char == "\n" or not unicodedata.category(char).startswith("C") else " " * (char == "\t")
        for char in text
    )


class Terminal:
    """Speaks one language with one person."""

    def __init__(self, language: Texts) -> None:
        """`language` gives the words."""
        self.texts = language

    def say(self, sentence: str, **values: object) -> None:
        """A paragraph."""
        self.show(self.texts.say(sentence, **values))

    def title(self, sentence: str) -> None:
        """What the next part is about."""
        text = self.texts.say(sentence)
        self._write(f"\n{text}\n{'-' * len(text)}\n")

    def item(self, sentence: str, **values: object) -> None:
        """One of several things."""
        self._write(self._filled(self.texts.say(sentence, **values), "- "))

    def show(self, text: str, before: str = "") -> None:
        """A text as it is, without what a terminal would obey; each line with `before` in front of it."""
        lines = printable(text).split("\n")
        self._write("".join(self._filled(line, before, before) for line in lines) + ("" if before else "\n"))

    def line(self, text: str) -> None:
        """One line, as it is."""
        self._write(f"{text}\n")

    def ask(self, sentence: str, **values: object) -> str:
        """What is typed on one line, which shows while it is typed."""
        return self._asked(self.texts.say(sentence, **values))

    def ask_hidden(self, sentence: str) -> str:
        """What is typed on one line, which does not show."""
        with self._hidden():
            answer = self._asked(self.texts.say(sentence))
        self._write("\n")
        return answer

    def choose(self, sentence: str, options: Sequence[str], *, typed: bool = False) -> int:
        """Which of the options, from 0; the first one is taken where nothing is typed.

        With `typed` only a number counts, and what was typed before the question does not: a text that is pasted, with
        a single dot in it, must not send itself by its empty lines.
        """
        if typed:
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
        self.say(sentence)
        for number, option in enumerate(options, 1):
            self._write(self._filled(self.texts.say(option), f"  {number}  ", " " * 5))
        while True:
            question = texts.NO_SUCH_NUMBER if typed else texts.WHICH_NUMBER
            answer = self.ask(question, most=len(options)).strip()
            if not answer and not typed:
                return 0
            if answer.isascii() and answer.isdigit() and 1 <= int(answer[:4]) <= len(options):
                return int(answer) - 1
            self.say(texts.NO_SUCH_NUMBER, most=len(options))

    def agrees(self, sentence: str, **values: object) -> bool:
        """Yes or no; nothing typed is no."""
        answer = self.ask(sentence, **values).strip().casefold()
        return answer[:1] in {"j", "y"}

    def lines(self) -> str:
        """A text of several lines, up to one that is a single dot.  A line that the terminal cut is said to be so."""
        found: list[str] = []
        while True:
            try:
                line = self._read()
            except EOFError:
                break
            if line.strip() == ".":
                break
            found.append(line)
            if len(line.encode()) >= _CUT:
                self.say(texts.LINE_CUT, end=printable(line[-40:]))
        return "\n".join(found).strip("\n")

    def clear(self) -> None:
        """Take what showed from the screen and from what can be scrolled back to, as far as this terminal does that."""
        if os.environ.get("TERM", "dumb") == "dumb":
            self._write("\n" * shutil.get_terminal_size().lines)
        else:
            self._write(_CLEAR)

    def place_to_check(self, many: int) -> int:
        """One of so many places, by chance."""
        return secrets.randbelow(many)

    def _asked(self, question: str) -> str:
        for _ in range(_ENDS):
            self._write(f"{question} ")
            try:
                return self._read()
            except EOFError:
                self._write("\n")
        raise Stopped

    def _read(self) -> str:
        """One line.  Raises EOFError; Stopped when Ctrl-C was pressed and meant."""
        while True:
            try:
                with interruptible():
                    line = sys.stdin.readline()
            except KeyboardInterrupt:
                self._write("\n")
                if self._means_it():
                    raise Stopped from None
                continue
            if not line:
                raise EOFError
            if "\ufffd" in line:
                self.say(texts.UNREADABLE_LINE)
            return line.removesuffix("\n")

    def _means_it(self) -> bool:
        self._write(self.texts.say(texts.REALLY_STOP) + " ")
        try:
            with interruptible():
                answer = sys.stdin.readline().strip().casefold()
        except KeyboardInterrupt:
            return True
        if answer != "stop":
            self.say(texts.GO_ON)
        return answer == "stop"

    @contextmanager
    def _hidden(self) -> Iterator[None]:
        sys.stdout.flush()
        number = sys.stdin.fileno()
        before = termios.tcgetattr(number)
        quiet = [*before]
        quiet[3] &= ~termios.ECHO
        termios.tcsetattr(number, termios.TCSAFLUSH, quiet)
        try:
            yield
        finally:
            termios.tcsetattr(number, termios.TCSAFLUSH, before)

    def _filled(self, text: str, before: str = "", then: str = "  ") -> str:
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        filled = textwrap.wrap(
            text, max(width, 20), initial_indent=before, subsequent_indent=then if before else "",
            break_on_hyphens=False, break_long_words=False,
        )  # fmt: skip
        return "\n".join(filled or [""]) + "\n"

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
