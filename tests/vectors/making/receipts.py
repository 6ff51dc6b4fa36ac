"""Section 7: receipts, and section 8.1: what is derived from them."""

from dropbox.protocol import receipt
from tests.vectors.making.book import Book
from tests.vectors.making.world import ENTROPY, INSTANCE, RECIPIENTS, ROOT, stream

_FRENCH = "french"


def make(book: Book) -> None:
    """All of them."""
    book.add("keys/root_fingerprint", "5 A root key, the instance it names, and its fingerprint in words.",
             "root/fingerprint", {"root": ROOT.public.raw.hex()})  # fmt: skip
    for name, entropy in (("zeros", bytes(15)), ("ones", b"\xff" * 15), ("counting", ENTROPY)):
        for language in ("english",) if name != "counting" else receipt.LANGUAGES:
            given = {"entropy": entropy.hex(), "language": language}
            shown = book.add(f"receipt/shown_{name}_{language}", "7 Words and digits of a receipt.",
                             "receipt/show", given)  # fmt: skip
            if name == "counting":
                book.add(f"receipt/typed_{language}", "7 The words are read back.",
                         "receipt/parse", {"typed": shown["words"]})  # fmt: skip
    _derivations(book)
    _accepted(book)
    _refused(book)


def _derivations(book: Book) -> None:
    for name, entropy, instance, recipient in (
        ("first_recipient", ENTROPY, INSTANCE, RECIPIENTS[0]),
        ("second_recipient", ENTROPY, INSTANCE, RECIPIENTS[1]),
        ("other_instance", ENTROPY, stream("elsewhere")(16), RECIPIENTS[0]),
        ("zeros", bytes(15), INSTANCE, RECIPIENTS[0]),
    ):
        given = {"entropy": entropy.hex(), "instance": instance.hex(), "recipient": recipient.hex()}
        book.add(f"keys/derived_{name}", "8.1 Everything that a receipt gives in one instance.", "keys/derive", given)


def _accepted(book: Book) -> None:
    good = receipt.Receipt(ENTROPY)
    words, digits = good.words(), good.digits()
    french = good.words(_FRENCH)
    for name, typed in {
        "digits": digits,
        "digits_without_spaces": digits.replace(" ", ""),
        "digits_lower_case_with_hyphens": digits.lower().replace(" ", "-"),
        "digits_with_look_alikes": digits.replace("0", "O").replace("1", "l"),
        "words_upper_case": " ".join(words).upper(),
        "words_numbered_on_lines": "\n".join(f"{place}. {word}" for place, word in enumerate(words, 1)),
        "words_with_commas_and_tabs": ",\t".join(words),
        "words_of_japanese_with_ideographic_spaces": "\u3000".join(good.words("japanese")),
        "words_of_chinese_without_spaces": "".join(good.words("chinese_simplified")),
        "words_of_french_without_accents": receipt._without_accents(" ".join(french)),
        "words_in_full_width_letters": " ".join(words).translate({ord(c): ord(c) + 0xFEE0 for c in _ALPHABET}),
    }.items():
        book.add(f"receipt/typed_{name}", "7 Another way of typing the same receipt.", "receipt/parse",
                 {"typed": typed})  # fmt: skip


_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def _refused(book: Book) -> None:
    good = receipt.Receipt(ENTROPY)
    words, digits = good.words(), good.digits()
    swapped = (words[1], words[0], *words[2:])
    last_digit = digits[:-1] + ("1" if digits[-1] == "0" else chr(ord(digits[-1]) + 1))
    for name, about, typed in (
        ("nothing", "nothing was typed", ""),
        ("only_punctuation", "no word and no digit", " .,;-_ 12 "),
        ("eleven_words", "one word is missing", " ".join(words[:11])),
        ("thirteen_words", "one word too many", " ".join((*words, "abandon"))),
        ("word_in_no_list", "the third word is in no list", " ".join((*words[:2], "dropbax", *words[3:]))),
        ("word_of_another_list", "one word is of another list", " ".join((*words[:11], good.words("italian")[11]))),
        ("two_words_swapped", "each word exists, the checksum does not fit", " ".join(swapped)),
        ("last_word_wrong", "each word exists, the checksum does not fit", " ".join((*words[:11], words[0]))),
        ("digits_checksum", "the checksum does not fit", digits[:-3] + ("Z" if digits[-3] != "Z" else "Y")
         + digits[-2:]),
        ("digits_spare_bits", "the three spare bits are not zeros", last_digit),
        ("digits_26", "one digit is missing", digits[:-1]),
        ("digits_letter_u", "U is no digit", digits[:-2] + "U" + digits[-1]),
    ):  # fmt: skip
        book.add(f"receipt/refused_{name}", f"7 Refused: {about}.", "receipt/parse", {"typed": typed}, "BadReceipt")
