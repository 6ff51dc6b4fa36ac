import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol.errors import Malformed
from dropbox.protocol.file_names import FILE_NAME_LIMIT, clean_file_name, read_file_name
from dropbox.protocol.payload import clean_text
from tests.protocol.strategies import any_text


@given(st.one_of(any_text, st.text(min_size=200, max_size=400), st.text("a .\u00e9\u0301\u200d", max_size=300)))
def test_a_clean_name_is_clean_for_every_reader(name: str) -> None:
    clean = clean_file_name(name)
    assert clean_file_name(clean) == clean
    assert read_file_name(clean) == clean
    assert 0 < len(clean.encode()) <= FILE_NAME_LIMIT
    assert "/" not in clean
    assert "\\" not in clean
    assert not clean.startswith(".")
    assert unicodedata.is_normalized("NFC", clean)


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\somebody\\note.txt", "note.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\0b.pdf", "ab.pdf"),
        ("line\nbreak\r.txt", "linebreak.txt"),
        (".hidden", "hidden"),
        ("...", "file"),
        ("", "file"),
        ("/", "file"),
        ("e\u200d\u0301.txt", "\u00e9.txt"),
        ("a" * 4_000 + ".pdf", "a" * 251 + ".pdf"),
        ("\u20ac" * 4_000 + ".pdf", "\u20ac" * 83 + ".pdf"),
        ("a" * 254 + " " + "b" * 20, "a" * 254),
        ("\ud800half.txt", "half.txt"),
        ("two  spaces .txt", "two spaces .txt"),
    ],
)
def test_names_with_paths_nul_direction_marks_and_4000_characters(typed: str, clean: str) -> None:
    assert clean_file_name(typed) == clean


@pytest.mark.parametrize(
    "name", ["", "a/b", "a\\b", "a\0", "x\u202egpj.exe", "\u2066a", "a\u0085", " a", "a ", ".a", "a."]
)
def test_a_name_that_was_not_cleaned_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        read_file_name(name)


def test_a_name_with_a_letter_newer_than_the_readers_unicode_loses_no_report() -> None:
    newer = "picture of \U0003fffd.png"  # unassigned here, a letter to somebody with a later version of Unicode
    assert read_file_name(newer) == clean_file_name(newer) == "picture of .png"


@given(any_text)
def test_a_clean_text_has_one_kind_of_line_end_and_nothing_hidden(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert not {char for char in clean if unicodedata.category(char) in ("Cc", "Cs")} - {"\n", "\t"}
