"""Draws docs/performance.svg from the published figures: `python -m tests.bench.picture`."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from tests.bench.figures import PICTURE, PUBLISHED, number

OURS, SECUREDROP, GLOBALEAKS = "this drop-box", "SecureDrop 2.11", "GlobaLeaks 5.0.95"
_WIDTH: Final = 960
_LEFT: Final = 170  # where bars begin
_LONGEST: Final = 560
_BAR: Final = 20
_STEP: Final = 26
_LETTER: Final = 9  # pixels, at most
_PANEL: Final = 3 * _STEP + 52
_FOOT: Final = (
    "The broken line is the figure to reach. Others were measured on machines of the same kind; of a range the middle"
    " is drawn."
)
_STYLE: Final = """
    .page{fill:#ffffff}.h{font-weight:600;fill:#12303c}.n{fill:#334b54;font-size:14px}.v{fill:#12303c;font-size:14px}
    .ours{fill:#1d6f8a}.other{fill:#a9bac1}.goal{stroke:#b3541e;stroke-width:2;stroke-dasharray:4 3}
    .g{fill:#9a4517;font-size:12px}
    @media (prefers-color-scheme: dark){
      .page{fill:#0f1a1f}.h{fill:#e6f0f3}.n{fill:#b4c6cd}.v{fill:#e6f0f3}
      .ours{fill:#4fb3d1}.other{fill:#56686f}.goal{stroke:#f0a070}.g{fill:#f0a070}
    }
"""


@dataclass(frozen=True)
class Panel:
    """One comparison. Of others the middle of their range is drawn and the range written; `goal` is a line."""

    key: str
    title: str
    unit: str
    goal: float
    securedrop: tuple[float, str]
    globaleaks: tuple[float, str]
    scale: float = 1.0  # from the figure's unit to this one


PANELS: Final = (
    Panel(
        "cpu_ms_per_report",
        "Processor time for a first report of 1 KB, less is better",
        "ms",
        8,
        (52.5, "42-63 ms, and 3,400 ms once per source"),
        (63, "60-66 ms"),
    ),
    Panel(
        "reports_per_s",
        "Reports in a second, 16 at once, more is better",
        "",
        120,
        (25, "23-27, some lost"),
        (3, "3, a third to two thirds lost"),
    ),
    Panel("upload_mb_per_s", "A file of 100 MB, more is better", "MB/s", 100, (17, "10-24 MB/s"), (47.5, "45-50 MB/s")),
    Panel(
        "upload_memory_growth_mb",
        "Growth of memory for a large file, less is better",
        "MB for 1 GiB",
        16,
        (533, "533 MB for 490 MB"),
        (3, "3 MB for 100 MB"),
    ),
    Panel(
        "first_visit_bytes",
        "Bytes of a first visit, less is better",
        "KB",
        14,
        (84, "84 KB"),
        (2210, "2,210 KB"),
        1 / 1024,
    ),
    Panel(
        "read_replies_cpu_ms",
        "Processor time for reading ten answers, less is better",
        "ms",
        60,
        (750, "600-900 ms"),
        (1450, "1,450 ms for signing in alone"),
    ),
)


def draw(values: Mapping[str, float]) -> str:
    """Return the picture."""
    height = _PANEL * len(PANELS) + 44
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t d"',
        '  font-family="system-ui, sans-serif" font-size="16">',
        '  <title id="t">Measured figures beside those of two others</title>',
        f'  <desc id="d">{escape("; ".join(_in_words(panel, values[panel.key]) for panel in PANELS))}.</desc>',
        f"  <style>{_STYLE}  </style>",
        f'  <rect class="page" width="{_WIDTH}" height="{height}"/>',
    ]
    for place, panel in enumerate(PANELS):
        parts += _panel(panel, values[panel.key] * panel.scale, 24 + place * _PANEL)
    parts += [
        f'  <text class="g" x="24" y="{height - 18}">{_FOOT}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _in_words(panel: Panel, value: float) -> str:
    mine = f"{number(_short(value * panel.scale))} {panel.unit}".strip()
    return f"{panel.title}: {OURS} {mine}, {SECUREDROP} {panel.securedrop[1]}, {GLOBALEAKS} {panel.globaleaks[1]}"


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _panel(panel: Panel, value: float, top: int) -> list[str]:
    longest = max(value, panel.goal, panel.securedrop[0], panel.globaleaks[0])
    rows = (
        (OURS, "ours", value, f"{number(_short(value))} {panel.unit}".strip()),
        (SECUREDROP, "other", *panel.securedrop),
        (GLOBALEAKS, "other", *panel.globaleaks),
    )
    parts = [f'  <text class="h" x="24" y="{top + 12}">{escape(panel.title)}</text>']
    goal = round(_LONGEST * panel.goal / longest)
    for place, (name, style, length, words) in enumerate(rows):
        y, width = top + 28 + place * _STEP, max(2, round(_LONGEST * length / longest))
        crossed = width <= goal <= width + _LETTER * len(words)
        parts += [
            f'  <text class="n" x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{name}</text>',
            f'  <rect class="{style}" x="{_LEFT}" y="{y}" width="{width}" height="{_BAR}" rx="3"/>',
            f'  <text class="v" x="{_LEFT + (goal if crossed else width) + 8}" y="{y + 15}">{escape(words)}</text>',
        ]
    parts.append(f'  <path class="goal" d="M{_LEFT + goal} {top + 22}V{top + 28 + 3 * _STEP}"/>')
    return parts


def main() -> int:
    """Write the picture; return the exit status."""
    PICTURE.write_text(draw(json.loads(PUBLISHED.read_text(encoding="utf-8"))["figures"]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
