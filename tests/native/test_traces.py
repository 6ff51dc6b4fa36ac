"""Afterwards neither text nor words stand on the disk, among arguments, in the environment, or in a core dump."""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path

from dropbox.protocol.receipt import parse_receipt
from tests.native.conftest import World
from tests.native.person import Person
from tests.system import traces

TEXT, FILE = (f"planted-{secrets.token_hex(8)}" for _ in range(2))  # others may plant theirs at the same time


def test_nothing_that_was_typed_stands_anywhere(world: World) -> None:
    began = time.time()
    attachment = world.folder / "given.txt"
    attachment.write_text(FILE)
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        words = person.takes_new_words()
        person.writes(TEXT)
        person.answers("Where is the file?", str(attachment))
        person.answers("Where is the file?", "")
        person.expects("Send it now?")
        process = Path(f"/proc/{person.pid}")
        digits = parse_receipt(" ".join(words)).digits()
        planted = [TEXT, " ".join(words), digits, digits.replace(" ", "")]
        for place in ("cmdline", "environ"):
            assert not traces.found_in(process / place, planted)
        assert "Max core file size 0 0" in " ".join((process / "limits").read_text().split())
        opened = {str(one.readlink()) for one in (process / "fd").iterdir()}
        assert not [one for one in opened if one.startswith("/") and not one.startswith("/dev/")]
        person.types("1")
        person.expects("What happens next")
        assert person.ends() == 0
    own = [file for file in traces.below(world.folder) if file != attachment]
    assert not traces.search([*own, *traces.temporary_since(began, world.folder)], [*planted, FILE])
    assert {file.name for file in own} == {"leaflet.txt"}


def test_sealing_leaves_the_sealed_file_and_nothing_else(world: World) -> None:
    with world.sits("keys", "keys") as person:
        assert person.ends() == 0
    with world.sits("seal", "sealed", "--keys", "keys") as person:
        person.answers("Do you already have twelve words", "1")
        words = person.takes_new_words()
        person.writes(TEXT)
        person.answers("Where is the file?", "")
        assert person.ends() == 0
    own = [*traces.below(world.folder)]
    assert {file.name for file in own} == {"leaflet.txt", "keys", "sealed"}
    assert not traces.search(own, [TEXT, " ".join(words), parse_receipt(" ".join(words)).digits()])


_BROKEN = """
import sys
from dropbox.native import cli, reading
def fails(*_given):
    raise ZeroDivisionError
reading.show = fails
sys.exit(cli.main())
"""


def test_the_screen_is_empty_after_a_fault_of_ours(world: World) -> None:
    words = "abandon amount liar amount expire adjust cage candy arch gather drum rescue"
    with world.sits("read", command=(sys.executable, "-c", _BROKEN)) as person:
        person.answers("Do you want to see them?", "2")
        person.answers("Type your twelve words on one line", words)
        person.expects("That is our fault, not yours.")
        assert person.ends() == 3
    assert on_the_screen(person) == "Something is wrong in this program."


def test_the_screen_is_empty_after_who_stopped(world: World) -> None:
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.answers("What is it about?", "")
        person.answers("a single dot", TEXT, ".")
        person.expects("Is your text complete?")
        person.presses(b"\x03")
        person.answers("Only Enter: you go on.", "stop")
        assert person.ends() == 1
    assert on_the_screen(person) == "Stopped."


def on_the_screen(person: Person) -> str:
    """The first sentence that stands there at the end; what was cleared away is gone."""
    left = person.seen[person.seen.rindex("\x1b[3J") + len("\x1b[3J") :]
    assert TEXT not in left
    return f"{left.split('.')[0].strip()}."


def test_the_words_leave_the_screen_once_they_are_on_paper(world: World) -> None:
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        words = person.takes_new_words()
        person.expects("What is it about?")
    after = person.seen[person.seen.rindex("\x1b[3J") :]
    assert sum(word in after.split() for word in words) < 3
