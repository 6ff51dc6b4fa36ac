"""Every code has words, every text has its Dutch, and what the reporter's pages say is said the same here."""

import re
from pathlib import Path

import pytest

import dropbox.bureau
from dropbox.bureau.gates import REGIONS, Code
from dropbox.bureau.opening import Reason
from dropbox.bureau.pages import card_words, words
from dropbox.bureau.views import CaseStatus, EntryKind, Flag
from dropbox.gateway import conversation, texts
from dropbox.protocol.card import MEASURES, OUTCOME_STATES
from dropbox.protocol.reply import CaseStatus as SentStatus
from dropbox.protocol.reply import Notice, Question, Reply, Status
from dropbox.web.languages import LANGUAGES, Language
from dropbox.web.templating import Templates
from tests.web.catalogue_check import assert_complete

BUREAU = Path(dropbox.bureau.__file__).parent


def test_every_code_has_words() -> None:
    assert set(words.REASONS) == set(Reason)
    assert set(words.FLAGS) == set(words.FLAG_MEANING) == set(Flag)
    assert set(words.STATUSES) == set(words.REPORTER_STATUSES) == set(CaseStatus)
    assert set(words.KINDS) == set(EntryKind)
    assert set(words.SLUGS.values()) == set(words.WRITE) == set(words.WRITE_HINTS) == set(words.REPORTER_TITLES)
    assert set(card_words.OBJECTIONS) == set(Code)
    assert set(card_words.REGIONS) == set(REGIONS)
    assert set(card_words.STATES) == set(card_words.TO_REPORTER_STATES) == set(OUTCOME_STATES)
    assert set(card_words.MEASURES) == set(MEASURES)


def test_every_warning_and_problem_of_the_sync_has_words() -> None:
    source = "".join((BUREAU / name).read_text() for name in ("desk.py", "publisher.py", "cards.py", "sync.py"))
    added = set(re.findall(r'\.add\("([a-z-]+)"\)', source)) | set(re.findall(r'"(one-recipient|no-backup)"', source))
    assert {"boards-unread", "few-bulletins", "one-recipient"} <= added
    assert added <= set(words.WARNINGS)
    problems = set(re.findall(r'Error, "([a-z-]+)"\)', source)) | {"fault"}
    assert {"unreachable", "refused"} <= problems
    assert problems <= set(words.PROBLEMS)
    assert set(words.URGENT) <= set(words.WARNINGS)


def test_every_category_of_the_reporters_form_has_words() -> None:
    assert set(dict(texts.CATEGORIES)) == set(words.CATEGORIES)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_preview_uses_the_words_of_the_reporters_pages(language: Language) -> None:
    ours, theirs = Templates("dropbox.bureau"), Templates("dropbox.gateway")
    for status, said in words.REPORTER_STATUSES.items():
        assert ours.text(language, said) == theirs.text(language, texts.STATUSES[SentStatus(status)])
    kinds = {EntryKind.REPLY: Reply, EntryKind.STATUS: Status, EntryKind.QUESTION: Question, EntryKind.NOTICE: Notice}
    for kind, said in words.REPORTER_TITLES.items():
        assert ours.text(language, said) == theirs.text(language, conversation._TITLES[kinds[kind]])


def test_every_text_has_its_dutch_and_nothing_is_left_over() -> None:
    assert_complete("dropbox.bureau")
