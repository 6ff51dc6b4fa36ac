"""The one page of result, as text for a terminal and as a page without anything from elsewhere.  Pure."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dropbox.auditor import texts
from dropbox.auditor.findings import UNSEEN, Finding
from dropbox.auditor.state import State
from dropbox.protocol.observation import Sighting

FINE: Final = 0
ALARM: Final = 1
NOT_AUDITED: Final = 2

_STYLE: Final = "body{font:1.1em/1.5 sans-serif;max-width:42em;margin:2em auto;padding:0 1em}.bad{border-left:.4em solid #b00;padding-left:1em}.good{border-left:.4em solid #070;padding-left:1em}"  # noqa: E501 -- one line, so that nothing is fetched


@dataclass(frozen=True)
class Result:
    """What a round came to.  `said` are good sentences, in the language of the page."""

    language: str
    day: int
    instance: bytes
    auditor: bytes
    findings: tuple[Finding, ...]
    sightings: tuple[Sighting, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The command's exit status."""
        if any(one.alarms for one in self.findings):
            return ALARM
        return NOT_AUDITED if any(one.code == UNSEEN for one in self.findings) else FINE

    @property
    def headline(self) -> str:
        """What it comes to, in one sentence."""
        headlines = {ALARM: "bad", NOT_AUDITED: "unfinished", FINE: "noted" if self.findings else "good"}
        return texts.word(headlines[self.status], self.language)


def of_state(state: State, today: int) -> tuple[Sighting, ...]:
    """What was seen on this day."""
    return tuple(one for one in state.sightings if one.day == today)


def _facts(result: Result) -> list[tuple[str, str]]:
    def word(code: str) -> str:
        return texts.word(code, result.language)

    facts = [(word("day"), texts.date(result.day)), (word("instance"), result.instance.hex())]
    facts.append((word("auditor"), result.auditor.hex()))
    counts = [
        texts.word(f"seen-{kind}s", result.language, count=len(names))
        for kind in ("page", "bulletin", "board")
        if (names := {one.name for one in result.sightings if one.kind == kind})
    ]
    return [*facts, *([(word("seen"), ", ".join(counts))] if counts else [])]


def _sentences(result: Result) -> list[str]:
    alarms = [one for one in result.findings if one.alarms]
    notices = [one for one in result.findings if not one.alarms]
    return [texts.finding(one, result.language) for one in (*alarms, *notices)]


def as_text(result: Result) -> str:
    """For a terminal."""
    lines: list[str] = [texts.word("title", result.language), "", result.headline, ""]
    lines += [f"- {sentence}" for sentence in _sentences(result)] + [f"+ {sentence}" for sentence in result.said]
    lines += [""] if len(lines) > 4 else []  # noqa: PLR2004 -- the title and the headline
    lines += [f"{name}: {value}" for name, value in _facts(result)]
    return "\n".join([*lines, "", texts.word("limits", result.language)])


def as_html(result: Result) -> str:
    """For a browser: no script, nothing fetched."""
    kind = "bad" if result.status else "good"

    def items(sentences: Sequence[str]) -> str:
        return "".join(f"<li>{html.escape(one)}</li>" for one in sentences)

    facts = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in _facts(result))
    title = html.escape(texts.word("title", result.language))
    return (
        f'<!doctype html>\n<html lang="{result.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f'<body><h1>{title}</h1><p class="{kind}"><strong>{html.escape(result.headline)}</strong></p>'
        f"<ul>{items([*_sentences(result), *result.said])}</ul><dl>{facts}</dl>"
        f"<p>{html.escape(texts.word('limits', result.language))}</p></body></html>\n"
    )
