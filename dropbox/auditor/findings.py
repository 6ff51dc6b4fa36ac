"""What can be found wrong at a host, each by a code.  `texts.FINDINGS` says what each means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

NOTICES: Final = frozenset({"board-bulletin", "board-late", "publication-missing", "canary-waiting"})
"""Worth saying, and no reason to warn reporters."""


@dataclass(frozen=True)
class Finding:
    """Something found.  `values` stand in its sentence: days and addresses of ours, never bytes of the host's."""

    code: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def alarms(self) -> bool:
        """Whether reporters are better warned."""
        return self.code not in NOTICES


def found(code: str, **values: object) -> Finding:
    """One finding."""
    return Finding(code, values)
