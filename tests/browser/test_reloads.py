"""An upload that outlives a reload of its page, as "New circuit for this site" brings one (decision 89)."""

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from dropbox.protocol.receipt import Receipt, parse_receipt
from dropbox.protocol.reply import Reply
from dropbox.protocol.sizes import MIB
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter.transport import Request, Response
from tests.browser import chromium, firefox
from tests.browser.driver import PATIENCE, Browser, wait_for
from tests.browser.firefox import Firefox
from tests.browser.profiles import found_in
from tests.browser.sealing import KINDS, World, running_world, window_of

pytestmark = pytest.mark.timeout(900)  # stops a test that hangs

TEXT: Final = "What I saw on the fourth floor"
LEFT: Final = "Something was on its way when this page was loaded again."
SENT: Final = "Your report is sealed and sent"
STORED: Final = 2  # chunks that the host takes before the line breaks
# Firefox writes its session to disk as outside tests, and often.
REMEMBERS: Final = {"browser.sessionstore.resume_from_crash": True, "browser.sessionstore.interval": 500}


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """One tab for all: what a story leaves in it belongs to another site by the next one."""
    with window_of("firefox", tmp_path_factory.mktemp("firefox")) as made:
        assert isinstance(made, Firefox)
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of some chunks."""
    made = tmp_path / "a.bin"
    made.write_bytes(os.urandom(5 * MIB))
    return made


def interrupted(world: World, window: Browser, file: Path) -> str:
    """Send a report until the host has some of it, and load the page again. Returns the words."""
    world.settled(window, "/en/report", "Sealed in your browser.")
    words = " ".join(window.words())
    window.fill("What happened?", TEXT)
    window.choose("What is it about?", "Bribery or corruption")
    window.tick("Yes, it is still going on")
    window.attach("Choose files", [file])
    world.intake.takes = STORED
    window.click("Seal and send")
    wait_for("the line to be told", lambda: "The line broke. What came through is kept." in window.text())
    assert name_of(window)
    window.new_circuit()
    wait_for("what was left", lambda: LEFT in window.text())
    assert " ".join(window.words()) != words
    world.intake.takes = 0
    world.intake.seen.clear()
    return words


def go_on(window: Browser, words: str, *files: Path) -> None:
    """Do what the page says."""
    if words:
        window.fill("Your twelve words from before", words)
    if files:
        window.attach("Choose files", files)
    window.click("Seal and send")


def told(window: Browser, sentence: str) -> None:
    wait_for(sentence, lambda: sentence in window.text())


def name_of(window: Browser) -> str:
    return str(window.run("window.name"))


def only_upload(world: World) -> str:
    (upload,) = world.intake.chunks
    return upload


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_on_where_it_was_and_is_opened_once(kind: str, file: Path, tmp_path: Path) -> None:
    with running_world() as world, window_of(kind, tmp_path) as window:
        words = interrupted(world, window, file)
        upload = only_upload(world)
        go_on(window, words, file)
        told(window, SENT)
        assert " ".join(window.words()) == words
        window.expect("Your text and 1 file came in whole.")
        assert name_of(window) == ""
        asked = [f"{one.method} {one.path}" for one in world.intake.seen if "uploads" in one.path]
        assert asked[:2] == [f"GET /v1/uploads/{upload}", f"PUT /v1/uploads/{upload}/{STORED}"]
        assert [*world.intake.chunks] == [upload]
        (envelope,) = world.intake.envelopes
        opened = world.bureau.open(envelope)
        assert opened.files == [("a.bin", file.read_bytes())]
        assert (opened.message.text, opened.message.category, opened.message.ongoing) == (TEXT, "corruption", "yes")
        assert opened.authentic
        window.reload()
        wait_for("the page", lambda: "Sealed in your browser." in window.text())
        assert LEFT not in window.text()


def test_taken_back_after_the_reload_nothing_is_left(world: World, window: Firefox, file: Path) -> None:
    interrupted(world, window, file)
    assert world.intake.uploads
    window.click("Stop and take back")
    told(window, "You took it back. Nothing of it is left on our server.")
    assert not world.intake.uploads
    assert not world.intake.finished
    assert name_of(window) == ""
    assert LEFT not in window.text()
    window.fill("What happened?", "Something else")  # the form is free again, and seals anew
    window.click("Seal and send")
    told(window, SENT)
    (envelope,) = world.intake.envelopes
    assert world.bureau.open(envelope).message.text == "Something else"


def test_reload_after_reload_loses_nothing(world: World, window: Firefox, file: Path) -> None:
    words = interrupted(world, window, file)
    for _ in range(2):
        window.new_circuit()
        told(window, LEFT)
    go_on(window, words, file)
    told(window, SENT)
    assert [world.bureau.open(one).files for one in world.intake.envelopes] == [[("a.bin", file.read_bytes())]]


def test_a_reload_that_fails_ends_it_and_the_next_page_begins_anew(world: World, window: Firefox, file: Path) -> None:
    """To Firefox its own page of errors is another site, which gets no name and gives none back."""
    interrupted(world, window, file)
    window.new_circuit_that_fails()
    assert name_of(window) == ""
    window.new_circuit()
    wait_for("the place", lambda: "Sealed in your browser." in window.text())
    assert LEFT not in window.text()
    assert name_of(window) == ""


def test_a_second_reload_while_it_is_compared_or_goes_on(world: World, window: Firefox, file: Path) -> None:
    words = interrupted(world, window, file)
    world.intake.takes = STORED + 1
    go_on(window, words, file)
    wait_for("one chunk more", lambda: world.intake.chunks[only_upload(world)] == STORED + 1)
    window.new_circuit()
    told(window, LEFT)
    world.intake.takes = 0
    go_on(window, words, file)
    told(window, SENT)
    assert [world.bureau.open(one).files for one in world.intake.envelopes] == [[("a.bin", file.read_bytes())]]


def test_stopped_after_it_went_on_it_leaves_nothing_and_the_form_is_free(
    world: World, window: Firefox, file: Path
) -> None:
    words = interrupted(world, window, file)
    world.intake.takes = STORED + 1
    go_on(window, words, file)
    told(window, "The line broke.")
    assert LEFT not in window.text()
    window._press("//*[@id='progress']//button[normalize-space(.)='Stop and take back']")  # the other one is hidden
    told(window, "You stopped it. Nothing of it is left on our server. What you typed is still here.")
    assert not world.intake.uploads
    assert name_of(window) == ""
    assert LEFT not in window.text()
    assert window.value("What happened?") == TEXT
    world.intake.takes = 0
    window.click("Seal and send")
    told(window, "Your message is sealed and sent")
    assert [world.bureau.open(one).files for one in world.intake.envelopes] == [[("a.bin", file.read_bytes())]]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Response(503, b'{"error": "not_ready"}'), "The bureau has not put out its keys for today"),
        # The line broke again; as far as this page knows, the host may have all of it.
        (Response(408, b""), "so we do not know whether your report came in."),
    ],
    ids=["not_ready", "broken"],
)
def test_keys_that_do_not_come_when_it_should_go_on_end_nothing(
    world: World, window: Firefox, file: Path, answer: Response, sentence: str
) -> None:
    words = interrupted(world, window, file)
    world.intake.instead["/v1/bulletin"] = answer
    go_on(window, words, file)
    told(window, sentence)
    world.intake.instead.clear()
    go_on(window, "")
    told(window, SENT)
    assert [world.bureau.open(one).files for one in world.intake.envelopes] == [[("a.bin", file.read_bytes())]]


def test_a_file_that_cannot_be_read_any_more_takes_back_what_is_there_or_calls_nothing_unsent(
    world: World, window: Firefox, file: Path, tmp_path: Path
) -> None:
    words = interrupted(world, window, file)
    moved = tmp_path / "moved" / file.name
    moved.parent.mkdir()
    moved.write_bytes(file.read_bytes())
    window.fill("Your twelve words from before", words)
    window.attach("Choose files", [moved])
    moved.unlink()
    finished = Response(409, b'{"error": "conflict"}')  # what the host says of an upload that it has whole
    world.intake.instead[f"/v1/uploads/{only_upload(world)}"] = finished
    window.click("Seal and send")
    told(window, "so we do not know whether your report came in.")


def test_an_upload_that_the_host_has_lost_is_sent_anew(world: World, window: Firefox, file: Path) -> None:
    words = interrupted(world, window, file)
    upload = only_upload(world)
    world.intake.instead[f"/v1/uploads/{upload}"] = Response(404, b'{"error": "unknown_upload"}')
    go_on(window, words, file)
    told(window, "Our server no longer has the first part of what you sent.")
    assert name_of(window) == ""
    go_on(window, "")
    told(window, "Your message is sealed and sent")
    assert world.bureau.open(world.intake.envelopes[0]).message.text == TEXT


def test_another_file_of_the_same_name_and_size_is_refused(world: World, window: Firefox, file: Path) -> None:
    words = interrupted(world, window, file)
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    go_on(window, words, file)
    told(window, "A file is not the same as before: its name and size are, its content is not.")
    assert not [one for one in world.intake.seen if "uploads" in one.path]
    assert window.value("What happened?") == TEXT
    assert window.run("document.querySelector('[name=ongoing]:checked').value") == "yes"
    file.write_bytes(content)
    window.run("document.getElementById('files').value = ''")  # the driver adds to what is chosen
    go_on(window, "", file)
    told(window, SENT)
    assert [world.bureau.open(one).files for one in world.intake.envelopes] == [[("a.bin", content)]]


@pytest.mark.parametrize("name", ["a.bin", "b.bin"])
def test_a_file_of_another_size_or_name_or_none_is_asked_for_again(
    world: World, window: Firefox, file: Path, tmp_path: Path, name: str
) -> None:
    words = interrupted(world, window, file)
    other = tmp_path / "elsewhere" / name
    other.parent.mkdir()
    other.write_bytes(file.read_bytes() if name == "b.bin" else b"short")
    for chosen in ([], [other]):
        go_on(window, words, *chosen)
        told(window, "Choose the same files as before, no more and no fewer: a.bin.")
        assert window.value("What happened?") == TEXT
    assert not [one for one in world.intake.seen if "uploads" in one.path]


def test_other_words_open_nothing_of_it(world: World, window: Firefox, file: Path) -> None:
    interrupted(world, window, file)
    go_on(window, " ".join(Receipt(bytes(15)).words()), file)
    told(window, "These are not the words of what was on its way.")
    assert window.value("What happened?") == ""
    go_on(window, "abandon", file)
    told(window, "There are 1 words here.")
    assert not [one for one in world.intake.seen if "uploads" in one.path]


def test_a_name_that_somebody_else_gave_the_tab_is_nothing(world: World, window: Firefox) -> None:
    """Any site can open this one in a tab that it named: with keys of its own it would read what is sent."""
    world.settled(window, "/en/report", "Sealed in your browser.")
    window.run("window.name = 'a name'")
    world.settled(window, "/en/report", "Sealed in your browser.")
    assert LEFT not in window.text()
    window.run("window.name = '0'.repeat(32) + ' ' + btoa('x'.repeat(500))")
    world.settled(window, "/en/report", "Sealed in your browser.")
    told(window, LEFT)
    go_on(window, " ".join(window.words()))
    told(window, "These are not the words of what was on its way.")
    assert not [one for one in world.intake.seen if "uploads" in one.path]


def test_a_page_that_was_kept_while_it_was_sending_loads_itself_again(world: World, window: Firefox) -> None:
    """It must not go on beside the page that came after it: `Back` may bring it from the browser's memory."""
    world.settled(window, "/en/report", "Sealed in your browser.")
    window.fill("What happened?", TEXT)
    world.intake.refuse = ("PUT", "not_ready", 503)
    window.click("Seal and send")
    told(window, "The line broke.")
    window.ask_before_leaving(ask=False)
    window.run_to_the_next_page("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    told(window, LEFT)


def test_an_answer_with_a_file_goes_on_too(world: World, window: Firefox, file: Path) -> None:
    world.settled(window, "/en/report", "Sealed in your browser.")
    words = " ".join(window.words())
    window.fill("What happened?", "First")
    window.click("Seal and send")
    told(window, SENT)
    world.bureau.reply(world.bureau.open(world.intake.envelopes[0]).head.thread_id, Reply("Tell us more."))
    world.bureau.knows(parse_receipt(words))
    world.intake.issue()

    def read() -> None:
        window.fill("Your twelve words", words)
        window.click("Read the answer")
        told(window, "Tell us more.")

    world.settled(window, "/en/read", "Opened in your browser.")
    read()
    window.fill("Your message to the bureau", TEXT)
    window.attach("Choose files", [file])
    world.intake.takes = STORED
    window.click("Seal and send")
    told(window, "The line broke.")
    window.new_circuit()
    told(window, LEFT)
    world.intake.takes = 0
    read()
    told(window, LEFT)
    go_on(window, "", file)
    told(window, "Your message is sealed and sent")
    opened = world.bureau.open(world.intake.envelopes[1])
    assert (opened.message.text, opened.files) == (TEXT, [("a.bin", file.read_bytes())])
    assert (opened.head.first, opened.authentic) == (False, True)
    assert name_of(window) == ""


def test_a_text_whose_keys_did_not_come_is_not_lost(
    world: World, window: Firefox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settled(window, "/en/report", "Sealed in your browser.")
    words = " ".join(window.words())
    window.fill("What happened?", TEXT)
    asked, answered, send = threading.Event(), threading.Event(), world.intake.send

    async def hold_the_first(request: Request) -> Response:
        if request.path == "/v1/bulletin" and not asked.is_set():
            asked.set()
            answered.wait(PATIENCE)
        return await send(request)

    monkeypatch.setattr(world.intake, "send", hold_the_first)
    window.click("Seal and send")
    assert asked.wait(PATIENCE)
    window.new_circuit()
    told(window, LEFT)
    answered.set()
    go_on(window, words)
    told(window, SENT)
    (envelope,) = world.intake.envelopes
    opened = world.bureau.open(envelope)
    assert opened.message.text == TEXT
    assert opened.head.thread_id == ReporterKeys.derive(parse_receipt(words), world.bureau.bulletin.instance).thread_id


class Elsewhere(BaseHTTPRequestHandler):
    """A page of another site."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<title>Elsewhere</title>Elsewhere")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of another site."""
    with ThreadingHTTPServer(("127.0.0.2", 0), Elsewhere) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.2:{server.server_port}/"
        finally:
            server.shutdown()
            serving.join()


def test_another_site_in_the_same_tab_does_not_get_it(
    world: World, window: Firefox, file: Path, elsewhere: str
) -> None:
    interrupted(world, window, file)
    name = name_of(window)
    window.open(elsewhere)
    assert name_of(window) == ""
    window.run(f"window.name = '{name}'")
    window.open(world.base + "/en/report")
    wait_for("the place", lambda: "Sealed in your browser." in window.text())
    assert name_of(window) == ""
    assert LEFT not in window.text()


def test_where_the_next_site_could_read_it_nothing_is_left(file: Path, tmp_path: Path) -> None:
    """Chromium lets a tab's name stand when somebody types another address, so there an upload begins anew."""
    with running_world() as world, window_of("chromium", tmp_path) as window:
        world.settled(window, "/en/report", "Sealed in your browser.")
        words = window.words()
        window.fill("What happened?", TEXT)
        window.attach("Choose files", [file])
        world.intake.takes = STORED
        window.click("Seal and send")
        told(window, "Should your browser ask, stay on this page")
        wait_for("some of it", lambda: world.intake.uploads)
        left = only_upload(world)
        assert name_of(window) == ""
        window.new_circuit()
        world.intake.takes = 0
        window.run("window.name = '0'.repeat(32) + ' ' + btoa('x'.repeat(500))")
        world.settled(window, "/en/report", "Sealed in your browser.")
        assert LEFT not in window.text()
        assert window.words() != words
        window.fill("What happened?", TEXT)
        window.attach("Choose files", [file])
        window.click("Seal and send")
        told(window, SENT)
        assert left in world.intake.uploads  # never finished; intake throws it away by its age
        assert [world.bureau.open(one).files for one in world.intake.envelopes] == [[("a.bin", file.read_bytes())]]


@contextmanager
def remembering(kind: str, folder: Path) -> Iterator[Browser]:
    """A window outside private mode, whose browser writes its session to disk."""
    downloads = folder / "downloads"
    downloads.mkdir()
    module = chromium if kind == "chromium" else firefox
    if not module.installed():
        pytest.skip(f"{kind} is not installed; make system-packages installs it")
    if kind == "chromium":
        with chromium.with_profile(folder / "browser" / "profile", downloads) as kept:
            yield kept
        return
    with firefox.running(folder / "browser", downloads, preferences=firefox.SCRIPTS | REMEMBERS) as client:
        yield Firefox(client, downloads)


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_nothing_of_it_is_on_the_disk_afterwards(kind: str, tmp_path: Path) -> None:
    """The control: what a script puts into the session's storage, which is why nothing of ours stands there."""
    text, name, content, control = (secrets.token_hex(12) for _ in range(4))
    (tmp_path / "files").mkdir()
    file = tmp_path / "files" / f"{name}.bin"
    file.write_bytes(content.encode() * (5 * MIB // 24))
    home = tmp_path / "browser"
    with running_world() as world:
        with remembering(kind, tmp_path) as window:
            world.settled(window, "/en/report", "Sealed in your browser.")
            words = " ".join(window.words())
            window.run(f"sessionStorage.setItem('control', '{control}')")
            window.fill("What happened?", text)
            window.attach("Choose files", [file])
            world.intake.takes = STORED
            window.click("Seal and send")
            told(window, "The line broke.")
            left = name_of(window)
            wait_for("the session on disk", lambda: found_in(home, control))
            secret = (text, name, content, words, only_upload(world), *filter(None, (left[40:80], left[-60:-20])))
            assert not found_in(home, *secret)
            if left:
                window.new_circuit()
                told(window, LEFT)
            world.intake.takes = 0
            if left:
                go_on(window, words, file)
            told(window, SENT)
            assert name_of(window) == ""
        assert found_in(home, control) == {control}
        assert not found_in(home, *secret)
        assert world.bureau.open(world.intake.envelopes[0]).files == [(f"{name}.bin", file.read_bytes())]
