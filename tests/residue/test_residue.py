"""Plants secrets in a visit, finds them while it lasts, and finds none of them anywhere afterwards."""

import asyncio
import os
import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from dropbox.protocol.receipt import parse_receipt
from dropbox.protocol.reply import Reply
from dropbox.protocol.sizes import KIB, MIB
from tests.gateway.conftest import BOUNDARY, Part, encode_form
from tests.gateway.processes import lives, until
from tests.residue.host import Host, running_host
from tests.residue.memory import copies, swapped
from tests.system import traces
from tests.web.inspection import assert_clean

FILE_SIZE = 20 * MIB
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    with tempfile.TemporaryDirectory(prefix="re") as name:  # a short path: the kernel's limit for sockets
        async with running_host(Path(name)) as running:
            yield running


def marker() -> bytes:
    """Thirty-two bytes that stand nowhere else."""
    return secrets.token_hex(16).encode()


def receipt_needles(words: str) -> dict[str, bytes]:
    """The receipt as it may stand in memory: some of its words in order, its digits, its entropy."""
    receipt = parse_receipt(words)
    return {
        "receipt, words": " ".join(words.split()[:3]).encode(),
        "receipt, digits": receipt.digits().split()[0].encode() + b" " + receipt.digits().split()[1].encode(),
        "receipt, entropy": receipt.entropy,
    }


def all_held(found: Mapping[str, int]) -> bool:
    """Whether all that a process must hold while a form comes in was found; digits only stand in pages, which went."""
    return all(count for name, count in found.items() if name != "receipt, digits")


def request(path: str, parts: list[Part]) -> bytes:
    body = encode_form(parts)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send(line: Line, data: bytes) -> None:
    line[1].write(data)
    await line[1].drain()


async def answer(line: Line) -> str:
    head = (await line[0].readuntil(b"\r\n\r\n")).decode()
    assert head.startswith("HTTP/1.1 200 ")
    length = re.search(r"(?i)content-length: (\d+)", head)
    assert length
    return (await line[0].readexactly(int(length[1]))).decode()


async def form(line: Line) -> dict[str, str]:
    await send(line, b"GET /en/report HTTP/1.1\r\nHost: x\r\n\r\n")
    fields = assert_clean(await answer(line)).fields
    return {name: value for name, value in fields.items() if name != "files"}


def nowhere(host: Host, needles: Mapping[str, bytes], started: float) -> None:
    """No process, file, database, log, temporary folder or swap of the host holds any of the secrets."""
    assert copies(host.processes(), needles) == dict.fromkeys(needles, 0)
    assert swapped(host.processes()) == 0
    texts = [needle.decode() for needle in needles.values() if needle.isascii()]
    files = [*traces.below(host.folder), *traces.temporary_since(started)]
    assert host.folder / "intake.db" in files
    assert traces.search(files, texts) == {}
    raw = [needle for needle in needles.values() if not needle.isascii()]
    assert not [file for file in traces.below(host.folder) for needle in raw if needle in file.read_bytes()]


async def gone(host: Host, line: Line, before: set[int]) -> None:
    """Hang up, and wait until the process that served has ended."""
    line[1].close()
    await until(lambda: len(before - host.gateway.serving()) == 1 or not all(map(lives, before)))
    await until(lambda: len(host.gateway.serving()) == 3)


async def test_a_report_leaves_nothing_on_the_host(host: Host) -> None:
    started = time.time()
    text, file = marker(), marker()
    line = await host.gateway.connect()
    fields = await form(line)
    content = b"".join(file + os.urandom(64 * KIB - len(file)) for _ in range(FILE_SIZE // (64 * KIB))) + file
    parts: list[Part] = [(name, value, None) for name, value in (fields | {"text": text.decode()}).items()]
    whole = request("/en/report", [*parts, ("files", content, "evidence.bin")])
    needles = {"text": text, "file": file} | receipt_needles(fields["receipt"])
    await send(line, whole[:-1])

    def during() -> dict[str, int]:
        return copies(host.gateway.serving(), needles)

    await until(lambda: all_held(during()))  # the positive control: the search finds what must be there
    everybody_else = {host.intake, host.gateway.process.pid, host.gateway.mother}
    assert copies(everybody_else, needles) == dict.fromkeys(needles, 0)  # also while the visit lasts
    serving = host.gateway.serving()
    await send(line, whole[-1:])
    await answer(line)
    await gone(host, line, serving)
    nowhere(host, needles, started)
    (envelope,) = await host.envelopes()
    opened = host.bureau.open(envelope)
    assert opened.message.text == text.decode()
    assert opened.files == [("evidence.bin", content)]


async def test_a_report_that_is_cut_off_leaves_nothing_on_the_host(host: Host) -> None:
    started = time.time()
    text = marker()
    line = await host.gateway.connect()
    fields = await form(line)
    parts: list[Part] = [(name, value, None) for name, value in (fields | {"text": text.decode()}).items()]
    whole = request("/en/report", [*parts, ("files", text * (3 * MIB // len(text)), "evidence.bin")])
    needles = {"text": text} | receipt_needles(fields["receipt"])
    await send(line, whole[:-1])
    await until(lambda: all_held(copies(host.gateway.serving(), needles)))
    serving = host.gateway.serving()
    await gone(host, line, serving)
    nowhere(host, needles, started)
    assert await host.envelopes() == []


async def test_reading_the_answers_leaves_nothing_on_the_host(host: Host) -> None:
    started = time.time()
    line = await host.gateway.connect()
    fields = await form(line)
    parts: list[Part] = [(name, value, None) for name, value in (fields | {"text": "what I saw"}).items()]
    serving = host.gateway.serving()
    await send(line, request("/en/report", parts))
    await answer(line)
    await gone(host, line, serving)
    reply = marker()
    (envelope,) = await host.envelopes()
    host.bureau.reply(host.bureau.open(envelope).head.thread_id, Reply(reply.decode()))
    await host.issue()

    needles = {"reply": reply} | receipt_needles(fields["receipt"])
    line = await host.gateway.connect()
    serving = host.gateway.serving()
    whole = request("/en/read", [("receipt", fields["receipt"], None)])
    await send(line, whole[:-1])
    await until(lambda: copies(host.gateway.serving(), needles)["receipt, words"])  # the positive control
    await send(line, whole[-1:])
    assert reply.decode() in await answer(line)
    found = copies(host.gateway.serving(), needles)
    assert found["reply"]  # the positive control: the answer stands in the process that showed it
    assert copies({host.intake, host.gateway.process.pid, host.gateway.mother}, needles) == dict.fromkeys(needles, 0)
    await gone(host, line, serving)
    nowhere(host, needles, started)


def test_the_search_sees_what_stands_across_two_pieces() -> None:
    needle = marker()
    held = bytearray(b"x" * (9 * MIB))
    for at in range(1 * MIB - 16, 9 * MIB - 64, MIB // 2):
        held[at : at + len(needle)] = needle
    planted = bytes(held).count(needle)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    try:
        assert copies([pid], {"needle": needle})["needle"] >= planted
    finally:
        os.close(writer)
        os.close(reader)
        os.waitpid(pid, 0)
