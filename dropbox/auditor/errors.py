"""Why an audit could not be made, by whose fault it is.  What it finds wrong at the host is no error: `findings`."""

from __future__ import annotations


class AuditError(Exception):
    """Ends the command.  `code` names the sentence (`texts.ERRORS`), `values` what stands in it."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values


class SettingsError(AuditError):
    """Ours: a setting or a file that cannot be used."""


class LineError(AuditError):
    """Nobody's, or the host's: it could not be reached, or its answer broke off."""
