"""Measures what a visit costs over an onion service: `make bench-onion`, or `python -m tests.bench.onion`.

On a private Tor network on this machine: the ratios say what our server adds, the times say nothing about the public
network. Writes `var/bench/onion.json`, the figures, and `onion-further.json`, what goes with them.
"""

import asyncio
import json
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.demo.tornet.network import PrivateNetwork, private_network
from tests.bench.environment import environment
from tests.bench.first_visit import styles_of
from tests.bench.onion_flood import Flood, flood
from tests.bench.over_tor import BARE, PAGE, OnionHost, onion_host
from tests.bench.place import VAR
from tests.bench.visitor import REPORT, Answer, ReportForm

TEXT: Final = "x" * 1024
CIRCUITS: Final = 20
PAGES: Final = 8  # on each circuit, of either server
FILE: Final = 50_000_000
LINE: Final = 5_000_000  # bytes a second
TRANSFERS: Final = 3
HOSTILE: Final = 1000
_PIECE: Final = 1 << 20

Found = tuple[dict[str, float], dict[str, float]]


def visit(host: OnionHost) -> Found:
    """Come to the first page, go to the form, send 1 KB, get the receipt: on one connection, as a browser does."""
    with host.visitor("visit") as visitor:
        start = visitor.get("/")
        for style in styles_of(start):
            visitor.get(style, "same-origin")
        page = visitor.get(REPORT, "same-origin")
        fields = ReportForm(page.body).filled(page.body, TEXT)
        answer = visitor.post(REPORT, fields | {"files": ""})
        _insist(answer, fields["receipt"])
        counted = visitor.counted
    return {"visit_to_receipt_bytes": counted.bytes, "visit_to_receipt_round_trips": counted.round_trips}, {}


def server_time(host: OnionHost) -> Found:
    """Load our page and the same bytes from the bare server, each on a new stream of the same circuit.

    In a random order: what either leaves to be done after a visit falls into the next of either.
    """
    order = random.Random(1)
    ours: list[float] = []
    bare: list[float] = []
    kept_ours: list[float] = []
    kept_bare: list[float] = []
    for number in range(CIRCUITS):
        for _ in range(PAGES):
            both = [(80, ours, kept_ours), (BARE, bare, kept_bare)]
            order.shuffle(both)
            for port, whole, kept in both:
                began = time.monotonic()
                with host.visitor(f"time {number}", port) as visitor:
                    assert visitor.get(PAGE).status == 200
                    whole.append(time.monotonic() - began)
                    again = time.monotonic()
                    assert visitor.get(PAGE).status == 200
                    kept.append(time.monotonic() - again)
    middle = [statistics.median(times) * 1000 for times in (ours, bare, kept_ours, kept_bare)]
    return {"server_time_ratio": middle[0] / middle[1]}, {
        "page_ms": middle[0], "bare_page_ms": middle[1], "page_on_open_stream_ms": middle[2],
        "bare_page_on_open_stream_ms": middle[3],
    }  # fmt: skip


def upload(host: OnionHost) -> Found:
    """Send a file of 50 MB to the gateway, and the same bytes to the bare server over the same circuit, in turns."""
    ours, raw = _rates(host)
    return {"upload_ratio": ours / raw}, {"upload_mb_per_s": ours, "raw_mb_per_s": raw}


def paced_upload(host: OnionHost) -> Found:
    """The same from somebody whose own line has 40 Mbit/s: then the processors have time for everybody."""
    ours, raw = _rates(host, LINE)
    return {}, {"paced_upload_ratio": ours / raw, "paced_raw_mb_per_s": raw}


def _rates(host: OnionHost, line: float = math.inf) -> tuple[float, float]:
    """Megabytes a second of ours and of the bare server, for a visitor who can send `line` bytes a second."""
    rates: dict[int, list[float]] = {80: [], BARE: []}
    with host.visitor("upload") as visitor:
        page = visitor.get(REPORT).body
    form = ReportForm(page)
    for _ in range(TRANSFERS):
        for port, found in rates.items():
            with host.visitor("upload") as visitor:
                fields = form.filled(visitor.get(REPORT).body, TEXT)
            with host.visitor("upload", port) as visitor:
                began = time.monotonic()
                answer = visitor.post_file(REPORT, fields, _noise(line), FILE)
                found.append(FILE / 1e6 / (time.monotonic() - began))
                _insist(answer, fields["receipt"] if port != BARE else "")
    return statistics.median(rates[80]), statistics.median(rates[BARE])


def _noise(line: float) -> Iterator[bytes]:
    """Bytes that look like nothing, in pieces; all but the first wait for a line of so many bytes a second."""
    began = time.monotonic()
    block = Path("/dev/urandom").open("rb").read(_PIECE)  # noqa: SIM115 - ends with the process
    for start in range(0, FILE, _PIECE):
        time.sleep(max(0.0, began + start / line - time.monotonic()))
        yield block[: min(_PIECE, FILE - start)]


def _insist(answer: Answer, receipt: str) -> None:
    assert answer.status == 200
    assert all(word.encode() in answer.body for word in receipt.split())


async def measure(network: PrivateNetwork, hostile: int = HOSTILE) -> Found:
    """Return the figures and what goes with them."""
    figures: dict[str, float] = {}
    further: dict[str, float] = {}
    async with onion_host(network) as host:
        for step in (visit, server_time, upload, paced_upload):
            began = time.monotonic()
            found, more = await asyncio.to_thread(step, host)
            _say(step.__name__, found | more, time.monotonic() - began)
            figures |= found
            further |= more
    async with onion_host(network) as host:
        began = time.monotonic()
        outcome: Flood = await flood(host, hostile)
        found, more = outcome.figures()
        _say("flood", found | more, time.monotonic() - began)
    return figures | found, further | more


def _say(name: str, values: dict[str, float], seconds: float) -> None:
    for key, value in values.items():
        sys.stdout.write(f"  {key:34} {rounded(value)}\n")
    sys.stdout.write(f"{name}: {seconds:.0f} s\n")
    sys.stdout.flush()


def rounded(value: float) -> float:
    """As many digits as mean something."""
    return value if isinstance(value, int) else float(f"{value:.4g}")


def main() -> int:
    """Measure; return the exit status."""
    VAR.mkdir(parents=True, exist_ok=True)
    where = environment()  # now: the working tree may change meanwhile
    with tempfile.TemporaryDirectory(prefix="bench-onion-") as place, private_network(Path(place), _line) as network:
        figures, further = asyncio.run(measure(network))
        further["load_per_core"] = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    for name, values in (("onion", figures), ("onion-further", further)):
        written = {key: rounded(value) for key, value in values.items()}
        (VAR / f"{name}.json").write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    (VAR / "onion-environment.json").write_text(json.dumps(where, indent=2) + "\n", encoding="utf-8")
    return 0


def _line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
