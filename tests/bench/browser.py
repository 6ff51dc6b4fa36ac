"""Measures the browser's code in node, with and without a JIT compiler: `make bench-browser`.

Writes `var/bench/browser.json`. Each figure is the better of two runs: other work on the machine only adds. The network
is left out: what is measured is what the browser has to do before and after it.
"""

import base64
import gzip
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from dropbox.protocol import board, envelope, payload
from dropbox.protocol.board_head import BoardHead, append_signature
from dropbox.protocol.keys import Role
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Reply
from dropbox.protocol.thread import ReporterKeys
from tests.bench.place import VAR
from tests.browser_code.node import MODES, ROOT, Lines, build, running
from tests.gateway.bureau import NOW, PERIOD, Bureau

ENTROPY: Final = bytes(range(15))
FILE: Final = 500_000_000
RECORDS: Final = 2048
RUNS: Final = 2


def main() -> int:
    """Measure; return the exit status."""
    figures: dict[str, float] = {"bundle_bytes": _bundle()}
    with tempfile.TemporaryDirectory() as name:
        script = Path(name) / "lines.mjs"
        build("lines", str(script))
        for mode, flags in MODES.items():
            with running(script, flags) as lines:
                figures |= _measured(lines, "" if mode == "with_jit" else "_nojit")
    figures["memory_500mb_mb"] = max(figures["memory_500mb_mb"], figures.pop("memory_500mb_mb_nojit"))
    VAR.mkdir(parents=True, exist_ok=True)
    rounded = {key: round(value, 4) for key, value in figures.items()}
    (VAR / "browser.json").write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
    for key, value in rounded.items():
        sys.stdout.write(f"  {key:34} {value}\n")
    return 0


def _bundle() -> int:
    return len(gzip.compress((ROOT / "dropbox/gateway/static/browser.js").read_bytes(), 9, mtime=0))


def _measured(lines: Lines, suffix: str) -> dict[str, float]:
    bureau = Bureau()
    common = {
        "root": bureau.root.public.raw.hex(), "bulletin": _written(bureau.signed_bulletin()), "entropy": ENTROPY.hex(),
    }  # fmt: skip
    boards = common | {
        "board": _written(_board(bureau)), "board_keys": [bureau.signing[Role.BOARD].public.hex()], "now": NOW,
    }  # fmt: skip
    text = [_ask(lines, "bench/seal", common | {"bytes": 0})["seconds"] for _ in range(5 * RUNS)]
    found = [_ask(lines, "bench/find", boards) for _ in range(5 * RUNS)]
    if any(one["notes"] != 4 for one in found):
        raise AssertionError("the board does not give its four replies")
    sealed = [_ask(lines, "bench/seal", common | {"bytes": FILE}) for _ in range(RUNS)]
    return {
        f"text_s{suffix}": statistics.median(text),
        f"seal_mb_per_s{suffix}": FILE / 1e6 / min(one["seconds"] for one in sealed),
        f"find_replies_s{suffix}": statistics.median(one["seconds"] for one in found),
        f"memory_500mb_mb{suffix}": max(one["memory_mb"] for one in sealed),
        f"longest_without_progress_s{suffix}": max(one["silent_s"] for one in sealed),
    }


def _ask(lines: Lines, operation: str, given: object) -> Any:  # noqa: ANN401 -- what JSON holds
    output, refused = lines.ask(operation, given)
    if refused is not None:
        raise AssertionError(refused)
    return output


def _written(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode()}


def _board(bureau: Bureau) -> bytes:
    """A board of 2,048 records with four replies to this receipt."""
    reporter = ReporterKeys.derive(Receipt(ENTROPY), bureau.bulletin.instance)
    writer = envelope.EnvelopeWriter(bureau.bulletin, reporter.auth, os.urandom)
    begun = writer.begin(envelope.first_head(reporter, bureau.bulletin, bytes(16)), payload.Message("text"))
    bureau.open(b"".join([begun, *writer.finish()]))
    for number in range(4):
        bureau.reply(reporter.thread_id, Reply(f"Answer {number}: " + "we look into it. " * 20))
    head = BoardHead(
        bureau.bulletin.instance, bureau.recipient, os.urandom(16), bureau.day, NOW + PERIOD, NOW + 40 * 86_400,
        bureau.bulletin.hash, RECORDS,
    )  # fmt: skip
    unsigned = board.assemble(head, bureau.threads[reporter.thread_id].live, os.urandom)
    return append_signature(unsigned, bureau.signing[Role.BOARD].sign(unsigned))


if __name__ == "__main__":
    sys.exit(main())
