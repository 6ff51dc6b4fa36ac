"""What people wait for in a browser that seals and opens: the real pages, a gateway on loopback, intake in memory."""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from dropbox.protocol import board, envelope, payload
from dropbox.protocol.board_head import BoardHead, append_signature
from dropbox.protocol.keys import Role
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Reply
from dropbox.protocol.sizes import DAY
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter.transport import Request
from tests.bench import devtools
from tests.bench.costs import watched
from tests.browser.chromium import Chromium
from tests.browser.driver import PATIENCE, Browser
from tests.browser.firefox import Firefox
from tests.browser.sealing import World, running_world, window_of
from tests.gateway.bureau import PERIOD, Bureau

KINDS: Final = ("chromium", "firefox", "firefox_safer")
ENTROPY: Final = bytes(range(15))
FILE: Final = 500_000_000
RECORDS: Final = 2048
REPLIES: Final = 4
_TEXTS: Final = 5
_READINGS: Final = 3
_WRITING: Final = 4  # seconds; somebody who writes a report takes minutes
# Presses the button, and gives the milliseconds until the page has another heading.
_PRESS: Final = """
  const [heading, began] = [document.querySelector("h1").textContent, performance.now()];
  const look = () => {
    if (document.querySelector("h1").textContent !== heading) done(performance.now() - began);
  };
  new MutationObserver(look).observe(document.getElementById("main"), {childList: true, subtree: true});
  document.getElementById("form").requestSubmit();
"""
_PROMISED: Final = f"new Promise((done) => {{ {_PRESS} }})"


class _Nothing(list[Request]):
    """Requests that nobody keeps: a file of 500 MB would stay in memory."""

    def append(self, _: Request) -> None:
        """Forget it."""


def measure(kind: str) -> dict[str, float]:
    """Return the figures of one kind of browser, their names ending in it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, running_world() as world:
        file = Path(name) / "bench.bin"
        file.touch()
        os.truncate(file, FILE)
        world.intake.keep, world.intake.seen = False, _Nothing()
        with window_of(kind, Path(name)) as window:
            found = {"text_s": statistics.median(_text(world, window) for _ in range(_TEXTS))}
            found |= _answers(world, window)
        anew = Path(name) / "anew"  # with the memory of a browser that did nothing yet
        anew.mkdir()
        if kind == "chromium":
            with devtools.running(anew) as port:
                found |= asyncio.run(_file_in_chromium(world, port, file))
        else:
            with window_of(kind, anew) as window:
                found |= _file(world, window, file)
    sys.stdout.write(f"{kind}: {time.monotonic() - began:.0f} s\n")
    return {f"{key}_{kind}": value for key, value in found.items()}


def _text(world: World, window: Browser) -> float:
    world.settled(window, "/en/report", "Sealed in your browser.")
    window.fill("What happened?", "x" * 1000)
    time.sleep(_WRITING)
    return _press(window)


def _file(world: World, window: Browser, file: Path) -> dict[str, float]:
    world.settled(window, "/en/report", "Sealed in your browser.")
    time.sleep(_WRITING)
    processes = _browsers()
    with watched(lambda: processes) as memory:
        window.attach("Choose files", [file])
        seconds = _press(window)
    return _of_file(seconds, memory)


async def _file_in_chromium(world: World, port: int, file: Path) -> dict[str, float]:
    async with devtools.page(port) as page:
        await page.settled(world.base + "/en/report", "Sealed in your browser.")
        await asyncio.sleep(_WRITING)
        processes = _browsers()
        with watched(lambda: processes) as memory:
            await page.attach("input[type=file]", file)
            seconds = await page.evaluate(_PROMISED) / 1000
    return _of_file(seconds, memory)


def _of_file(seconds: float, memory: list[int]) -> dict[str, float]:
    return {"seal_mb_per_s": FILE / 1e6 / seconds, "memory_500mb_mb": (max(memory) - memory[0]) / 1e6}


def _answers(world: World, window: Browser) -> dict[str, float]:
    whole = whole_board(world.bureau, ENTROPY)
    world.intake.static["/v1/boards"] = b"\x01" + len(whole).to_bytes(4, "big") + whole
    seconds = []
    for _ in range(_READINGS):
        world.settled(window, "/en/read", "Opened in your browser.")
        window.fill("Your twelve words", " ".join(Receipt(ENTROPY).words()))
        seconds.append(_press(window))
        window.expect(*(f"Answer {number}: " for number in range(REPLIES)))
    return {"find_replies_s": statistics.median(seconds)}


def _press(window: Browser) -> float:
    """Press the button of the form; return the seconds until the next page shows."""
    if isinstance(window, Chromium):
        return float(window._page.evaluate(_PROMISED)) / 1000
    if not isinstance(window, Firefox):
        raise TypeError(window)
    window._client.timeout.script = PATIENCE
    return float(window._client.execute_async_script(f"const done = arguments[0]; {_PRESS}")) / 1000


def _browsers() -> list[int]:
    """The browser's processes: those below this one that run a browser's program."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
    found: list[int] = []
    below = {os.getpid()}
    while below:
        below = {pid for pid, parent in parents.items() if parent in below}
        found += below
    return [pid for pid in found if _is_a_browser(pid)]


def _is_a_browser(pid: int) -> bool:
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name
    except (FileNotFoundError, ProcessLookupError):
        return False
    return program.startswith(("chrom", "firefox"))


def whole_board(bureau: Bureau, entropy: bytes) -> bytes:
    """A board of 2,048 records with four replies to this receipt."""
    reporter = ReporterKeys.derive(Receipt(entropy), bureau.bulletin.instance)
    writer = envelope.EnvelopeWriter(bureau.bulletin, reporter.auth, os.urandom)
    begun = writer.begin(envelope.first_head(reporter, bureau.bulletin, bytes(16)), payload.Message("text"))
    bureau.open(b"".join([begun, *writer.finish()]))
    for number in range(REPLIES):
        bureau.reply(reporter.thread_id, Reply(f"Answer {number}: " + "we look into it. " * 20))
    head = BoardHead(
        bureau.bulletin.instance, bureau.recipient, os.urandom(16), bureau.day, bureau.now + PERIOD,
        bureau.now + 40 * DAY, bureau.bulletin.hash, RECORDS,
    )  # fmt: skip
    unsigned = board.assemble(head, bureau.threads[reporter.thread_id].live, os.urandom)
    return append_signature(unsigned, bureau.signing[Role.BOARD].sign(unsigned))
