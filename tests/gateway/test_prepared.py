"""Prepared pages hold the values of one visit each, escaped."""

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
