"""What the reporter's texts must never say, and how plainly they say the rest."""

import re

import pytest

from tests.web.catalogue_check import assert_complete, catalogues, messages_of

PACKAGE = "dropbox.gateway"
WORDS_PER_SENTENCE = 15
LONGEST_SENTENCE = 25

# The reason to report is fairness, not the ministry's name; and nobody can promise anonymity.
NEVER = re.compile(
    r"reputati|imago|goede naam|good name|\bimage\b|100\s*%|(volledig|helemaal|totaal) anoniem"
    r"|(fully|completely|totally) anonymous|kom snel terug|come back soon",
    re.IGNORECASE,
)


def texts() -> dict[str, list[str]]:
    flat = [part for message in messages_of(PACKAGE) for part in ([message] if isinstance(message, str) else message)]
    found = {"en": flat}
    for code, catalogue in catalogues(PACKAGE).items():
        strings = [message.string for message in catalogue if message.id]
        found[code] = [part for text in strings for part in ([text] if isinstance(text, str) else text or ())]
    return found


def sentences(found: list[str]) -> list[str]:
    parts = [sentence for text in found for sentence in re.split(r"(?<=[.?!:])\s+", text)]
    return [sentence for sentence in parts if len(sentence.split()) > 1]


def test_every_language_has_every_text() -> None:
    assert_complete(PACKAGE)


@pytest.mark.parametrize("code", ["nl", "en"])
def test_no_text_speaks_of_reputation_or_promises_anonymity(code: str) -> None:
    assert [text for text in texts()[code] if NEVER.search(text)] == []


@pytest.mark.parametrize(
    "planted", ["Uw reputatie", "100 % anoniem", "volledig anoniem", "Come back soon!", "ons imago"]
)
def test_a_planted_word_is_found(planted: str) -> None:
    assert NEVER.search(planted)


@pytest.mark.parametrize("code", ["nl", "en"])
def test_sentences_are_short(code: str) -> None:
    lengths = [len(sentence.split()) for sentence in sentences(texts()[code])]
    assert sum(lengths) / len(lengths) <= WORDS_PER_SENTENCE
    assert max(lengths) <= LONGEST_SENTENCE
