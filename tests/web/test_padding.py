import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.web.errors import PageTooLarge
from dropbox.web.padding import PAGE_SIZES, pad_page


@given(st.text(max_size=30_000))
def test_a_personal_page_has_one_of_three_sizes(html: str) -> None:
    padded = pad_page(html)
    assert len(padded) in PAGE_SIZES
    assert padded.startswith(html.encode())
    assert set(padded[len(html.encode()) :]) == set(b"\n<!-.>")


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_a_page_that_just_fits_is_not_made_larger(size: int) -> None:
    frame = len("\n<!---->\n")
    assert len(pad_page("x" * (size - frame))) == size


def test_a_page_above_the_largest_size_is_refused_unless_it_may_grow() -> None:
    html = "x" * PAGE_SIZES[-1]
    with pytest.raises(PageTooLarge):
        pad_page(html)
    assert len(pad_page(html, grow=True)) == 2 * PAGE_SIZES[-1]


def test_a_page_that_must_not_show_how_little_it_holds_is_longer() -> None:
    assert [len(pad_page("x", least=size)) for size in PAGE_SIZES] == [*PAGE_SIZES]
    assert len(pad_page("x" * 20 * 1024, least=16 * 1024)) == PAGE_SIZES[1]
