"""Pages that were drawn before anybody asked: between two visits only a few values in them differ.

A template takes hundreds of functions, and each that is used first after a fork costs a copied page of memory.
"""

import html
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from dropbox.web.assets import compress

_PLACE = re.compile("\ue000(\\w+)\ue001")  # characters for private use, which no template or catalogue has


def place(name: str) -> str:
    """Return what stands in a prepared page where the value of `name` will be; a template may escape it."""
    return f"\ue000{name}\ue001"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page that is the same for everybody, as it is and compressed."""

    plain: bytes
    compressed: bytes


class PreparedPages:
    """Pages by what they are; each is drawn once, in a process that forks before anybody visits."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pages: dict[Hashable, tuple[str, tuple[str, ...]]] = {}
        self._same: dict[Hashable, tuple[Hashable, Drawn]] = {}

    def same(self, kind: Hashable, draw: Callable[[], str], facts: Hashable = ()) -> Drawn:
        """Return the page of this kind, in which nothing is anybody's; `draw` makes it anew when `facts` are others."""
        known = self._same.get(kind)
        if known is None or known[0] != facts:
            plain = draw().encode()
            known = self._same[kind] = facts, Drawn(plain, compress(plain))
        return known[1]

    def fill(self, kind: Hashable, draw: Callable[[], str], values: Mapping[str, object]) -> str:
        """Return the page of this kind with `values`, escaped, in their places; `draw` makes it with places."""
        if kind not in self._pages:
            parts = _PLACE.split(draw().replace("%", "%%"))
            self._pages[kind] = "%s".join(parts[::2]), tuple(parts[1::2])
        page, names = self._pages[kind]  # one long string: each of many would lie on a page of memory of its own
        return page % tuple(html.escape(str(values[name])) for name in names)
