"""The real command on a real terminal: a report from the first question to the sealed envelope at the bureau."""

from __future__ import annotations

from dropbox.protocol.receipt import parse_receipt
from dropbox.protocol.thread import ReporterKeys
from tests.native.conftest import World

TEXT = "the invoice of the garage was paid twice"


def test_a_report_reaches_the_bureau_and_the_words_on_paper_lead_to_it(world: World) -> None:
    file = world.folder / "invoice.bin"
    file.write_bytes(bytes(range(256)) * 20)
    with world.sits("report") as person:
        person.expects("The keys fit the words on your leaflet.")
        person.answers("Do you already have twelve words", "1")
        words = person.takes_new_words()
        person.writes(TEXT, "in March")
        person.answers("Where is the file?", f"'{file}'")
        person.expects("Added: invoice.bin, 5 KB.")
        person.answers("Where is the file?", "")
        person.expects("a sealed packet of 16 KB")
        person.answers("Send it now?", "1")
        person.expects("Within 7 days the bureau confirms")
        assert person.ends() == 0
    opened = world.bureau.open(world.intake.envelopes[0])
    assert opened.authentic
    assert (opened.message.text, opened.message.category, opened.message.ongoing) == (
        f"{TEXT}\nin March",
        "corruption",
        "yes",
    )
    assert opened.files == [("invoice.bin", file.read_bytes())]
    keys = ReporterKeys.derive(parse_receipt(" ".join(words)), world.bureau.root.public.instance)
    assert opened.head.thread_id == keys.thread_id


def test_a_text_that_is_pasted_with_a_dot_in_it_does_not_send_itself(world: World) -> None:
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "1")
        person.takes_new_words()
        person.answers("What is it about?", "6")
        person.answers("a single dot", "The first part.", ".", *[""] * 20)
        person.expects("Send it now?")
        person.answers("Type a number from 1 to 2", "")
        person.answers("Type a number from 1 to 2", "2")
        person.expects("Where is the file?")
    assert not world.intake.envelopes
