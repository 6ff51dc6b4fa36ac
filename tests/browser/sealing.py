"""A gateway before a bureau in memory, on the real clock, and windows in which scripts run."""

import io
import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from dropbox.gateway.settings import Settings, Tcp
from tests.browser import chromium, firefox
from tests.browser.chromium import Chromium
from tests.browser.driver import Browser, wait_for
from tests.browser.firefox import Firefox
from tests.gateway.bureau import Bureau, SimulatedIntake
from tests.gateway.threads import gateway_at

LATE: Final = ("a part of this page did not come", "een deel van deze pagina kwam niet aan")
KINDS: Final = {"firefox": firefox.SCRIPTS, "firefox_safer": firefox.SAFER}


@dataclass
class World:
    """What a story with sealing in the browser talks to."""

    bureau: Bureau
    intake: SimulatedIntake
    base: str

    def settled(self, browser: Browser, path: str, line: str) -> None:
        """Open a page and wait until it has said where it is sealed or opened.

        On a busy machine the words that came with it may have shown before: then they stay, and it is opened again.
        """
        for _ in range(5):
            browser.open(self.base + path)
            wait_for("the place", lambda: any(one in browser.text() for one in (line, *LATE)))
            if line in browser.text():
                return
        message = "the script came too late five times"
        raise AssertionError(message)

    def requests(self) -> list[str]:
        """What intake was asked for, without the numbers of uploads."""
        return [f"{one.method} {one.path.split('/')[2]}" for one in self.intake.seen]


@contextmanager
def running_world() -> Iterator[World]:
    """Today's bureau, an intake in memory, a gateway on loopback: a secure context for browsers."""
    bureau = Bureau(int(time.time()))
    intake = SimulatedIntake(bureau)
    settings = Settings(Path("/nowhere"), Tcp("127.0.0.1", 0), bureau.root.public, idle_seconds=60)
    with gateway_at(settings, lambda: int(time.time()), os.urandom, intake) as base:
        yield World(bureau, intake, base)


@contextmanager
def window_of(kind: str, folder: Path) -> Iterator[Browser]:
    """A window of a browser in which the pages' own scripts run, and nothing that their policy forbids."""
    module = chromium if kind == "chromium" else firefox
    if not module.installed():
        pytest.skip(f"{kind} is not installed; make system-packages installs it")
    downloads = folder / "downloads"
    downloads.mkdir()
    with ExitStack() as stack:
        if kind == "chromium":
            window: Browser = Chromium(stack.enter_context(chromium.running()), downloads, scripts=True, policy=True)
            stack.callback(window.close)
        else:
            client = stack.enter_context(firefox.running(folder / "firefox", downloads, preferences=KINDS[kind]))
            window = Firefox(client, downloads)
        yield window


def jpeg(secret: bytes) -> bytes:
    """A picture with a secret in its EXIF, in a comment, and behind its end."""

    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"picture\xff\x00data\xff\xd0more"
    return b"".join((
        b"\xff\xd8", segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0"), segment(0xE1, b"Exif\0\0" + secret),
        segment(0xDB, bytes(65)), segment(0xFE, secret), scan, b"\xff\xd9", secret,
    ))  # fmt: skip


def png(secret: bytes) -> bytes:
    """The same, in text chunks."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    made = io.BytesIO()
    made.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)))
    made.write(chunk(b"tEXt", b"Author\0" + secret) + chunk(b"eXIf", secret))
    made.write(chunk(b"IDAT", zlib.compress(b"\0\7")) + chunk(b"IEND", b"") + secret)
    return made.getvalue()
