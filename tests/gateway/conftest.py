"""A gateway on a loopback port, with a real bureau's keys behind a simulated intake."""

import io
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from dropbox.gateway.settings import Settings, Tcp
from tests.gateway.bureau import NOW, Bureau, SimulatedIntake
from tests.gateway.threads import gateway_at
from tests.web.inspection import Page, assert_clean

BOUNDARY = "----dropbox-tests"

Part = tuple[str, str | bytes, str | None]  # name, value, file name


def encode_form(parts: list[Part], boundary: str = BOUNDARY) -> bytes:
    """Encode a form as browsers do: raw UTF-8 in file names, with quotation marks escaped."""
    body = b""
    for name, value, file in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        if file is not None:
            head += f'; filename="{file.replace(chr(34), "%22")}"\r\nContent-Type: application/octet-stream'
        data = value if isinstance(value, bytes) else value.encode()
        body += f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def form_type(boundary: str = BOUNDARY) -> dict[str, str]:
    """The header of such a form."""
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}


@dataclass
class Answer:
    """A page, parsed and found clean."""

    status: int
    html: str
    body: bytes
    headers: dict[str, str]
    page: Page


@dataclass
class World:
    """Everything that a test of the gateway talks to."""

    bureau: Bureau
    intake: SimulatedIntake
    base: str
    client: aiohttp.ClientSession
    now: list[int] = field(default_factory=lambda: [NOW])

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    async def get(self, path: str) -> Answer:
        async with self.client.get(self.base + path) as answer:
            return await self._answer(answer)

    async def post(self, path: str, parts: list[Part], **headers: str) -> Answer:
        return await self.post_raw(path, encode_form(parts), form_type() | headers)

    async def post_raw(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        async with self.client.post(self.base + path, data=io.BytesIO(body), headers=headers) as answer:
            return await self._answer(answer)

    async def _answer(self, answer: aiohttp.ClientResponse) -> Answer:
        body = await answer.read()
        html = body.decode()
        return Answer(answer.status, html, body, dict(answer.headers), assert_clean(html))

    async def report_form(self, path: str = "/en/report") -> dict[str, str]:
        """The fields of a fresh report form, as a browser would send them back."""
        fields = (await self.get(path)).page.fields
        return {name: value for name, value in fields.items() if name != "files"}


def parts_of(fields: dict[str, str]) -> list[Part]:
    return [(name, value, None) for name, value in fields.items()]


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("dropbox.gateway.bulletins.KEPT_SECONDS", 0)  # every look is a fetch: see test_bulletins
    bureau = Bureau()
    intake = SimulatedIntake(bureau)
    now = [NOW]
    settings = Settings(Path("/nowhere"), Tcp("127.0.0.1", 0), bureau.root.public, idle_seconds=2)
    with gateway_at(settings, lambda: now[0], os.urandom, intake) as base:
        async with aiohttp.ClientSession() as client:
            yield World(bureau, intake, base, client, now)
