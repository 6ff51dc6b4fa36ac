"""What the bureau has of a report, seen on its pages."""

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from secrets import token_hex

from tests.browser.driver import wait_for
from tests.onion.conftest import Reachable
from tests.onion.through_tor import connect
from tests.system import raw
from tests.system.people import Handler


def wait_for_all(handler: Handler, instance: Reachable) -> None:
    """Return when the bureau has everything that arrived before: one last report, and nothing waits any more.

    The last report alone proves little: it is fetched before a large one that came earlier.
    """
    last, client = f"Laatste {token_hex(8)}", instance.visitors
    form = raw.fetch_form(instance.url, connect(client, instance.host, isolate=last))
    answer = raw.send(instance.url, form, last, line=connect(client, instance.host, isolate=last))
    assert "Uw melding is verzegeld en verstuurd" in answer
    seen: set[str] = set()

    def arrived() -> bool:
        """Look into each case once: a shared instance has many."""
        handler.browser.open(handler.inbox)
        return any(last in _page_of(handler, number) for number in handler.cases() if not _was_in(seen, number))

    wait_for("the last report", arrived)
    wait_for("the rest", lambda: not waiting(instance.demo.folder / "intake.toml"))


def waiting(settings: Path) -> int:
    """Return how many envelopes an intake holds that the bureau has not confirmed yet."""
    database = tomllib.loads(settings.read_text())["database"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM envelopes").fetchone()[0])


def _was_in(seen: set[str], number: str) -> bool:
    known = number in seen
    seen.add(number)
    return known


def _page_of(handler: Handler, number: str) -> str:
    handler.browser.open(handler.inbox)
    handler.open_case(number)
    return handler.browser.text()


def cases_with(handler: Handler, text: str) -> list[str]:
    """Return the number of every case that shows a text, once for each time that it does."""
    handler.browser.open(handler.inbox)
    return [number for number in handler.cases() for _ in range(_page_of(handler, number).count(text))]


def download(handler: Handler, number: str) -> list[Path]:
    """Download every file of a case."""
    handler.browser.open(handler.inbox)
    handler.open_case(number)
    return handler.browser.fetch_each("Downloaden")
