"""Pages that were drawn before anybody asked: between two visits only a few values in them differ.

A template takes hundreds of functions, and each that is used first after a fork costs a copied page of memory.
"""

import html
import re
from collections.abc import Callable, Hashable, Mapping

_PLACE = re.compile("\ue000(\\w+)\ue001")  # characters for private use, which no template or catalogue has


def place(name: str) -> str:
    """Return what stands in a prepared page where the value of `name` will be; a template may escape it."""
    return f"\ue000{name}\ue001"


class PreparedPages:
    """Pages by what they are; each is drawn once, in a process that forks before anybody visits."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pages: dict[Hashable, tuple[str, tuple[str, ...]]] = {}

    def fill(self, kind: Hashable, draw: Callable[[], str], values: Mapping[str, object]) -> str:
        """Return the page of this kind with `values`, escaped, in their places; `draw` makes it with places."""
        if kind not in self._pages:
            parts = _PLACE.split(draw().replace("%", "%%"))
            self._pages[kind] = "%s".join(parts[::2]), tuple(parts[1::2])
        page, names = self._pages[kind]  # one long string: each of many would lie on a page of memory of its own
        return page % tuple(html.escape(str(values[name])) for name in names)
