"""Prepared pages hold the values of one visit each, escaped."""

import gzip

import pytest

from dropbox.gateway.prepared import PreparedPages, place


def test_values_come_into_their_places_escaped_and_do_not_stay() -> None:
    drawn = []

    def draw() -> str:
        drawn.append(1)
        return f"<p>{place('word')}</p><p>{place('other')} {place('word')}</p>"

    pages = PreparedPages()
    assert pages.fill("a", draw, {"word": "<b>", "other": place("word")}) == (
        f"<p>&lt;b&gt;</p><p>{place('word')} &lt;b&gt;</p>"
    )
    assert pages.fill("a", draw, {"word": "x", "other": "y"}) == "<p>x</p><p>y x</p>"
    assert len(drawn) == 1


def test_a_value_that_is_missing_is_an_error_and_no_empty_place() -> None:
    with pytest.raises(KeyError):
        PreparedPages().fill("a", lambda: place("word"), {})


def test_a_page_for_everybody_is_drawn_again_only_when_what_it_tells_is_another() -> None:
    drawn = []

    def draw() -> str:
        drawn.append(1)
        return f"<p>{len(drawn)}</p>"

    pages = PreparedPages()
    first = pages.same("a", draw, (1, "x"))
    assert first.plain == b"<p>1</p>"
    assert gzip.decompress(first.compressed) == first.plain
    assert pages.same("a", draw, (1, "x")) is first
    assert pages.same("b", draw, (1, "x")).plain == b"<p>2</p>"
    assert pages.same("a", draw, (2, "x")).plain == b"<p>3</p>"
    assert pages.same("a", draw, (1, "x")).plain == b"<p>4</p>"
