"""What goes wrong while a browser seals or opens: each a clear sentence in the page's language, and no text lost."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import playwright.sync_api as playwright
import pytest

from dropbox.protocol.receipt import Receipt
from dropbox.protocol.sizes import DAY, MIB
from tests.browser import chromium
from tests.browser.chromium import Chromium
from tests.browser.driver import wait_for
from tests.browser.sealing import World
from tests.gateway.bureau import Bureau

pytestmark = pytest.mark.timeout(600)  # stops a test that hangs

TEXT = "What I saw on the fourth floor"


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    if not chromium.installed():
        pytest.skip("chromium is not installed; make system-packages installs it")
    with chromium.running() as running:
        yield running


@pytest.fixture
def window(browser: playwright.Browser, tmp_path: Path) -> Iterator[Chromium]:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    made = Chromium(browser, downloads, scripts=True, policy=True)
    yield made
    made.close()


def report(world: World, window: Chromium, file: bytes = b"", folder: Path | None = None) -> None:
    """Fill in a report, and press the button."""
    world.settled(window, "/en/report", "Sealed in your browser.")
    window.fill("What happened?", TEXT)
    if folder is not None:
        (folder / "a.bin").write_bytes(file)
        window.attach("Choose files", [folder / "a.bin"])


def told(window: Chromium, sentence: str) -> None:
    """The sentence comes, and the text stays."""
    wait_for(sentence, lambda: sentence in window.text())
    assert window.value("What happened?") == TEXT


def other(world: World, **changes: object) -> bytes:
    """Today's bulletin with changes, signed."""
    return world.bureau.changed(**changes).signed_bulletin()


BULLETINS: dict[str, tuple[Callable[[World], bytes], str]] = {
    "of_another_bureau": (lambda _: Bureau(int(time.time())).signed_bulletin(), "is not signed by the bureau"),
    "altered": (lambda world: world.bureau.signed_bulletin().replace(b'"revision":0', b'"revision":1'), "not signed"),
    "expired": (lambda world: other(world, day=world.bureau.day - 3), "are not of the day that your device says it is"),
    "of_other_code": (lambda world: other(world, browser_bundle="ab" * 32), "is not the code that the bureau"),
}  # fmt: skip


@pytest.mark.parametrize("name", BULLETINS)
def test_nothing_is_sealed_to_a_bulletin_that_is(world: World, window: Chromium, name: str) -> None:
    make, sentence = BULLETINS[name]
    report(world, window)
    world.intake.static["/v1/bulletin"] = make(world)
    window.click("Seal and send")
    told(window, sentence)
    assert not [one for one in world.intake.seen if one.method != "GET"]


@pytest.mark.parametrize("days", [-365, -1, 1, 365])
def test_a_clock_that_is_wrong_is_named_with_its_date(world: World, window: Chromium, days: int) -> None:
    noon = (int(time.time()) // DAY + days) * DAY + DAY // 2
    window._page.clock.install(time=noon + DAY // 2 * (1 if days > 0 else -1))
    report(world, window)
    window.click("Seal and send")
    told(window, "If that date is wrong, put your clock right")
    assert not world.intake.finished


def test_a_store_that_is_full_keeps_the_text(world: World, window: Chromium) -> None:
    report(world, window)
    world.intake.refuse = ("PUT", "full", 507)
    window.click("Seal and send")
    told(window, "Our server is full just now.")


def test_a_store_that_gets_full_half_way_keeps_the_text(world: World, window: Chromium, tmp_path: Path) -> None:
    report(world, window, os.urandom(3 * MIB), tmp_path)
    world.intake.refuse = ("POST", "full", 507)  # the chunks found room, what they are put together into does not
    window.click("Seal and send")
    told(window, "Our server is full just now.")
    wait_for("the host told", world.intake.cancelled.is_set)
    assert not world.intake.uploads
    assert not world.intake.finished
    world.intake.refuse = None
    window.click("Seal and send")
    wait_for("the next page", lambda: "Your report is sealed and sent" in window.text())
    assert world.bureau.open(world.intake.envelopes[0]).message.text == TEXT


def test_an_upload_refused_half_way_is_taken_back(world: World, window: Chromium, tmp_path: Path) -> None:
    report(world, window, os.urandom(3 * MIB), tmp_path)
    world.intake.refuse = ("POST", "bad_size", 422)
    window.click("Seal and send")
    told(window, "Our server refused the report.")
    wait_for("the host told", world.intake.cancelled.is_set)
    assert not world.intake.uploads


def test_a_broken_line_goes_on_where_it_was(world: World, window: Chromium, tmp_path: Path) -> None:
    file = os.urandom(5 * MIB)
    report(world, window, file, tmp_path)
    world.intake.breaks_after = 3
    window.click("Seal and send")
    wait_for("the next page", lambda: "Your report is sealed and sent" in window.text())
    assert world.bureau.open(world.intake.envelopes[0]).files == [("a.bin", file)]


def test_paused_nothing_goes_out_and_going_on_brings_all(world: World, window: Chromium, tmp_path: Path) -> None:
    file = os.urandom(3 * MIB)
    report(world, window, file, tmp_path)
    world.intake.refuse = ("PUT", "not_ready", 503)
    window.click("Seal and send")
    wait_for("the line to be told", lambda: "The line broke. What came through is kept." in window.text())
    window.click("Pause")
    window.expect("Paused. What is on its way still goes out, 1 MB at most.")
    # A new circuit reloads the page: before that the browser asks, since the page refuses to be left.
    assert window._page.evaluate("!dispatchEvent(new Event('beforeunload', {cancelable: true}))")
    world.intake.refuse = None
    window.click("Go on")
    wait_for("the next page", lambda: "Your report is sealed and sent" in window.text())
    assert world.bureau.open(world.intake.envelopes[0]).files == [("a.bin", file)]


def test_stopping_leaves_nothing_on_the_host(world: World, window: Chromium, tmp_path: Path) -> None:
    report(world, window, os.urandom(6 * MIB), tmp_path)
    world.intake.refuse = ("POST", "not_ready", 503)  # all chunks arrive, the end does not
    window.click("Seal and send")
    wait_for("the line to be told", lambda: "The line broke. What came through is kept." in window.text())
    assert world.intake.uploads
    window.click("Stop and take back")
    told(window, "You stopped it. Nothing of it is left on our server.")
    assert not world.intake.uploads
    assert not world.intake.finished


def test_an_end_that_nobody_confirms_is_not_called_unsent(world: World, window: Chromium, tmp_path: Path) -> None:
    report(world, window, os.urandom(2 * MIB), tmp_path)
    world.intake.after_the_end = "unknown_upload"
    window.click("Seal and send")
    told(window, "Our server did not answer, so we do not know whether your report came in.")
    assert len(world.intake.envelopes) == 1


def test_two_tabs_are_two_reports(browser: playwright.Browser, world: World, tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    one, two = (Chromium(browser, tmp_path / "downloads", scripts=True, policy=True) for _ in range(2))
    report(world, one)
    report(world, two)
    assert one.words() != two.words()
    for tab in (two, one):
        words = tab.words()
        tab.click("Seal and send")
        wait_for("the next page", lambda tab=tab: "Your report is sealed and sent" in tab.text())  # type: ignore[misc]
        assert tab.words() == words
        tab.close()
    threads = {world.bureau.open(envelope).head.thread_id for envelope in world.intake.envelopes}
    assert len(threads) == 2


LACKS: Final = {
    "secure_context": "Object.defineProperty(window, 'isSecureContext', {value: false})",
    "webcrypto": "Object.defineProperty(crypto, 'subtle', {value: undefined})",
} | {
    name.lower(): f"""
        const real = SubtleCrypto.prototype.importKey;
        SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {{
          if ((algorithm.name ?? algorithm) === "{name}") throw new DOMException("", "NotSupportedError");
          return real.call(this, format, key, algorithm, ...rest);
        }};"""
    for name in ("Ed25519", "X25519", "AES-GCM")
}


@pytest.mark.parametrize("lacks", LACKS)
def test_a_browser_that_cannot_seal_says_so_and_has_the_form(world: World, window: Chromium, lacks: str) -> None:
    window._context.add_init_script(LACKS[lacks])
    window.open(world.base + "/en/report")
    sentence = "Your browser cannot seal here: it lacks something that is needed."
    wait_for(sentence, lambda: sentence in window.text())
    window.expect("Sealed in the memory of our server while you send.")
    window.fill("What happened?", TEXT)
    window.submit("Seal and send")
    window.expect("Your report is sealed and sent")
    assert world.bureau.open(world.intake.envelopes[0]).message.text == TEXT


def test_words_that_have_shown_are_not_replaced_by_a_script_that_comes_late(world: World, window: Chromium) -> None:
    held: list[playwright.Route] = []
    window._context.route("**/static/words-*.txt", lambda route: held.append(route))  # noqa: PLW0108 - a bound method is refused
    window.open(world.base + "/en/report")
    wait_for("the words", lambda: bool(window.text()) and bool(held) and all(window.words()))
    shown = window.words()
    held[0].continue_()
    wait_for("the reason", lambda: "a part of this page did not come" in window.text())
    assert window.words() == shown
    window.fill("What happened?", TEXT)
    window.submit("Seal and send")
    window.expect("Your report is sealed and sent")
    assert window.words() == shown


def test_a_report_that_arrived_while_it_was_being_stopped_is_said_to_be_sent(world: World, window: Chromium) -> None:
    held: list[tuple[playwright.Route, playwright.APIResponse]] = []
    window._context.route("**/v1/uploads/*/whole", lambda route: held.append((route, route.fetch())))
    report(world, window)
    window.click("Seal and send")
    wait_for("the host to have it", lambda: bool(window.text()) and bool(held))
    window.click("Stop and take back")
    route, answer = held[0]
    route.fulfill(response=answer)
    wait_for("the next page", lambda: "Your report is sealed and sent" in window.text())
    assert world.bureau.open(world.intake.envelopes[0]).message.text == TEXT


def test_what_could_not_be_taken_back_is_not_said_to_be_gone(world: World, window: Chromium, tmp_path: Path) -> None:
    report(world, window, os.urandom(3 * MIB), tmp_path)
    world.intake.refuse = ("POST", "not_ready", 503)
    window._context.route(
        "**/v1/uploads/*",
        lambda route: route.fulfill(status=503) if route.request.method == "DELETE" else route.fallback(),
    )
    window.click("Seal and send")
    wait_for("the line to be told", lambda: "The line broke. What came through is kept." in window.text())
    window.click("Stop and take back")
    told(window, "You stopped it, but we do not know whether that was in time.")
    assert world.intake.uploads


def test_an_altered_script_does_not_run_and_the_page_says_so(world: World, window: Chromium) -> None:
    def alter(route: playwright.Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + ";document.title='altered'")

    window._context.route("**/static/browser-*.js", alter)
    window.open(world.base + "/en/report")
    wait_for("the sentence", lambda: "did not come, was blocked, or was changed on the way" in window.text())
    wait_for("the words", lambda: all(window.words()))
    assert window._page.title() != "altered"
    window.fill("What happened?", TEXT)
    window.submit("Seal and send")
    window.expect("Your report is sealed and sent")


def read(world: World, window: Chromium, typed: str) -> None:
    """Type words on the reading page, and press the button."""
    world.settled(window, "/en/read", "Opened in your browser.")
    window.fill("Your twelve words", typed)
    window.click("Read the answer")


BOARDS: dict[str, tuple[Callable[[World], bytes], str]] = {
    "altered": (lambda world: world.bureau.boards()[:-70] + bytes(70), "is not signed by the bureau"),
    "of_another_instance": (lambda _: Bureau(int(time.time())).boards(), "is not signed by the bureau"),
    "cut": (lambda world: world.bureau.boards()[:-1], "is not signed by the bureau"),
    "too_old": (lambda world: world.bureau.boards(world.bureau.now - 50 * DAY), "somebody keeps newer answers back"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOARDS)
def test_no_answers_are_shown_from_a_board_that_is(world: World, window: Chromium, name: str) -> None:
    make, sentence = BOARDS[name]
    world.intake.static["/v1/boards"] = make(world)
    typed = " ".join(Receipt(bytes(15)).words())
    read(world, window, typed)
    wait_for(sentence, lambda: sentence in window.text())
    assert window.value("Your twelve words") == typed


@pytest.mark.parametrize("days", [-365, -1, 1, 365])
def test_a_clock_that_is_wrong_is_named_before_answers_are_read(world: World, window: Chromium, days: int) -> None:
    noon = (int(time.time()) // DAY + days) * DAY + DAY // 2
    window._page.clock.install(time=noon + DAY // 2 * (1 if days > 0 else -1))
    typed = " ".join(Receipt(bytes(15)).words())
    read(world, window, typed)
    wait_for("the sentence", lambda: "If that date is wrong, put your clock right and try again." in window.text())
    assert window.value("Your twelve words") == typed


TYPED: dict[str, tuple[str, str]] = {
    "pasted": ("; ".join(Receipt(bytes(15)).words()).upper(), "Nothing for these words yet"),
    "french": ("\n".join(Receipt(bytes(15)).words("french")), "Nothing for these words yet"),
    "digits": (Receipt(bytes(15)).digits().lower(), "Nothing for these words yet"),
    "eleven": (" ".join(Receipt(bytes(15)).words()[:11]), "There are 11 words here."),
    "mistyped": (
        " ".join(["abandom", *Receipt(bytes(15)).words()[1:]]),
        "Word 1 is not a word of a receipt. Did you mean: abandon",
    ),
    "changed_places": (" ".join(reversed(Receipt(bytes(15)).words())), "these twelve do not belong together"),
}


@pytest.mark.parametrize("name", TYPED)
def test_a_receipt_that_is_read(world: World, window: Chromium, name: str) -> None:
    typed, sentence = TYPED[name]
    read(world, window, typed)
    wait_for(sentence, lambda: sentence in window.text())
