"""People who report while machines are lost."""

import itertools
import threading
from collections import Counter
from pathlib import Path
from typing import Final, Self

from tests.bench.visitor import REPORT, NotAccepted, ReportForm, Visitor, learnt
from tests.hosts.network import until
from tests.load.crowd import tor_line

_FIRST_CIRCUIT: Final = 1000


class Reporters:
    """Some who send one text after the other, each with the same words until it is accepted, as the page tells them.

    `accepted` are the texts, `refused` how often a page said which status, `broken` how often the line broke.
    """

    def __init__(self, door: Path, people: int = 4) -> None:
        self._door, self._form = door, learnt(door, tor_line(_FIRST_CIRCUIT))
        self._over = threading.Event()
        self._circuits = itertools.count(_FIRST_CIRCUIT + 1)
        self._people = [threading.Thread(target=self._go_on, args=(number,)) for number in range(people)]
        self.accepted: list[str] = []
        self.refused: Counter[int] = Counter()
        self.broken = 0

    def __enter__(self) -> Self:
        for one in self._people:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._people:
            one.join()

    def more(self, texts: int) -> None:
        """Wait until so many more have been accepted."""
        enough = len(self.accepted) + texts
        until(lambda: len(self.accepted) >= enough, f"no more reports are accepted: {self.refused}, {self.broken}")

    def _go_on(self, person: int) -> None:
        for number in itertools.count():
            if self._over.is_set():
                return
            self._send(f"what {person} saw, {number}")

    def _send(self, text: str) -> None:
        fields: dict[str, str] = {}
        while text not in self.accepted:
            try:
                with Visitor(self._door, tor_line(next(self._circuits))) as visitor:
                    fields = fields or _filled(self._form, visitor, text)
                    accepted_or_raise(visitor.post(REPORT, fields | {"files": ""}).status)
                self.accepted.append(text)
            except NotAccepted as error:
                self.refused[error.status] += 1
            except OSError:
                self.broken += 1
            if self._over.wait(0.1):
                return


def accepted_or_raise(status: int) -> None:
    """Raise NotAccepted unless a page says that all is well."""
    if status != 200:
        raise NotAccepted(status)


def _filled(form: ReportForm, visitor: Visitor, text: str) -> dict[str, str]:
    page = visitor.get(REPORT)
    accepted_or_raise(page.status)
    return form.filled(page.body, text)
