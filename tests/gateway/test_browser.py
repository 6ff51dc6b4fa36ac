"""In a real Chromium with JavaScript off: what Back and reload do to twelve words, and what a visit fetches."""

import shutil
from collections.abc import AsyncIterator
from typing import Final

import pytest
from mnemonic import Mnemonic
from playwright.async_api import Page, async_playwright

from dropbox.protocol.receipt import parse_receipt
from dropbox.protocol.thread import ReporterKeys
from tests.gateway.conftest import World

WORDS: Final = tuple(Mnemonic("english").wordlist)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=["--no-sandbox"]
        )
        context = await browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
        yield await context.new_page()
        await browser.close()


async def shown_words(page: Page) -> str:
    """The words that a person reads, which must be those that the form carries."""
    words = " ".join(await page.locator("#words li").all_inner_texts())
    assert await page.locator("input[name=receipt]").first.get_attribute("value") == words
    return words


async def test_a_first_visit_makes_two_requests(world: World, page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(f"{world.base}/nl/", wait_until="networkidle")
    assert len(requests) == 2
    assert complaints == []


async def test_every_word_has_room_on_the_narrowest_screen(world: World, page: Page) -> None:
    await page.goto(f"{world.base}/nl/melden")
    too_wide = await page.evaluate(
        """words => {
          const [last] = [...document.querySelectorAll("#words li")].slice(-1);
          return words.filter(word => {
            last.textContent = word;
            return last.scrollWidth > last.clientWidth;
          });
        }""",
        list(WORDS),
    )
    assert too_wide == []


async def test_twelve_words_typed_are_seen_whole_on_the_narrowest_screen(world: World, page: Page) -> None:
    longest = " ".join(sorted(WORDS, key=len)[-12:])
    for address, field in (("/nl/antwoord", "#receipt"), ("/nl/melden", "#own_receipt")):
        await page.goto(world.base + address)
        if field == "#own_receipt":
            await page.locator("summary", has_text="Ik heb al twaalf woorden").click()
        await page.fill(field, longest)
        hidden = await page.eval_on_selector(field, "field => field.scrollHeight - field.clientHeight")
        assert hidden <= 0, address
        assert await page.eval_on_selector(field, "field => field.tagName") == "TEXTAREA"  # Enter sends no form


async def test_the_words_that_are_shown_are_those_that_are_used_also_after_back_and_reload(
    world: World, page: Page
) -> None:
    await page.goto(f"{world.base}/nl/melden")
    first = await shown_words(page)
    await page.fill("#text", "wat ik zag")
    await page.reload()
    second = await shown_words(page)
    await page.fill("#text", "wat ik zag")
    await page.click("#form button")
    assert await shown_words(page) == second
    await page.reload()
    assert await shown_words(page) == second
    await page.go_back()
    third = await shown_words(page)
    assert len({first, second, third}) == 3
    await page.locator("summary", has_text="Ik heb al twaalf woorden").click()
    await page.fill("#own_receipt", second)
    await page.fill("#text", "nog iets")
    await page.click("#form button")
    assert await shown_words(page) == second

    thread = ReporterKeys.derive(parse_receipt(second), world.bureau.bulletin.instance).thread_id
    opened = [world.bureau.open(envelope) for envelope in world.intake.envelopes]
    assert [envelope.head.thread_id for envelope in opened] == [thread] * 3
    assert opened[0].head.message_id == opened[1].head.message_id  # the reload sent the same form again
    assert opened[0].head.message_id != opened[2].head.message_id


async def test_a_line_that_breaks_at_the_end_costs_nothing_but_choosing_files_again(world: World, page: Page) -> None:
    await page.goto(f"{world.base}/nl/melden")
    words = await shown_words(page)
    await page.fill("#text", "wat ik zag")
    await page.select_option("#category", "fraud")
    world.intake.away = True
    await page.click("#form button")
    assert "Onze server gaf geen antwoord" in await page.inner_text("main")
    assert await shown_words(page) == words
    world.intake.away = False
    await page.click("#form button")
    assert "Uw melding is verzegeld en verstuurd" in await page.inner_text("h1")
    opened = world.bureau.open(world.intake.envelopes[0])
    assert (opened.message.text, opened.message.category) == ("wat ik zag", "fraud")
