"""Why an audit could not be made, by whose fault it is.  What it finds wrong at the host is no error: `findings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropbox.torlink.visitor import Answer


class AuditError(Exception):
    """Ends the command.  `code` names the sentence (`texts.ERRORS`), `values` what stands in it."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values
        self.status = 2  # the command's, unless something wrong was found before


class SettingsError(AuditError):
    """Ours: a setting or a file that cannot be used."""


class LineError(AuditError):
    """Nobody's, or the host's: it could not be reached, or its answer broke off; `cut_off` is what had come of it."""

    def __init__(self, code: str, cut_off: Answer | None = None) -> None:
        super().__init__(code)
        self.cut_off = cut_off
