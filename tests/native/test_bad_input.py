"""Whatever goes wrong is one sentence in the reporter's language, and what was typed is still there."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dropbox.protocol.receipt import fingerprint_words
from dropbox.reporter.transport import Request, Response
from dropbox.torlink.addresses import OnionAddress
from tests.native.conftest import ONION, World
from tests.native.person import COMMAND, ROOT, Person
from tests.simulators.socks import onion

TEXT = "the text that must not be lost"


def written(person: Person) -> None:
    """Everything up to the question whether to send."""
    person.answers("Do you already have twelve words", "1")
    person.takes_new_words()
    person.writes(TEXT)
    person.answers("Where is the file?", "")


def test_without_tor_it_says_so_before_anything_was_typed(world: World) -> None:
    (world.folder / "socks").rename(world.folder / "gone")
    with world.sits("report", language="nl") as person:
        person.expects("Tor draait niet op deze computer")
        (world.folder / "gone").rename(world.folder / "socks")
        person.answers("Hoe wilt u verder?", "1")
        person.expects("Hebt u al twaalf woorden")


def test_another_fingerprint_is_refused_and_the_right_one_is_not_told(world: World) -> None:
    words = list(fingerprint_words(world.bureau.root.public.fingerprint))
    wrong = [*words[:5], "zoo" if words[5] != "zoo" else "zone", *words[6:]]
    with world.sits("report", leaflet=False) as person:
        person.answers("Type the address from the leaflet", "x" * 56 + ".onion")
        person.answers("This address is mistyped", f"HTTP://{ONION.name.upper()}/nl/")
        person.answers("Type the twelve words of the fingerprint", " ".join(words[:3]))
        person.expects("There are 3 words here.")
        person.answers("Type the twelve words of the fingerprint", " ".join(wrong))
        person.expects("word 6 is another one")
        assert words[5] not in person.seen.replace(" ".join(wrong), "").split("another one")[1]
        person.answers("Type the twelve words of the fingerprint", "  ".join(words).upper())
        person.expects("The keys fit")


def test_an_address_where_nothing_is(world: World) -> None:
    other: OnionAddress = onion("nobody")
    with world.sits("report", "--address", other.name) as person:
        person.expects("Tor finds nothing at this address")


@pytest.mark.parametrize("shift", [-400, -2, 2, 400])
def test_keys_of_another_day_send_nothing_and_keep_the_text(world: World, shift: int) -> None:
    """A clock that is wrong by a day or a year, or a host that serves old keys: from here they look alike."""
    good = world.intake.static["/v1/bulletin"]
    bureau = world.bureau
    certificates = tuple(replace(one, not_before=0, not_after=99_999) for one in bureau.bulletin.certificates)
    documents = [
        __import__("json").loads(bureau.root.certify(one.role, one.key, 0, 99_999))
        for one in bureau.bulletin.certificates
    ]
    shifted = replace(
        bureau.bulletin, day=bureau.day + shift, certificates=certificates, certificate_documents=tuple(documents)
    )
    current, bureau.bulletin = bureau.bulletin, shifted
    other = bureau.signed_bulletin()
    bureau.bulletin = current
    with world.sits("report") as person:
        person.expects("The keys fit")
        world.intake.static["/v1/bulletin"] = other
        written(person)
        person.expects("The keys of the bureau are not for today.")
        assert not world.intake.envelopes
        person.answers("How do you want to go on?", "2")
        person.expects(TEXT)
        world.intake.static["/v1/bulletin"] = good
        person.answers("How do you want to go on?", "1")
        person.answers("Send it now?", "1")
        assert person.ends() == 0
    assert world.bureau.open(world.intake.envelopes[0]).message.text == TEXT


def test_keys_that_somebody_changed_seal_nothing(world: World) -> None:
    good = world.intake.static["/v1/bulletin"]
    with world.sits("report", language="nl") as person:
        person.expects("De sleutels passen")
        world.intake.static["/v1/bulletin"] = good.replace(b'"revision":0', b'"revision":1')
        person.answers("Hebt u al twaalf woorden", "2")
        person.answers("Wilt u ze wel zien?", "1")
        person.answers(
            "Typ uw twaalf woorden", "abandon amount liar amount expire adjust cage candy arch gather drum rescue"
        )
        person.answers("Waar gaat het over?", "")
        person.answers("een eigen regel", TEXT, ".")
        person.answers("Is uw tekst klaar?", "")
        person.answers("Is het nog aan de gang?" if "aan de gang" in person.seen else "Uw keuze", "")
        person.answers("Wie mag dit niet horen?", "")
        person.answers("Waar staat het bestand?", "")
        person.expects("is niet van het bureau, of is onderweg veranderd")
        assert not world.intake.envelopes


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [("full", 507, "is full just now"), ("too_many_uploads", 503, "is full just now"), ("bad_day", 422, "refused it")],
)
def test_a_host_that_refuses_leaves_the_text_here(world: World, code: str, status: int, said: str) -> None:
    with world.sits("report") as person:
        written(person)
        world.intake.refuse = ("PUT", code, status)
        person.answers("Send it now?", "1")
        person.expects(said)
        world.intake.refuse = None
        person.answers("How do you want to go on?", "1")
        person.answers("Send it now?", "1")
        assert person.ends() == 0
    assert world.bureau.open(world.intake.envelopes[0]).message.text == TEXT


def test_a_refused_report_can_go_into_a_file_instead(world: World) -> None:
    with world.sits("report") as person:
        written(person)
        world.intake.refuse = ("PUT", "full", 507)
        person.answers("Send it now?", "1")
        person.answers("How do you want to go on?", "4")
        person.answers("Where shall the sealed file be?", "sealed")
        person.expects("It must come in by")
        assert person.ends() == 0
    assert (world.folder / "sealed").stat().st_size == 16_440


def test_no_bulletin_and_no_boards_yet(world: World) -> None:
    world.intake.instead["/v1/boards"] = Response(503, b'{"error": "not_ready"}')
    with world.sits("read") as person:
        person.answers("Do you want to see them?", "2")
        person.answers(
            "Type your twelve words on one line",
            "abandon amount liar amount expire adjust cage candy arch gather drum rescue",
        )
        person.expects("has not put out its keys or answers for today")
        world.intake.instead.clear()
        person.answers("How do you want to go on?", "1")
        person.expects("Nothing for these words yet")


def test_files_that_cannot_be_read_are_said_and_asked_for_again(world: World) -> None:
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.writes(TEXT)
        for typed, said in (("/nowhere/a.pdf", "is not there"), (str(world.folder), "no file but a folder")):
            person.answers("Where is the file?", typed)
            person.expects(said)
        stick = world.folder / "stick.bin"
        stick.write_bytes(b"x" * 100)
        person.answers("Where is the file?", str(stick))
        person.answers("Where is the file?", "")
        stick.unlink()
        person.answers("Send it now?", "1")
        person.expects("can no longer be read")
        assert not world.intake.envelopes
        stick.write_bytes(b"x" * 100)
        person.answers("How do you want to go on?", "1")
        person.answers("Send it now?", "1")
        assert person.ends() == 0
    assert world.bureau.open(world.intake.envelopes[0]).files == [("stick.bin", b"x" * 100)]


def test_ctrl_c_by_mistake_loses_nothing(world: World) -> None:
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.answers("What is it about?", "")
        person.answers("a single dot", "first line", ".")
        person.answers("Is your text complete?", "2")
        person.expects("a single dot")
        person.expects("press Enter.")
        person.presses(b"\x03")
        person.answers("Only Enter: you go on.", "")
        person.expects("You go on.")
        person.expects("once more.")
        person.types("second line", ".")
        person.answers("Is your text complete?", "4")
        person.expects("| first line")
        person.expects("| second line")
        person.presses(b"\x03")
        person.answers("Only Enter: you go on.", "stop")
        person.expects("What you typed stands nowhere on this computer.")
        assert person.ends() == 1


def test_a_line_that_the_terminal_cuts_is_said(world: World) -> None:
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.answers("What is it about?", "")
        person.answers("a single dot", "a" * 5000)
        person.expects("That line was too long for this terminal")


def test_too_long_a_text_is_kept_and_made_shorter(world: World) -> None:
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.answers("What is it about?", "")
        person.answers("a single dot", "a" * 3000, "b" * 3000, "c" * 3000, ".")
        person.expects("bytes too long")
        person.answers("Your choice", "1")
        person.expects("bytes too long")
        person.answers("Your choice", "3")
        person.expects("Is your text complete?")


def test_a_broken_circuit_is_another_way_and_not_the_end(world: World) -> None:
    file = world.folder / "film.bin"
    file.write_bytes(os.urandom(3 << 20))
    cut, upload = list[str](), world.intake._upload

    def cutting(request: Request, name: str, rest: str) -> Response:
        if rest == "/1" and not cut:
            cut.append(rest)
            world.cut()
        return upload(request, name, rest)

    world.intake._upload = cutting  # type: ignore[method-assign]  # a circuit that breaks while it is used
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.writes(TEXT)
        person.answers("Where is the file?", str(file))
        person.answers("Where is the file?", "")
        before = len(world.tor.circuits)
        person.answers("Send it now?", "1")
        person.expects("Trying again by another way.")
        person.expects("What happens next")
        assert person.ends() == 0
    assert cut
    assert len(world.tor.circuits) > before
    assert world.bureau.open(world.intake.envelopes[0]).files == [("film.bin", file.read_bytes())]


def test_what_is_not_a_terminal_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "report"], input=b"secret text\n", capture_output=True, check=False, cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert b"terminal" in done.stderr
    assert not done.stdout
