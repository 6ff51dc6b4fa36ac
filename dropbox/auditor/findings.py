"""What can be found wrong at a host, each by a code.  `texts.FINDINGS` says what each means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

UNSEEN: Final = "visit-broken"
"""Part of what was to be looked at did not come."""

NOTICES: Final = frozenset({
    "board-bulletin", "board-keys", "board-late", "bundle-new", "canary-waiting", "chain-anew", "notices-new",
    "publication-missing", UNSEEN,
})  # fmt: skip
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

    @property
    def observed(self) -> bool:
        """Whether it stands in what others get.  Of a line that broke nothing does: a host that breaks the line of one
        visitor on purpose would find there which auditor that was.
        """
        return self.alarms and self.code != "canary-line"


def found(code: str, **values: object) -> Finding:
    """One finding."""
    return Finding(code, values)
