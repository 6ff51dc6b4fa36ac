"""What a page makes before anybody presses "send": the host sees nothing of it, and none of it goes out twice."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from dropbox.protocol.receipt import Receipt
from dropbox.protocol.sizes import KIB, PREFIX, SLOTS, Prefix
from tests.browser.chromium import Chromium
from tests.browser.driver import Browser, wait_for
from tests.browser.firefox import Firefox
from tests.browser.sealing import KINDS, World, window_of
from tests.gateway.bureau import ciphertexts

pytestmark = pytest.mark.timeout(600)  # stops a test that hangs

TEXT: Final = "What I saw on the fourth floor"
SENT: Final = "Your report is sealed and sent"
FULL: Final = "Our server is full just now."
STEPS: Final = 2 + SLOTS - 1  # the throw-away key, what is computed from it, and a ciphertext for each slot but one
COUNTING: Final = """
  window.counted = {keys: 0, steps: 0};
  const random = Crypto.prototype.getRandomValues;
  Crypto.prototype.getRandomValues = function (bytes) {
    if (bytes.length === 64) window.counted.keys++;  // the seed of an ML-KEM key
    return random.call(this, bytes);
  };
  const idle = window.requestIdleCallback;
  window.requestIdleCallback = (step) => idle(() => { window.counted.steps++; step(); });
"""
TRIED: Final = 1  # key that every page makes to see whether it can seal


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Chromium]:
    with window_of("chromium", tmp_path) as made:
        assert isinstance(made, Chromium)
        made._context.add_init_script(COUNTING)
        yield made


def value(window: Browser, expression: str) -> Any:  # noqa: ANN401 - what a page holds
    """What an expression gives in the page."""
    if isinstance(window, Chromium):
        return window._page.evaluate(expression)
    assert isinstance(window, Firefox)
    return window._client.execute_script(f"return {expression}")


def arrive(world: World, window: Chromium) -> None:
    """Open the form, and wait until all is made ahead."""
    world.settled(window, "/en/report", "Sealed in your browser.")
    made(window, STEPS)


def made(window: Chromium, steps: int) -> None:
    wait_for("what is made ahead", lambda: value(window, "counted.steps") == steps)


def send(window: Browser, outcome: str = SENT) -> None:
    window.fill("What happened?", TEXT)
    window.click("Seal and send")
    wait_for(outcome, lambda: outcome in window.text())


def sealed(world: World) -> list[bytes]:
    """Every envelope that was sent, whether intake took it or not."""
    return [one.body for one in world.intake.seen if one.method == "PUT"]


def unrelated(envelopes: list[bytes]) -> bool:
    """Whether nothing of one stands in another: no ciphertext of a slot, no prefix, no end."""
    parts = [part for one in envelopes for part in (*ciphertexts(one), one[:PREFIX].hex(), one[-KIB:].hex())]
    return len({*parts}) == len(parts)


@pytest.mark.parametrize("kind", ["chromium", *KINDS])
def test_the_host_is_asked_for_the_same_whoever_types_or_not(world: World, kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(1000))
    with window_of(kind, tmp_path) as window:
        world.settled(window, "/en/report", "Sealed in your browser.")
        names = "performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname.replace(/-\\w+/, ''))"
        came = value(window, names)
        world.intake.seen.clear()  # what the gateway asked to draw the page
        assert sorted(came) == ["/en/texts", "/static/browser.js", "/static/kit.css", "/static/words.txt"]
        window.fill("What happened?", TEXT)
        window.attach("Choose files", [tmp_path / "a.bin"])
        wait_for("the size", lambda: "a sealed packet of" in window.text())
        assert value(window, names) == came
        assert not world.intake.seen
        window.click("Seal and send")
        wait_for(SENT, lambda: SENT in window.text())
        assert world.requests() == ["GET bulletin", "PUT uploads"]
        assert [len(one) for one in sealed(world)] == [16 * KIB]


def test_no_key_is_made_once_send_is_pressed_and_a_second_try_has_new_ones(world: World, window: Chromium) -> None:
    arrive(world, window)
    world.intake.refuse = ("PUT", "full", 507)
    send(window, FULL)
    made(window, 2 * STEPS)
    world.intake.refuse = None
    send(window)
    assert value(window, "counted") == {"keys": TRIED + 2, "steps": 2 * STEPS}  # one for each envelope, before it
    first, second = sealed(world)
    assert unrelated([first, second])
    assert len({one.path for one in world.intake.seen if one.method == "PUT"}) == 2
    ids = {world.bureau.open(one).head.message_id for one in (first, second)}
    assert len(ids) == 1  # to the bureau alone it is one message


def test_two_presses_of_the_button_are_one_envelope(world: World, window: Chromium) -> None:
    arrive(world, window)
    world.intake.seen.clear()
    window.press("I already have twelve words")
    window.fill("Your twelve words from before", " ".join(Receipt(bytes(15)).words()))  # read with a pause in between
    window.fill("What happened?", TEXT)
    value(window, "[1, 2].forEach(() => document.getElementById('form').requestSubmit())")
    wait_for("the next page", lambda: "is sealed and sent" in window.text())
    assert world.requests() == ["GET bulletin", "PUT uploads"]


def test_two_tabs_have_nothing_in_common(world: World, window: Chromium) -> None:
    other = copy.copy(window)
    other._page = window._context.new_page()
    for tab in (window, other):
        arrive(world, tab)
    for tab in (other, window):
        send(tab)
    assert len(sealed(world)) == 2
    assert unrelated(sealed(world))


def test_keys_that_changed_since_the_page_came_are_those_that_are_used(world: World, window: Chromium) -> None:
    arrive(world, window)
    world.bureau = world.bureau.joined_by(2, revision=7)
    world.intake.static["/v1/bulletin"] = world.bureau.signed_bulletin()
    send(window)
    (envelope,) = sealed(world)
    assert Prefix.from_bytes(envelope[:PREFIX]).revision == 7
    assert world.bureau.open(envelope).message.text == TEXT  # under the hash of the new bulletin, which is in each slot
    assert len({*ciphertexts(envelope)}) == SLOTS


def test_a_page_that_is_left_drops_what_it_made_and_makes_it_anew_when_it_comes_back(
    world: World, window: Chromium
) -> None:
    arrive(world, window)
    for event in ("pagehide", "pageshow"):
        value(window, f"dispatchEvent(new PageTransitionEvent('{event}', {{persisted: true}}))")
    made(window, 2 * STEPS)
    send(window)
    assert value(window, "counted") == {"keys": TRIED + 2, "steps": 2 * STEPS}


def test_a_page_that_back_brings_sends_nothing_a_second_time(world: World, tmp_path: Path) -> None:
    with window_of("firefox", tmp_path) as window:  # which may keep the page, or load it anew, as it likes
        world.settled(window, "/en/report", "Sealed in your browser.")
        world.intake.refuse = ("PUT", "full", 507)
        send(window, FULL)
        window.open(world.base + "/en/how-it-works")
        window.back()
        wait_for("the page", lambda: "Sealed in your browser." in window.text())
        world.intake.refuse = None
        send(window)
    assert len(sealed(world)) == 2
    assert unrelated(sealed(world))
