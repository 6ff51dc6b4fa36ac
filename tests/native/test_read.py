"""Reading and answering on a terminal: words of any list, hidden or shown, and what the bureau said."""

from __future__ import annotations

import pytest

from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Acknowledgement, CaseStatus, Question, Reply, Status
from tests.native.conftest import World

RECEIPT = Receipt(bytes(range(15)))
WORDS = " ".join(RECEIPT.words())


def reported(world: World) -> bytes:
    """A report under the receipt, opened by the bureau; gives its thread."""
    with world.sits("report") as person:
        person.answers("Do you already have twelve words", "2")
        person.answers("Do you want to see them?", "1")
        person.answers("Type your twelve words on one line", WORDS)
        person.writes("it began in March")
        person.answers("Where is the file?", "")
        person.answers("Send it now?", "1")
        person.expects("What happens next")
        assert person.ends() == 0
        assert RECEIPT.words()[2] not in person.seen
    return world.bureau.open(world.intake.envelopes[0]).head.thread_id


def test_answers_are_read_and_answered_in_the_same_thread(world: World) -> None:
    thread, asked = reported(world), bytes(range(8))
    for note in (
        Acknowledgement(1, 0, world.bureau.day), Status(CaseStatus.ASSESSING, ""),
        Reply("Thank you.\x1b]0;evil\x07 Who knows of it?"), Question(asked, "May we ask the garage?", ("yes", "no")),
    ):  # fmt: skip
        world.bureau.reply(thread, note)
    world.intake.issue()
    world.intake.seen.clear()
    with world.sits("answer") as person:
        person.answers("Do you want to see them?", "2")
        person.answers("Type your twelve words on one line", ", ".join(WORDS.upper().split()))
        person.expects("opened messages of yours: 1")
        person.expects("The bureau is looking into what you reported")
        person.expects("Thank you.")
        person.expects("Who knows of it?")
        assert [one.path for one in world.intake.seen] == ["/v1/bulletin", "/v1/boards", "/v1/publication"]
        person.answers("Do you want to answer", "2")
        person.answers("Which answer do you give?", "2")
        person.answers("a single dot", "only the driver", ".")
        person.answers("Is your text complete?", "1")
        person.answers("Where is the file?", "")
        person.answers("Send it now?", "1")
        person.expects("A handler of the bureau reads your message.")
        assert person.ends() == 0
        assert "\x1b]0;" not in person.seen
    world.bureau.knows(RECEIPT)
    opened = world.bureau.open(world.intake.envelopes[1])
    assert opened.head.thread_id == thread
    assert not opened.head.first
    assert (opened.message.text, opened.message.answers) == ("only the driver", ((asked, "no"),))
    assert opened.authentic


@pytest.mark.parametrize("language", ["french", "japanese", "turkish", "chinese_simplified"])
def test_words_of_another_list_are_the_same_words(world: World, language: str) -> None:
    world.bureau.reply(reported(world), Reply("found"))
    world.intake.issue()
    with world.sits("read") as person:
        person.answers("Do you want to see them?", "1")
        person.answers("Type your twelve words on one line", " ".join(RECEIPT.words(language)))
        person.expects("found")
        person.answers("Do you want to answer", "1")
        assert person.ends() == 0


@pytest.mark.parametrize("typed", [RECEIPT.digits(), RECEIPT.digits().lower().replace(" ", "-").replace("0", "o")])
def test_letters_and_digits_serve_as_well(world: World, typed: str) -> None:
    with world.sits("read") as person:
        person.answers("Do you want to see them?", "1")
        person.answers("Type your twelve words on one line", typed)
        person.expects("Nothing for these words yet")
        person.answers("Do you want to answer", "")
        assert person.ends() == 0


def test_each_mistake_is_a_sentence_and_the_question_comes_again(world: World) -> None:
    words = list(RECEIPT.words())
    with world.sits("read") as person:
        person.answers("Do you want to see them?", "1")
        for typed, said in (
            ("", "Nothing was typed."),
            (" ".join(words[:11]), "There are 11 words here."),
            (" ".join(["abandn", *words[1:]]), "Did you mean: abandon"),
            (" ".join(["qqqqq", *words[1:]]), "Word 1 is not a word"),
            (" ".join([words[1], words[0], *words[2:]]), "two that changed places"),
            (RECEIPT.digits()[:-1] + "0", "group by group"),
        ):
            person.answers("Type your twelve words on one line", typed)
            person.expects(said)
        person.answers("Type your twelve words on one line", WORDS)
        person.expects("Nothing for these words yet")
