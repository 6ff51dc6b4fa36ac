import pytest
from jinja2 import UndefinedError

from dropbox.web.catalogues import KIT
from dropbox.web.errors import WrongSetup
from dropbox.web.failures import NOT_FOUND
from dropbox.web.languages import DUTCH, ENGLISH, LANGUAGES, Language, language_in_path
from dropbox.web.templating import Alternate, Frame, Link, Templates, long_day, long_time, number
from tests.web.catalogue_check import assert_complete
from tests.web.inspection import assert_clean, read_page

TEMPLATES = Templates(KIT)


def frame(language: Language) -> Frame:
    return Frame(
        language, "<Site>", f"/{language.code}/", "/static/kit.css", (Link("/a", "A & B", current=True),),
        tuple(Alternate(f"/{other.code}/", other) for other in LANGUAGES),
    )  # fmt: skip


def failure(language: Language, happened: str) -> str:
    title = TEMPLATES.text(language, NOT_FOUND.title)
    return TEMPLATES.render("failure.html", frame(language), title=title, happened=happened, todo="…")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_frame_is_clean_and_in_its_language(language: Language) -> None:
    page = assert_clean(failure(language, "x"))
    assert (page.language, page.direction) == (language.code, language.direction)
    assert set(page.links) >= {"#main", "/nl/" if language == ENGLISH else "/en/", "/a"}


def test_everything_is_escaped() -> None:
    html = failure(DUTCH, "<script>alert(1)</script>")
    assert "<script>" not in html
    assert "&lt;Site&gt;" in html


def test_a_value_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        TEMPLATES.render("failure.html", frame(DUTCH), title="x")


def test_texts_come_in_dutch() -> None:
    assert TEMPLATES.text(DUTCH, NOT_FOUND.title) == "Deze pagina bestaat niet"
    assert TEMPLATES.text(ENGLISH, NOT_FOUND.title) == NOT_FOUND.title


def test_the_catalogue_of_the_kit_is_complete() -> None:
    assert_complete(KIT)


def test_a_missing_catalogue_is_an_error_at_start() -> None:
    with pytest.raises(WrongSetup):
        Templates(KIT, (*LANGUAGES, Language("xx", "Nowhere")))


@pytest.mark.parametrize(
    ("path", "code"), [("/nl/x", "nl"), ("/en/", "en"), ("/en", "en"), ("/", "nl"), ("/xx/en/", "nl"), ("", "nl")]
)
def test_the_language_is_the_first_segment_or_the_first_language(path: str, code: str) -> None:
    assert language_in_path(path).code == code


def test_days_times_and_numbers_are_written_as_people_do() -> None:
    assert long_day(20_781, DUTCH) == "24 november 2026"
    assert long_day(20_781, ENGLISH) == "24 November 2026"
    assert long_time(20_781 * 86_400 + 3600, DUTCH) == "24 november 2026, 01:00 UTC"
    assert (number(8000, DUTCH), number(8000, ENGLISH)) == ("8.000", "8,000")


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<script>x</script>", "a script that is not a file of ours with its hash"),
        ('<p onclick="x">x</p>', "onclick on <p>"),
        ('<p style="x">x</p>', "inline style on <p>"),
        ('<a href="https://example.org">x</a>', "<a> leads away: https://example.org"),
        ('<img src="//example.org/x" alt="">', "<img> leads away: //example.org/x"),
        ('<form action="http://example.org"></form>', "<form> leads away: http://example.org"),
        ('<input name="x">', "<input> without id has no label"),
        ('<textarea id="x"></textarea>', "<textarea> x has no label"),
        ('<p id="a"></p><p id="a"></p>', "id a twice"),
        ('<a href="#nowhere">x</a>', "link to #nowhere leads nowhere"),
        ("<div>", "<div> is never closed"),
        ("</div>", "</div> closes nothing"),
    ],
)
def test_the_inspection_finds(html: str, fault: str) -> None:
    page = read_page(f'<html lang="nl" dir="ltr"><title>x</title><h1>x</h1>{html}</html>')
    assert fault in page.faults
