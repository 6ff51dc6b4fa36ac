"""What intake refuses, and the fixed short answers to it: every code and status in one place."""

from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """What the answer `{"error": ...}` may say, and nothing else."""

    BAD_REQUEST = "bad_request"  # not a request of this interface
    BAD_CHUNK = "bad_chunk"  # not the next chunk, or not of the length that its place gives
    UNKNOWN_UPLOAD = "unknown_upload"  # never begun, deleted, or swept
    UNKNOWN_KEY = "unknown_key"  # nothing (any more) under this key
    CONFLICT = "conflict"  # other bytes already stand there
    TOO_LARGE = "too_large"  # more than this place takes
    BAD_SIZE = "bad_size"  # a size that is not on the ladder, or not what was stored
    BAD_VERSION = "bad_version"  # not an envelope of a version that we know
    BAD_DAY = "bad_day"  # a day outside the window, or a bulletin that we do not hold
    BAD_DOCUMENT = "bad_document"  # a bulletin or board that does not verify
    NOT_READY = "not_ready"  # nothing to serve yet, or the database is away for a moment
    TOO_MANY_UPLOADS = "too_many_uploads"  # as many unfinished uploads as we carry: try later
    FULL = "full"  # as much as we hold: try later; nothing accepted is lost


STATUS: Final[dict[Code, int]] = {
    Code.BAD_REQUEST: 400,
    Code.BAD_CHUNK: 400,
    Code.UNKNOWN_UPLOAD: 404,
    Code.UNKNOWN_KEY: 404,
    Code.CONFLICT: 409,
    Code.TOO_LARGE: 413,
    Code.BAD_SIZE: 422,
    Code.BAD_VERSION: 422,
    Code.BAD_DAY: 422,
    Code.BAD_DOCUMENT: 422,
    Code.NOT_READY: 503,
    Code.TOO_MANY_UPLOADS: 503,
    Code.FULL: 507,
}


class IntakeError(Exception):
    """Base of this package's exceptions."""


class Refusal(IntakeError):
    """The request is refused, nothing was changed. `code` is all that the other side is told."""

    def __init__(self, code: Code) -> None:
        """Keep the code."""
        super().__init__(code.value)
        self.code = code


class SettingsError(IntakeError):
    """The settings cannot be used; the text is a sentence for the operator."""


class AlreadyRunningError(IntakeError):
    """Another intake serves from this runtime folder."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("Another intake already serves from this runtime folder: stop it first.")
