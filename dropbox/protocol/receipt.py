"""The receipt: 120 random bits as twelve words, as digits, or as a QR code (docs/protocol.md, section 7).

It stands in the reporter's head or on paper and nowhere else.  It is random, so no slow hash protects it: Argon2id
would cost a minute and a half in a browser without a compiler and add nothing to 120 bits.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnemonic import Mnemonic

from dropbox.protocol import labels, primitives
from dropbox.protocol.errors import BadReceipt, ReceiptFault

if TYPE_CHECKING:
    from collections.abc import Callable

ENTROPY = 15  # bytes
CHECKSUM_BITS = 12
WORDS = 12
WORD_BITS = 11
DIGITS = 27  # 132 bits in groups of five; the last three bits of the last digit are zero
DIGIT_GROUP = 3
MAX_INPUT = 2000  # characters; more than any spelling of a receipt needs

# The order is the order in which an input is tried.  There is no published Dutch list: Dutch pages show English words.
LANGUAGES = (
    "english", "french", "spanish", "portuguese", "italian", "czech", "turkish", "russian", "japanese", "korean",
    "chinese_simplified", "chinese_traditional",
)  # fmt: skip
_LISTS = {language: tuple(Mnemonic(language).wordlist) for language in LANGUAGES}
_ASCII_WORD = re.compile("[a-z]+")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


@functools.cache
def _places(language: str) -> dict[str, int]:
    return {unicodedata.normalize("NFKD", word): place for place, word in enumerate(_LISTS[language])}


@functools.cache
def _folded(language: str) -> dict[str, int]:
    """Places by the words without their accents, where that still names one word only."""
    found: dict[str, list[int]] = {}
    for word, place in _places(language).items():
        found.setdefault(_without_accents(word), []).append(place)
    return {word: places[0] for word, places in found.items() if len(places) == 1}


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    return "".join(char for char in word if not unicodedata.combining(char))


def _checksum(entropy: bytes) -> int:
    return int.from_bytes(primitives.sha256(labels.RECEIPT_CHECKSUM, entropy)[:2], "big") >> (16 - CHECKSUM_BITS)


@dataclass(frozen=True)
class Receipt:
    """The 15 bytes that are the whole secret of a reporter."""

    entropy: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.entropy) != ENTROPY:
            raise ValueError("a receipt has 15 bytes of entropy")

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> Receipt:
        """A new receipt.  ``random(n)`` gives n bytes from the system's generator."""
        return cls(random(ENTROPY))

    def _number(self) -> int:
        return int.from_bytes(self.entropy, "big") << CHECKSUM_BITS | _checksum(self.entropy)

    def words(self, language: str = "english") -> tuple[str, ...]:
        """Twelve words of a BIP39 list; the same place names a word in every list."""
        return _to_words(self._number(), language)

    def digits(self) -> str:
        """27 Crockford base32 digits in groups of three, for readers of other scripts."""
        number = self._number() << (DIGITS * 5 - WORDS * WORD_BITS)
        digits = "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(DIGITS)))
        return " ".join(digits[at : at + DIGIT_GROUP] for at in range(0, DIGITS, DIGIT_GROUP))


def _to_words(number: int, language: str) -> tuple[str, ...]:
    return tuple(_LISTS[language][number >> WORD_BITS * place & 2047] for place in reversed(range(WORDS)))


def fingerprint_words(fingerprint: bytes) -> tuple[str, ...]:
    """The first 132 bits of a fingerprint as twelve English words, to print on a leaflet and to compare by eye."""
    return _to_words(int.from_bytes(fingerprint[:17], "big") >> 4, "english")


def is_english_word(word: str) -> bool:
    """Whether a word can stand in a fingerprint: a typing mistake is no other key."""
    return word in _places("english")


def parse_receipt(text: str) -> Receipt:
    """Reads what a person typed: words of any list or digits, whatever stands between them.

    Raises ``BadReceipt``, which says what to look at.
    """
    text = unicodedata.normalize("NFKC", text[:MAX_INPUT])
    if (number := _from_digits(text)) is not None:  # before words: digits may have no letter among them
        return _checked(number, "digits")
    tokens = _tokens(text)
    if not tokens:
        raise BadReceipt("empty")
    if len(tokens) != WORDS:
        raise BadReceipt("count", found=len(tokens))
    known = False
    for language in LANGUAGES:
        places = _look_up(tokens, language)
        if None not in places:
            known = True
            with contextlib.suppress(BadReceipt):
                return _checked(_from_places(places), "checksum")
    raise BadReceipt("checksum") if known else _misspelt(tokens)


def _from_places(places: list[int | None]) -> int:
    return functools.reduce(lambda number, place: number << WORD_BITS | (place or 0), places, 0)


def _tokens(text: str) -> list[str]:
    """Runs of letters and their accents; a Chinese character is a word by itself.  Numbers of a list fall out."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    tokens, run = [], ""
    for char in text.casefold() + " ":
        if unicodedata.name(char, "").startswith("CJK UNIFIED"):
            tokens += [run, char]
            run = ""
        elif unicodedata.category(char)[0] in "LM":
            run += char
        else:
            tokens.append(run)
            run = ""
    return [unicodedata.normalize("NFKD", token) for token in tokens if token]


def _from_digits(text: str) -> int | None:
    compact = "".join(filter(str.isalnum, text.upper())).translate(_LOOKALIKES)
    if len(compact) != DIGITS or not set(compact) <= set(_CROCKFORD):
        return None
    number = functools.reduce(lambda sum_, char: sum_ << 5 | _CROCKFORD.index(char), compact, 0)
    spare = DIGITS * 5 - WORDS * WORD_BITS
    if number & (1 << spare) - 1:
        raise BadReceipt("digits")
    return number >> spare


def _checked(number: int, fault: ReceiptFault) -> Receipt:
    entropy = (number >> CHECKSUM_BITS).to_bytes(ENTROPY, "big")
    if _checksum(entropy) != number & (1 << CHECKSUM_BITS) - 1:
        raise BadReceipt(fault)
    return Receipt(entropy)


def _place(token: str, language: str) -> int | None:
    exact = _places(language).get(token)
    return _folded(language).get(_without_accents(token)) if exact is None else exact


def _look_up(tokens: list[str], language: str) -> list[int | None]:
    return [_place(token, language) for token in tokens]


def _misspelt(tokens: list[str]) -> BadReceipt:
    """Names the first word that is in no list, judged by the list that knows most of the others."""
    found = {language: _look_up(tokens, language) for language in LANGUAGES}
    language = max(LANGUAGES, key=lambda name: sum(place is not None for place in found[name]))
    position = found[language].index(None)
    near = difflib.get_close_matches(tokens[position], list(_places(language)), n=3, cutoff=0.6)
    suggestions = tuple(unicodedata.normalize("NFC", word) for word in near)
    return BadReceipt("word", position=position + 1, suggestions=suggestions)
