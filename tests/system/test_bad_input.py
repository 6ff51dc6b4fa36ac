"""What goes wrong between processes, and what must then be lost: nothing."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest

from dropbox.gateway.form_reader import MAX_BODY
from dropbox.protocol.sizes import GIB, MIB
from tests.browser.driver import wait_for
from tests.browser.windows import OpenWindow
from tests.system import raw
from tests.system.breaking import breaking_line
from tests.system.demo import Demo, descendants, held_files, is_running, peak_memory, running_demo
from tests.system.people import Handler, Reporter
from tests.system.poison import poison

pytestmark = pytest.mark.timeout(1200)  # stops a test that hangs; a busy machine takes its time

LARGEST: Final = GIB - 16 * MIB
"""The largest file that fits into the largest envelope, with room for what goes around it."""
MEMORY: Final = 64 * MIB
ROLES: Final = ("gateway", "intake")


def test_a_line_that_breaks_after_the_last_byte_costs_nothing(demo: Demo, open_chromium: OpenWindow) -> None:
    form = raw.fetch_form(demo.reporter)
    raw.send(demo.reporter, form, "De verbinding viel weg.", raw.noise(MIB), MIB, hang_up=True)
    handler = Handler(demo, open_chromium())
    handler.sign_in()
    handler.browser.reload_until(handler.inbox, "1 open zaak", "1 bestand")
    handler.open_case(handler.cases()[0])
    handler.browser.expect("De verbinding viel weg.")
    reporter = Reporter(demo, open_chromium(), paper=form.words)
    wait_for("the acknowledgement", lambda: "Het bureau heeft 1 bericht van u geopend" in reporter.read())


def test_a_report_of_a_gibibyte_takes_no_more_memory_than_a_small_one(demo: Demo) -> None:
    with watched(demo) as small:
        answer = raw.send(demo.reporter, raw.fetch_form(demo.reporter), "Klein", raw.noise(MIB), MIB)
        assert "Uw melding is verzegeld en verstuurd" in answer
    with watched(demo) as large:
        answer = raw.send(demo.reporter, raw.fetch_form(demo.reporter), "Groot", raw.noise(LARGEST), LARGEST)
        assert "Uw melding is verzegeld en verstuurd" in answer
    for role in ROLES:
        assert small.peak[role] > 0
        assert large.peak[role] < small.peak[role] + MEMORY, role
    assert not [file for file in large.opened["gateway"] if not within(demo, file, "log")]
    assert not [file for file in large.opened["intake"] if not within(demo, file, "log", "intake", "run")]


def test_a_line_that_breaks_before_the_answer_costs_only_a_reload(demo: Demo, open_window: OpenWindow) -> None:
    with breaking_line(demo.reporter) as line:
        reporter = Reporter(replace(demo, endpoints={**demo.endpoints, "reporter_url": line.address}), open_window())
        browser = reporter.browser
        reporter.open_form()
        reporter.paper = browser.words()
        browser.fill("Wat is er gebeurd?", "De verbinding viel weg.")
        line.breaks.set()
        browser.try_to_submit("Verzegelen en versturen")
        wait_for("the broken line", line.broken.is_set)
        line.breaks.clear()
        browser.reload()
        browser.expect("Uw melding is verzegeld en verstuurd")
        assert browser.words() == reporter.paper
    handler = Handler(demo, open_window())
    handler.sign_in()
    handler.browser.reload_until(handler.inbox, "1 open zaak", "1 bericht")
    wait_for(
        "the acknowledgement", lambda: "Het bureau heeft 1 bericht van u geopend" in reporter_reads(demo, reporter)
    )


def reporter_reads(demo: Demo, reporter: Reporter) -> str:
    return Reporter(demo, reporter.browser, paper=reporter.paper).read()


def test_files_that_are_too_large_cost_no_word(demo: Demo, open_window: OpenWindow, people_folder: Path) -> None:
    reporter = Reporter(demo, open_window())
    reporter.open_form()
    words = reporter.browser.words()
    reporter.report("Ik heb er lang over gedaan.", files=[_sparse(people_folder / "film.mp4", MAX_BODY)])
    reporter.browser.expect("Er is een probleem", "Uw bestanden zijn samen groter dan 1 GB.")
    assert reporter.browser.value("Wat is er gebeurd?") == "Ik heb er lang over gedaan."
    assert reporter.browser.words() == words


def _sparse(file: Path, size: int) -> Path:
    with file.open("wb") as opened:
        opened.truncate(size)
    return file


@dataclass
class Watched:
    """What the processes of each role were seen to hold: bytes of memory at the most, and open files."""

    peak: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROLES, 0))
    opened: dict[str, set[Path]] = field(default_factory=lambda: {role: set() for role in ROLES})


@contextmanager
def watched(demo: Demo) -> Iterator[Watched]:
    """Watch the processes of the intake host, which may come and go, while something happens."""
    seen, done = Watched(), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            for role in ROLES:
                for pid in demo.pids(role):
                    seen.peak[role] = max(seen.peak[role], peak_memory(pid))
                    seen.opened[role] |= held_files(pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def within(demo: Demo, file: Path, *folders: str) -> bool:
    return any(file.is_relative_to(demo.folder / name) for name in folders)


def test_a_poisoned_envelope_between_two_good_ones_stops_nothing(demo: Demo, open_chromium: OpenWindow) -> None:
    handler = Handler(demo, open_chromium())
    handler.sign_in()
    assert "verstuurd" in raw.send(demo.reporter, raw.fetch_form(demo.reporter), "Eerste")
    poison(demo)
    assert "verstuurd" in raw.send(demo.reporter, raw.fetch_form(demo.reporter), "Tweede")
    handler.browser.reload_until(
        handler.inbox, "2 open zaken", "1 envelop kon niet worden geopend", "Waarom hij niet opengaat"
    )
    texts = []
    for number in handler.cases():
        handler.open_case(number)
        texts.append(handler.browser.text())
    assert sum("Eerste" in text for text in texts) == 1
    assert sum("Tweede" in text for text in texts) == 1


def test_a_second_desk_on_one_vault_is_refused(demo: Demo, open_chromium: OpenWindow) -> None:
    second = subprocess.run(
        [Path(sys.executable).parent / "dropbox-desk", "serve", "--config", demo.folder / "desk.toml",
         "--passphrase-file", demo.folder / "desk.passphrase"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert second.returncode != 0
    assert "vault" in second.stderr
    assert "Traceback" not in second.stderr
    handler = Handler(demo, open_chromium())
    handler.sign_in()
    handler.browser.expect("Meldingen")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_demo_leaves_nothing_running(number: signal.Signals, tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        started = descendants(demo.process.pid)
        assert len(started) >= 4
        assert demo.stop(number) == 0
        assert not [pid for pid in started if is_running(pid)]
