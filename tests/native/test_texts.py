"""Two languages, whole and plain; the reader of catalogues against Babel's."""

from __future__ import annotations

import re

from dropbox.gateway import texts as pages
from dropbox.native import texts
from dropbox.native.catalogue import Texts
from dropbox.native.progress import Progress, size_words, time_words
from dropbox.native.terminal import printable
from tests.gateway.test_wording import NEVER
from tests.web.catalogue_check import assert_complete, catalogues

PACKAGE = "dropbox.native"


def test_every_text_is_there_in_dutch() -> None:
    assert_complete(PACKAGE)


def test_our_reader_of_catalogues_reads_what_babel_reads() -> None:
    dutch = Texts("nl")
    for message in catalogues(PACKAGE)["nl"]:
        if isinstance(message.id, str) and message.id:
            assert dutch.say(message.id) == message.string


def test_nothing_is_promised_that_nobody_can_promise() -> None:
    found = [value for value in vars(texts).values() if isinstance(value, str)]
    assert len(found) > 100
    for language in ("nl", "en"):
        assert not [said for said in map(Texts(language).say, found) if NEVER.search(said)]


def test_what_the_pages_say_too_is_said_in_the_same_words() -> None:
    """The client may not import the pages, so sentences of both stand in both."""
    assert texts.CATEGORIES == pages.CATEGORIES
    assert texts.ONGOING[1:] == pages.ONGOING
    assert texts.STATUSES == pages.STATUSES
    for name in ("COUNT", "WORD", "WORD_NEAR", "DIGITS", "CHECKSUM"):
        assert getattr(texts, f"RECEIPT_{name}") == getattr(pages, f"RECEIPT_{name}")
    ours, theirs = ({one.id: one.string for one in catalogues(of)["nl"]} for of in (PACKAGE, "dropbox.gateway"))
    both = (ours.keys() & theirs.keys()) - {""}
    assert len(both) > 30
    assert {one: ours[one] for one in both} == {one: theirs[one] for one in both}


def test_values_stand_in_sentences() -> None:
    assert "3" in Texts("nl").say(texts.RECEIPT_COUNT, found=3)
    assert not re.search(r"%\(", Texts("nl").say(texts.PROGRESS_LEFT, done="1 MB", total="2 MB", left="3 min"))


def test_what_others_wrote_cannot_move_the_cursor_or_turn_the_line() -> None:
    assert printable("a\x1b[2Jb\u202ec\rd\te\nf\x9b") == "a[2Jbcd e\nf"


def test_progress_has_bytes_and_a_time_and_does_not_flood() -> None:
    said = list[tuple[str, ...]]()
    clock = [0.0]
    progress = Progress(64 << 20, lambda: clock[0], lambda *words: said.append(words))
    for chunk in range(64):
        clock[0] += 1.0
        progress.sent(chunk, 1 << 20)
    assert said[0] == ("5 MB", "64 MB", "1 min")
    assert len(said) == 12


def test_sizes_and_times_in_words() -> None:
    assert [size_words(size) for size in (0, 16_384, 5 << 20, 1 << 30)] == ["0 bytes", "16 KB", "5 MB", "1 GB"]
    assert [time_words(seconds) for seconds in (0, 59, 60, 3700)] == ["1 min", "1 min", "2 min", "1 h 2 min"]
