from dataclasses import replace

import pytest

from dropbox.bureau import gates
from dropbox.bureau.views import CardDraft, Consent
from dropbox.protocol.card import CARD_FIELDS

DRAFT = CardDraft(
    region="europe",
    staff="",
    function="",
    category="fraud",
    period="2026",
    summary="Money is missing.",
    evidence="",
    seriousness=1,
    ongoing="no",
    retaliation="no",
    ask="Look into it.",
    not_do="",
    answer_by="",
)
YES = Consent(given=True, words="yes")
WRITTEN = ("Mijn baas, die al járen « alles » regelt, neemt geld mee!", "one two three four")


def codes(draft: CardDraft, consent: Consent = YES) -> list[tuple[str, str]]:
    return [(str(one.code), one.field) for one in gates.check(draft, WRITTEN, consent).findings]


def test_card_without_objection_passes() -> None:
    assert gates.check(DRAFT, WRITTEN, YES).passed


@pytest.mark.parametrize("consent", [Consent(False, "yes"), Consent(True, ""), Consent(True, " \n")])  # noqa: FBT003
def test_no_card_without_consent_in_words(consent: Consent) -> None:
    assert codes(DRAFT, consent) == [("no-consent", "")]


@pytest.mark.parametrize(
    "summary",
    [
        "MIJN BAAS DIE AL JÁREN",
        "Zei: 'mijn baas ... die, al - járen!'",
        "mijn\nbaas\tdie al ja\u0301ren",
    ],
)
def test_five_words_of_the_reporter_are_found_whatever_stands_between_them(summary: str) -> None:
    found = gates.check(replace(DRAFT, summary=summary), WRITTEN, YES).findings
    assert [(one.code, one.words) for one in found] == [("shared-words", ("mijn baas die al járen",))]


def test_four_words_in_a_row_are_allowed_and_runs_do_not_join_two_texts() -> None:
    assert codes(replace(DRAFT, summary="one two three four then baas die al járen")) == []
    assert codes(replace(DRAFT, summary="geld mee one two three")) == []


def test_shared_words_are_found_in_every_text_field() -> None:
    for name in ("ask", "not_do", "evidence"):
        assert codes(replace(DRAFT, **{name: "alles regelt neemt geld mee"})) == [("shared-words", name)]  # type: ignore[arg-type]


def test_summary_has_200_words_at_most() -> None:
    assert codes(replace(DRAFT, summary="word " * 200)) == []
    assert codes(replace(DRAFT, summary="word " * 201)) == [("summary-long", "summary")]


@pytest.mark.parametrize("region", ["", "Lagos", "Africa", "africa "])
def test_region_is_one_of_six_and_never_a_post(region: str) -> None:
    assert codes(replace(DRAFT, region=region)) == [("region", "region")]


def test_every_region_fits_its_field() -> None:
    assert all(codes(replace(DRAFT, region=region)) == [] for region in gates.REGIONS)


@pytest.mark.parametrize("name", [name for name in CARD_FIELDS if name not in {"region", "summary"}])
def test_field_longer_than_its_bytes_is_named(name: str) -> None:
    assert codes(replace(DRAFT, **{name: "é" * (CARD_FIELDS[name] // 2 + 1)})) == [("too-long", name)]  # type: ignore[arg-type]


def test_empty_fields_that_a_card_needs_are_named() -> None:
    bare = replace(DRAFT, category=" ", summary="", ask="")
    assert codes(bare) == [("missing", "category"), ("missing", "summary"), ("missing", "ask")]


def test_values_outside_their_lists_are_named() -> None:
    wrong = replace(DRAFT, seriousness=4, ongoing="maybe", retaliation="")
    assert codes(wrong) == [("choice", "seriousness"), ("choice", "ongoing"), ("choice", "retaliation")]
