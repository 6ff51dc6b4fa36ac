"""Shows a handler which words of a card are the reporter's own. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from dropbox.bureau import gates

_TOKEN: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and whether it is to be marked."""

    text: str
    marked: bool


def mark_runs(text: str, runs: tuple[str, ...]) -> tuple[Piece, ...]:
    """Cut `text` so that every run of words that `gates` objects to stands in a marked piece; nothing is left out."""
    tokens = [(word, found.span()) for found in _TOKEN.finditer(text) for word in gates.words(found.group())]
    wanted = {tuple(run.split(" ")) for run in runs}
    hit: set[int] = set()
    for at in range(len(tokens)):
        for run in wanted:
            if tuple(word for word, _ in tokens[at : at + len(run)]) == run:
                hit.update(range(at, at + len(run)))
    return _pieces(text, _spans(hit, tokens))


def _spans(hit: set[int], tokens: list[tuple[str, tuple[int, int]]]) -> list[tuple[int, int]]:
    """Join neighbours, so that one mark runs from the first word to the last."""
    spans: list[tuple[int, int]] = []
    last = -2
    for at in sorted(hit):
        begin, end = tokens[at][1]
        if at == last + 1:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
        last = at
    return spans


def _pieces(text: str, spans: list[tuple[int, int]]) -> tuple[Piece, ...]:
    pieces, done = [], 0
    for begin, end in spans:
        pieces += [Piece(text[done:begin], marked=False), Piece(text[begin:end], marked=True)]
        done = end
    return tuple(piece for piece in (*pieces, Piece(text[done:], marked=False)) if piece.text)
