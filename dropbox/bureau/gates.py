"""The gates before a referral card leaves the bureau.  Pure: the card, the reporter's words and the consent go in.

A card is rewritten, never redacted: how somebody writes gives them away, so no run of five words may be the reporter's.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Final

from dropbox.bureau.views import CardCheck, CardDraft, Consent, Finding
from dropbox.protocol.card import CARD_FIELDS, SERIOUSNESS, YES_NO_UNSURE

REGIONS: Final = ("africa", "asia-pacific", "europe", "latin-america", "middle-east", "north-america")
"""The six.  A post never: fourteen local colleagues on average would know who wrote."""

SUMMARY_WORDS: Final = 200
SHARED_RUN: Final = 5
_WORD: Final = re.compile(r"[^\W_]+")


class Code(enum.StrEnum):
    """What a gate objects to."""

    NO_CONSENT = "no-consent"  # the reporter has not said yes, or the words of the yes are missing
    REGION = "region"  # not one of the six
    MISSING = "missing"  # a field that a card needs is empty
    CHOICE = "choice"  # a value outside its fixed list
    TOO_LONG = "too-long"  # more bytes than the field has
    SUMMARY_LONG = "summary-long"  # more than 200 words
    SHARED_WORDS = "shared-words"  # five words in a row that the reporter wrote
    NO_KEYS = "no-keys"  # the ministry's key is not certified today, so nothing can be sealed to it


_NEEDED: Final = ("category", "summary", "ask")


def words(text: str) -> list[str]:
    """The words of a text as gates compare them: without case, accents' spelling and punctuation."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def check(draft: CardDraft, written: Iterable[str], consent: Consent) -> CardCheck:
    """What all gates say.  `written` are the texts of every message of the reporter."""
    findings = [*_consent(consent), *_fields(draft), *_shared(draft, written)]
    return CardCheck(tuple(findings))


def _consent(consent: Consent) -> Iterator[Finding]:
    if not consent.given or not consent.words.strip():
        yield Finding(Code.NO_CONSENT)


def _fields(draft: CardDraft) -> Iterator[Finding]:
    if draft.region not in REGIONS:
        yield Finding(Code.REGION, "region")
    for name in _NEEDED:
        if not getattr(draft, name).strip():
            yield Finding(Code.MISSING, name)
    for name, limit in CARD_FIELDS.items():
        if len(getattr(draft, name).encode(errors="replace")) > limit:
            yield Finding(Code.TOO_LONG, name)
    if draft.seriousness not in SERIOUSNESS:
        yield Finding(Code.CHOICE, "seriousness")
    for name in ("ongoing", "retaliation"):
        if getattr(draft, name) not in YES_NO_UNSURE:
            yield Finding(Code.CHOICE, name)
    if len(words(draft.summary)) > SUMMARY_WORDS:
        yield Finding(Code.SUMMARY_LONG, "summary")


def _shared(draft: CardDraft, written: Iterable[str]) -> Iterator[Finding]:
    theirs = {run for text in written for run in _runs(words(text))}
    for one in fields(draft):
        value = getattr(draft, one.name)
        if isinstance(value, str):
            shared = [" ".join(run) for run in _runs(words(value)) if run in theirs]
            if shared:
                yield Finding(Code.SHARED_WORDS, one.name, tuple(dict.fromkeys(shared)))


def _runs(all_words: list[str]) -> Iterator[tuple[str, ...]]:
    for at in range(len(all_words) - SHARED_RUN + 1):
        yield tuple(all_words[at : at + SHARED_RUN])
