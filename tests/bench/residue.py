"""What is left of a visit in the memory of the host's processes: tests/residue, counted."""

import os
from collections.abc import Mapping
from typing import Final

from dropbox.protocol.reply import Reply
from dropbox.protocol.sizes import KIB, MIB
from tests.bench.place import at_rest, measured_host
from tests.gateway.conftest import Part
from tests.gateway.processes import until
from tests.residue.host import Host
from tests.residue.memory import copies
from tests.residue.test_residue import Line, all_held, answer, form, marker, receipt_needles, request, send

FILE_SIZE: Final = 20 * MIB


async def measure() -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures and what goes with them."""
    async with measured_host() as host:
        words, found_reporting, left_reporting = await _report(host)
        found_reading, left_reading = await _read(host, words)
    return {"residue_copies": left_reporting + left_reading}, {
        "copies_during_a_report": found_reporting,
        "copies_during_reading": found_reading,
    }


async def _report(host: Host) -> tuple[str, int, int]:
    """Report a text and a file with a mark in every 64 KiB; return the words, and the copies during and after."""
    text, file = marker(), marker()
    line = await host.gateway.connect()
    fields = await form(line)
    content = b"".join(file + os.urandom(64 * KIB - len(file)) for _ in range(FILE_SIZE // (64 * KIB)))
    parts: list[Part] = [(name, value, None) for name, value in (fields | {"text": text.decode()}).items()]
    whole = request("/en/report", [*parts, ("files", content, "evidence.bin")])
    needles = {"text": text, "file": file} | receipt_needles(fields["receipt"])
    await send(line, whole[:-1])
    found: dict[str, int] = {}

    def seen() -> bool:
        found.update(copies(host.gateway.serving(), needles))
        return all_held(found)

    await until(seen)  # the search finds everything that it looks for
    await send(line, whole[-1:])
    await answer(line)
    return fields["receipt"], sum(found.values()), await _left(host, line, needles)


async def _read(host: Host, words: str) -> tuple[int, int]:
    """Read an answer; return the copies of answer and words during and after."""
    (envelope,) = await host.envelopes()
    reply = marker()
    host.bureau.reply(host.bureau.open(envelope).head.thread_id, Reply(reply.decode()))
    await host.issue()
    line = await host.gateway.connect()
    await send(line, request("/en/read", [("receipt", words, None)]))
    assert reply.decode() in await answer(line)
    needles = {"reply": reply} | receipt_needles(words)
    found = copies(host.gateway.serving(), needles)
    assert found["reply"]
    return sum(found.values()), await _left(host, line, needles)


async def _left(host: Host, line: Line, needles: Mapping[str, bytes]) -> int:
    line[1].close()
    await at_rest(host)
    return sum(copies(host.processes(), needles).values())
