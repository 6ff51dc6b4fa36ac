"""docs/performance.md shows what docs/performance.json says, and no measure is missing from either."""

import json
from typing import Any, Final

import pytest

from tests.bench import browser_publish, onion_publish
from tests.bench.figures import FIGURES, PAGE, PICTURE, PUBLISHED, table
from tests.bench.picture import PANELS, draw
from tests.bench.publish import parts, put_in, replaced

MAIN_JOB: Final = {
    "cpu_ms_per_report", "reports_per_s", "reports_lost", "upload_mb_per_s", "upload_memory_growth_mb",
    "first_visit_requests", "first_visit_bytes", "residue_copies", "read_replies_cpu_ms", "board_2048_issue_ms",
    "open_1000_envelopes_s",
}  # fmt: skip


@pytest.fixture
def published() -> Any:  # noqa: ANN401 - JSON is anything
    return json.loads(PUBLISHED.read_text(encoding="utf-8"))


def test_every_figure_is_there_once(published: Any) -> None:  # noqa: ANN401 - JSON is anything
    assert [figure.key for figure in FIGURES] == [*published["figures"]]
    assert published["figures"].keys() == MAIN_JOB
    assert {panel.key for panel in PANELS} <= MAIN_JOB


def test_the_page_shows_what_was_measured(published: Any) -> None:  # noqa: ANN401 - JSON is anything
    page = PAGE.read_text(encoding="utf-8")
    assert page == put_in(page, published)
    assert all(text in page for text in parts(published).values())


def test_the_picture_shows_what_was_measured(published: Any) -> None:  # noqa: ANN401 - JSON is anything
    assert PICTURE.read_text(encoding="utf-8") == draw(published["figures"])


def test_the_page_shows_what_was_measured_over_an_onion_service() -> None:
    published = json.loads(onion_publish.PUBLISHED.read_text(encoding="utf-8"))
    assert {line.key for line in onion_publish.LINES} == published["figures"].keys()
    assert onion_publish.FURTHER.keys() == published["further"].keys()
    page = PAGE.read_text(encoding="utf-8")
    assert page == replaced(page, onion_publish.MARK, onion_publish.table(published))


def test_the_page_shows_what_was_measured_in_browsers() -> None:
    published = json.loads(browser_publish.PUBLISHED.read_text(encoding="utf-8"))
    assert published["figures"].keys() | published["further"].keys() == browser_publish.keys()
    page = PAGE.read_text(encoding="utf-8")
    assert page == replaced(page, browser_publish.MARK, browser_publish.table(published))


def test_a_browser_that_falls_short_is_called_so() -> None:
    published = json.loads(browser_publish.PUBLISHED.read_text(encoding="utf-8"))
    published["further"] |= {"text_s_firefox": 0.6, "seal_mb_per_s_firefox": 1, "find_replies_s_firefox_safer": 0.9}
    published["figures"] |= {"text_s": 0.5, "seal_mb_per_s": 59, "find_replies_s_nojit": 1.1}
    shown = browser_publish.table(published)
    assert shown.count("falls short") == 3
    assert all(f"**{value}**, falls short" in shown for value in ("0.6", "59", "1.1"))


def test_the_table_says_what_falls_short() -> None:
    reached = {figure.key: figure.reach for figure in FIGURES}
    assert "falls short" not in table(reached)
    short = table(reached | {"reports_lost": 1, "reports_per_s": 119.9})
    assert short.count("falls short") == 2
    assert "| 120 or more | **120**, falls short |" in short
