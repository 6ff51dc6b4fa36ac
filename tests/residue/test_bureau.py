"""A tour over desk and inbox as real processes: what people wrote stands on no disk afterwards, but as ciphertext."""

import asyncio
import base64
import itertools
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Reply
from dropbox.protocol.sizes import MIB
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter import exchange
from dropbox.reporter.errors import HostNotReady
from dropbox.reporter.exchange import Outgoing, Sending
from tests.bureau.office import Transport
from tests.bureau_pages.browser import Browser
from tests.bureau_pages.test_card import CARD
from tests.residue.memory import copies
from tests.simulators.intake_client import ReporterClient
from tests.system import traces

pytestmark = pytest.mark.timeout(600)  # stops a test that hangs; a busy machine takes its time

STORES = {"vault.db", "publisher.keyring", "recipient.keyring", "intake.db"}
USERS = {"desk": "handler", "ministry": "coordinator"}
_BIN = Path(sys.executable).parent
_CODINGS = ("utf-8", "utf-16-le")


def marker(word: str) -> str:
    """A text that stands nowhere else in the world."""
    return word + secrets.token_hex(12)


@dataclass
class Planted:
    """What people write and send."""

    report: str = field(default_factory=lambda: marker("report"))
    keep_from: str = field(default_factory=lambda: marker("manager"))
    name: str = field(default_factory=lambda: marker("name"))
    content: str = field(default_factory=lambda: marker("content"))
    reply: str = field(default_factory=lambda: marker("reply"))
    summary: str = field(default_factory=lambda: marker("summary"))
    outcome: str = field(default_factory=lambda: marker("outcome"))

    def texts(self) -> dict[str, bytes]:
        """By name, as they may stand in a file."""
        return {f"{name}, {coding}": value.encode(coding) for name, value in vars(self).items() for coding in _CODINGS}


@dataclass
class Reporter:
    """Somebody with twelve words, on intake's own socket."""

    place: "Place"
    receipt: Receipt = field(default_factory=lambda: Receipt.generate(os.urandom))

    def __post_init__(self) -> None:
        settings = tomllib.loads((self.place.own / "intake.toml").read_text("utf-8"))
        self.root = RootPublicKey(bytes.fromhex(settings["root_key"]))
        self.socket = Path(settings["runtime_dir"]) / "reporters.sock"

    def needles(self, recipient: bytes) -> dict[str, bytes]:
        """The receipt, and every key that comes from it, in the forms in which files keep such things."""
        keys = ReporterKeys.derive(self.receipt, self.root.instance)
        own = keys.reply_keys(recipient)
        raw = {
            "entropy": self.receipt.entropy, "thread": keys.thread_id, "auth": keys.auth, "chain": own.chain,
            "tag key": own.tag_key, "reply secret": keys.reply_secret(recipient),
        }  # fmt: skip
        found = {f"{name}, raw": value for name, value in raw.items()}
        found |= {f"{name}, hex": value.hex().encode() for name, value in raw.items()}
        found |= {f"{name}, base64": base64.b64encode(value)[:-4] for name, value in raw.items()}
        words = self.receipt.words("english")
        return found | {"words": " ".join(words[:4]).encode(), "digits": self.receipt.digits()[:14].encode()}

    async def send(self, text: str, keep_from: str, name: str, content: bytes) -> bytes:
        """A report with a file; gives the recipient that it went to."""
        async with ReporterClient(self.socket) as client:
            transport = Transport(client)
            bulletin = await exchange.fetch_bulletin(transport, self.root, int(time.time()))
            sending = Sending(transport, bulletin, Outgoing(self.receipt, os.urandom(16), known=False), os.urandom)
            await sending.begin(Message(text, keep_from=keep_from, category="treatment"))
            await sending.begin_file(name)
            await sending.file_data(content)
            await sending.end_file()
            await sending.finish()
            return bulletin.recipients[0].identity

    async def replies(self) -> list[str]:
        """The replies on the board."""
        async with ReporterClient(self.socket) as client:
            transport, now = Transport(client), int(time.time())
            try:
                bulletin = await exchange.fetch_bulletin(transport, self.root, now)
                boards = await exchange.fetch_boards(transport, bulletin, now)
            except HostNotReady:
                return []
            dialogue = exchange.read_dialogue(self.receipt, bulletin, boards, now)
            return [note.note.text for box in dialogue.mailboxes for note in box.notes if isinstance(note.note, Reply)]


def holding(files: Iterator[Path] | list[Path], needles: dict[str, bytes]) -> dict[str, list[str]]:
    """Every file that holds a needle, with which."""
    found: dict[str, list[str]] = {}
    overlap = max(map(len, needles.values())) - 1
    for file in files:
        try:
            with file.open("rb") as stream:
                before = b""
                while piece := stream.read(4 * MIB):
                    window = before + piece
                    found.setdefault(str(file), []).extend(name for name, one in needles.items() if one in window)
                    before = window[-overlap:]
        except OSError:
            continue  # gone meanwhile
    return {file: names for file, names in found.items() if names}


@dataclass
class Place:
    """Intake, desk and inbox as processes, with a home and a temporary folder of their own."""

    folder: Path
    started: float = field(default_factory=time.time)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> Path:
        """What the instance keeps."""
        return self.folder / "own"

    def make(self) -> None:
        """A new instance, by the command that makes one."""
        for name in ("home", "tmp", "own", "log"):
            (self.folder / name).mkdir()
        arguments: list[str | Path] = [
            "--folder",
            self.own,
            "--runtime",
            self.folder / "run",
            *self._secret("root", "passphrase"),
        ]
        for role, user in USERS.items():
            for kind in ("password", "passphrase"):
                arguments += [f"--{role}-{kind}-file", self._secret(role, kind)[1]]
            arguments += [f"--{role}-user", user]
        arguments += ["--board-period", "5", "--card-period", "10", "--cards-per-batch", "2"]
        subprocess.run([_BIN / "dropbox-keys", "instance", *arguments], check=True, env=self._environment())

    def _secret(self, role: str, kind: str) -> tuple[str, Path]:
        path = self.folder / f"{role}.{kind}"
        path.write_text(f"a {kind} of the {role} in this test")
        return f"--{kind}-file", path

    def _environment(self) -> dict[str, str]:
        own = {name: str(self.folder / place) for name, place in (("HOME", "home"), ("TMPDIR", "tmp"))}
        return {**os.environ, **own, "XDG_RUNTIME_DIR": own["TMPDIR"]}

    def start(self, role: str) -> None:
        """Start a command, and wait until it serves."""
        command = [str(_BIN / f"dropbox-{role}")]
        if role in USERS:
            command += ["serve", "--passphrase-file", str(self.folder / f"{role}.passphrase")]
        with (self.folder / "log" / role).open("wb") as log:
            process = subprocess.Popen(
                [*command, "--config", str(self.own / f"{role}.toml")],
                stdout=subprocess.PIPE, stderr=log, env=self._environment(), cwd=self.folder / "home",
            )  # fmt: skip
        self.processes[role] = process
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert line.startswith("ready"), role
        self.urls[role] = line.removeprefix("ready").strip() + "/"

    def stop(self) -> list[int]:
        """Tell everybody to end; gives how they did."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.communicate(timeout=60)
        return [process.returncode for process in self.processes.values()]

    def files(self) -> Iterator[Path]:
        """Every file that these processes could have written, also those that no longer have a name."""
        opened = (Path(f"/proc/{process.pid}/fd") for process in self.processes.values() if process.poll() is None)
        held = (one for folder in opened for one in folder.iterdir() if one.is_file())
        return itertools.chain(traces.below(self.folder), traces.temporary_since(self.started, self.folder), held)

    async def sign_in(self, role: str, session: aiohttp.ClientSession) -> Browser:
        """Sign in at the desk or the inbox."""
        browser = Browser(session, URL(self.urls[role]))
        await browser.sign_in(USERS[role], (self.folder / f"{role}.password").read_text())
        return browser


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="rb") as name:  # a short path: the kernel's limit for sockets
        found = Place(Path(name))
        found.make()
        try:
            for role in ("intake", *USERS):
                found.start(role)
            yield found
        finally:
            for process in found.processes.values():
                process.kill()
                process.communicate()


def visit() -> aiohttp.ClientSession:
    """A new browser."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def linked(browser: Browser, listing: str, pattern: str) -> str:
    """The first link of this form on a page that fills by itself."""
    while True:
        page = (await browser.get(listing)).page
        if found := [link for link in page.links if re.fullmatch(pattern, link)]:
            return found[0]
        await asyncio.sleep(0.2)


async def test_a_tour_over_desk_and_inbox_leaves_only_ciphertext(place: Place) -> None:
    planted, reporter = Planted(), Reporter(place)
    content = b"".join(planted.content.encode() + os.urandom(64 * 1024) for _ in range(40))
    recipient = await reporter.send(planted.report, planted.keep_from, planted.name, content)
    needles = planted.texts() | reporter.needles(recipient)
    control = place.folder / "tmp" / "control"
    control.write_bytes(b"".join(b"\0" + one for one in needles.values()))
    assert holding(place.files(), needles) == {str(control): [*needles]}  # the search finds every one of them
    control.unlink()
    assert holding(place.files(), needles) == {}
    async with visit() as session:
        await _at_the_desk(place, planted, content, await place.sign_in("desk", session), needles)
    while planted.reply not in await reporter.replies():  # noqa: ASYNC110 - boards come out on the clock
        await asyncio.sleep(0.5)
    async with visit() as session:
        await _at_the_inbox(place, planted, await place.sign_in("ministry", session))
    async with visit() as session:
        await _answered(planted, await place.sign_in("desk", session))
    searched = [*place.files()]
    assert {file.name for file in searched} >= STORES, "all stores were looked at"
    assert holding(searched, needles) == {}
    assert place.stop() == [0, 0, 0]
    assert holding(place.files(), needles) == {}


async def _at_the_desk(
    place: Place, planted: Planted, content: bytes, browser: Browser, needles: dict[str, bytes]
) -> None:
    """Open, save the file, reply, refer."""
    case = await linked(browser, "/nl/", r"/nl/zaken/[0-9a-f]{32}")
    answer = await browser.get(case)
    assert planted.report in answer.page.text
    # The positive control: the search finds what was planted where it must be, in memory and in an export.
    text = {"report": planted.report.encode(), "manager": planted.keep_from.encode()}
    assert all(copies([place.processes["desk"].pid], text).values())
    (file,) = set(re.findall(rf"{case}/bestanden/[0-9a-f]{{32}}", answer.html))
    export = place.folder / "home" / planted.name
    export.write_bytes((await browser.send(file)).body)
    assert export.read_bytes() == content
    assert holding(place.files(), needles) == {str(export): ["content, utf-8"]}
    export.unlink()
    await browser.get(f"{case}/schrijven/reply")
    await browser.submit(f"{case}/schrijven/reply", text=planted.reply, step="preview")
    await browser.submit(f"{case}/schrijven/reply", step="send")
    await browser.get(f"{case}/kaart")
    await browser.submit(f"{case}/kaart", **{**CARD, "summary": planted.summary})
    released = await browser.submit(f"{case}/kaart", step="release")
    assert released.path.startswith(f"{case}?done=")
    await browser.send("/nl/uitloggen")


async def _at_the_inbox(place: Place, planted: Planted, browser: Browser) -> None:
    """Read the card and answer it."""
    card = await linked(browser, "/nl/", r"/nl/kaarten/[0-9a-f]+")
    answer = await browser.get(card)
    assert planted.summary in answer.page.text
    assert all(copies([place.processes["ministry"].pid], {"summary": planted.summary.encode()}).values())
    form = {name: answer.page.fields[name] for name in ("csrf", "sequence")}
    await browser.send_bare(card, {**form, "state": "received", "text": planted.outcome})
    while "Verzonden op" not in (await browser.get(card)).html:  # noqa: ASYNC110 - cards travel on the clock
        await asyncio.sleep(0.5)
    await browser.send("/nl/uitloggen")


async def _answered(planted: Planted, browser: Browser) -> None:
    """The answer stands at the case."""
    case = await linked(browser, "/nl/", r"/nl/zaken/[0-9a-f]{32}")
    while planted.outcome not in (await browser.get(case)).page.text:  # noqa: ASYNC110 - cards travel on the clock
        await asyncio.sleep(0.5)
    await browser.send("/nl/uitloggen")
