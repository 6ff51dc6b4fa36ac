"""Referral cards: the gates on the page, the preview, release, and the ministry's answer on its way to the reporter."""

import os

from dropbox.protocol.card import Outcome, seal_card
from dropbox.protocol.reply import Reply
from tests.bureau.office import CARD_PERIOD, CARDS
from tests.bureau_pages.browser import Answer, Room

REPORT = "Every week our manager shouts at the local staff in the visa office."
CARD = {
    "region": "africa",
    "staff": "local",
    "function": "support",
    "category": "treatment",
    "period": "2026, third quarter",
    "summary": "Somebody who leads a team treats supporting colleagues badly.",
    "evidence": "own observation",
    "seriousness": "2",
    "ongoing": "yes",
    "retaliation": "unsure",
    "ask": "Look at how teams are led in this region.",
    "not_do": "No inquiry on the spot.",
    "answer_by": "1 March 2027",
    "consent": "yes",
    "words": "Yes, you may.",
    "step": "check",
}


async def check(room: Room, case: str, **changes: str) -> Answer:
    """Fill in the form and hold it against the gates."""
    await room.browser.get(f"{case}/kaart")
    return await room.browser.submit(f"{case}/kaart", **{**CARD, **changes})


async def release(room: Room, case: str) -> Answer:
    """Fill in, check, release."""
    await check(room, case)
    return await room.browser.submit(f"{case}/kaart", step="release")


async def test_form_begins_with_what_may_be_told(signed_in: Room) -> None:
    _, case = await signed_in.report(REPORT, category="treatment", ongoing="yes", keep_from="The coordinator")
    answer = await signed_in.browser.get(f"{case}/kaart")
    assert 'value="treatment" selected' in answer.html
    assert answer.page.fields["ongoing"] == "yes"
    assert "The coordinator" in answer.page.text
    assert REPORT not in answer.page.text


async def test_shared_words_are_refused_and_marked(signed_in: Room) -> None:
    _, case = await signed_in.report(REPORT)
    answer = await check(signed_in, case, summary="They say: OUR MANAGER shouts at the local staff, <b>daily</b>.")
    assert answer.status == 422
    assert "<mark>OUR MANAGER shouts at the local staff</mark>" in answer.html
    assert "<b>daily" not in answer.html
    assert 'href="#summary"' in answer.html
    assert answer.page.fields["summary"].startswith("They say:")
    assert (await signed_in.opened.only_case()).cards == ()


async def test_each_gate_says_what_to_do(signed_in: Room) -> None:
    _, case = await signed_in.report(REPORT)
    wrong = {
        "region": ({"region": "Abuja"}, "Een post noemen we nooit"),
        "consent": ({"consent": ""}, "Het ja van de melder ontbreekt"),
        "seriousness": ({"seriousness": "9"}, "Kies een van de antwoorden"),
        "ask": ({"ask": " "}, "een kaart kan niet zonder"),
        "evidence": ({"evidence": "x" * 201}, "langer dan op de kaart past"),
        "summary": ({"summary": "word " * 201}, "meer dan 200 woorden"),
    }
    for field, (changes, sentence) in wrong.items():
        answer = await check(signed_in, case, **changes)
        assert answer.status == 422, field
        assert f'href="#{field}"' in answer.html
        assert sentence in answer.page.text
    english = await signed_in.browser.send(case.replace("nl/zaken", "en/cases") + "/card", {"step": "check"})
    assert "Choose one of the six regions" in english.page.text


async def test_release_cannot_pass_by_the_gates(signed_in: Room) -> None:
    _, case = await signed_in.report(REPORT)
    await check(signed_in, case)
    answer = await signed_in.browser.submit(f"{case}/kaart", step="release", summary=REPORT)
    assert answer.status == 422
    assert (await signed_in.opened.only_case()).cards == ()


async def test_preview_shows_all_of_the_card_and_change_gives_it_back(signed_in: Room) -> None:
    _, case = await signed_in.report(REPORT)
    preview = await check(signed_in, case, summary="A summary with <i>markup</i>.")
    assert preview.status == 200
    for words in ("Afrika", "Lokaal personeel", "A summary with <i>markup</i>.", CARD["ask"], CARD["not_do"]):
        assert words in preview.page.text
    assert CARD["words"] not in preview.page.text
    assert "altijd 2" in preview.page.text
    assert (await signed_in.opened.only_case()).cards == ()
    again = await signed_in.browser.submit(f"{case}/kaart", step="change")
    assert again.page.fields["summary"] == "A summary with <i>markup</i>."
    assert again.page.fields["words"] == CARD["words"]
    assert again.page.fields["consent"] == "yes"


async def test_released_card_is_kept_once_with_its_words(signed_in: Room) -> None:
    _, case = await signed_in.report(REPORT)
    await check(signed_in, case)
    fields = dict(signed_in.browser.last.fields)
    for _ in range(2):
        answer = await signed_in.browser.send_bare(f"{case}/kaart", {**fields, "step": "release"})
        assert answer.path == f"{case}?done=card"
        assert "gaat mee met de volgende zending" in answer.page.text
    (card,) = (await signed_in.opened.only_case()).cards
    assert card.draft.summary == CARD["summary"]


async def test_answer_of_the_ministry_becomes_a_reply(signed_in: Room) -> None:
    room = signed_in
    reporter, case = await room.report(REPORT, language="nl")
    await release(room, case)
    room.office.clock.forward(seconds=CARD_PERIOD)
    await room.opened.round()
    (card,) = (await room.opened.only_case()).cards
    assert card.sent_day is not None
    outcome = Outcome(bytes.fromhex(card.reference), 0, "measure", "conversation", "Er volgt een <b>gesprek</b>.")
    box = room.opened.vault.publisher.state.box_public
    instance = room.office.root.public.instance
    sealed = [seal_card(outcome, instance, box, room.office.ministry_outcome.sign) for _ in range(CARDS)]
    async with room.office.ministry() as ministry:
        await ministry.put(f"/v1/outcomes/{os.urandom(16).hex()}", b"".join(sealed))
    await room.opened.round()

    page = await room.browser.get(case)
    assert "Maatregel genomen" in page.page.text
    assert "Er volgt een <b>gesprek</b>." in page.page.text
    (link,) = [link for link in page.page.links if "outcome=" in link]
    form = await room.browser.get(link)
    text = form.page.fields["text"]
    assert text == (
        "Het ministerie heeft na uw melding een maatregel genomen.\n\nDe maatregel: een gesprek.\n\n"
        "Er volgt een <b>gesprek</b>."
    )
    await room.browser.submit(f"{case}/schrijven/reply", step="preview")
    await room.browser.submit(f"{case}/schrijven/reply", step="send")
    room.office.clock.forward(seconds=3600)
    await room.opened.round()
    assert (await reporter.notes())[-1] == Reply(text)


async def test_unknown_outcomes_begin_an_empty_reply(signed_in: Room) -> None:
    _, case = await signed_in.report(REPORT)
    form = await signed_in.browser.get(f"{case}/schrijven/reply?card=00&outcome=0")
    assert form.page.fields["text"] == ""
