"""Which sentence a failure is, whoever's fault it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dropbox.native import texts
from dropbox.native.catalogue import Texts
from dropbox.native.errors import NativeError
from dropbox.protocol.errors import BadReceipt, OutsideDates, ProtocolError, TooLong
from dropbox.reporter.errors import (
    HostAway,
    HostFull,
    HostNotReady,
    HostRefused,
    OutcomeUnknown,
    TransportFailed,
    UploadLost,
    UploadTaken,
    VisitError,
)
from dropbox.torlink.errors import Fault, LinkError, TorlinkError

Failure = NativeError | ProtocolError | VisitError | TorlinkError
FAILURES: Final = (NativeError, ProtocolError, VisitError, TorlinkError)
DAY: Final = 86_400

_LINKS: Final[Mapping[Fault, str]] = MappingProxyType({
    Fault.TOR_DOWN: texts.TOR_DOWN,
    Fault.NOT_TOR: texts.NOT_TOR,
    Fault.NOT_FOUND: texts.NOT_FOUND,
    Fault.NOT_YET: texts.NOT_FOUND,
    Fault.EXPIRED: texts.EXPIRED,
})  # fmt: skip
_VISITS: Final[tuple[tuple[type[VisitError], str], ...]] = (
    (HostAway, texts.HOST_DOWN),
    (TransportFailed, texts.LINE_BROKE),
    (HostFull, texts.HOST_FULL),
    (HostNotReady, texts.NOT_READY),
    (UploadLost, texts.UPLOAD_LOST),
    (HostRefused, texts.REFUSED),
)
Doing = Mapping[type[VisitError], str]
ASKING: Final[Doing] = MappingProxyType({})
SENDING: Final[Doing] = MappingProxyType({
    OutcomeUnknown: texts.UNKNOWN_OUTCOME,
    TransportFailed: texts.SENDING_BROKE,
})  # fmt: skip
SEALED: Final[Doing] = MappingProxyType({
    OutcomeUnknown: texts.SEALED_UNKNOWN,
    TransportFailed: texts.SEALED_BROKE,
    HostFull: texts.SEALED_FULL,
    UploadLost: texts.UPLOAD_TAKEN_AGAIN,
    UploadTaken: texts.UPLOAD_TAKEN_AGAIN,
})  # fmt: skip
_RECEIPTS: Final = {
    "empty": texts.RECEIPT_EMPTY,
    "count": texts.RECEIPT_COUNT,
    "word": texts.RECEIPT_WORD,
    "digits": texts.RECEIPT_DIGITS,
    "checksum": texts.RECEIPT_CHECKSUM,
}


def day_words(language: Texts, day: int) -> str:
    """A day as people say it, in UTC like all days of the protocol."""
    date = dt.datetime.fromtimestamp(day * DAY, dt.UTC)
    return f"{date.day} {language.say(texts.MONTHS[date.month - 1])} {date.year}"


def time_words(language: Texts, moment: int) -> str:
    """A day and the time of it, in UTC."""
    date = dt.datetime.fromtimestamp(moment, dt.UTC)
    return f"{day_words(language, moment // DAY)}, {date.hour}:{date.minute:02} UTC"


def sentence(error: Failure, language: Texts, now: int, doing: Doing = ASKING) -> str:
    """What to tell a reporter of a failure, in full; `now` is this computer's clock, Unix seconds.

    `doing` says what else it means in the middle of something: whether that has arrived.
    """
    if isinstance(error, NativeError):
        return language.say(error.sentence, **error.values)
    if isinstance(error, TorlinkError):
        return language.say(_link(error))
    if isinstance(error, BadReceipt):
        return receipt_sentence(error, language)
    if isinstance(error, VisitError):
        return " ".join(map(language.say, _visit(error, doing)))
    if isinstance(error, OutsideDates):
        return language.say(texts.CHECK_CLOCK, today=time_words(language, now))
    return language.say(texts.TOO_LARGE if isinstance(error, TooLong) else texts.FORGED)


def receipt_sentence(error: BadReceipt, language: Texts) -> str:
    """What to look at on the paper."""
    if error.suggestions:
        near = ", ".join(error.suggestions)
        return language.say(texts.RECEIPT_WORD_NEAR, position=error.position, suggestions=near)
    values = {"count": {"found": error.found}, "word": {"position": error.position}}.get(error.fault, {})
    return language.say(_RECEIPTS[error.fault], **values)


def _visit(error: VisitError, doing: Doing) -> tuple[str, ...]:
    """The sentences: where the line failed what is wrong with it, then what that means for what was being sent."""
    meaning = tuple(words for kind, words in doing.items() if isinstance(error, kind))[:1]
    if (cause := _line(error)) is not None:
        return _link(cause), *meaning
    return meaning or (next((words for kind, words in _VISITS if isinstance(error, kind)), texts.REFUSED),)


def _line(error: BaseException) -> LinkError | None:
    cause = error.__cause__
    return cause if cause is None or isinstance(cause, LinkError) else _line(cause)


def _link(error: TorlinkError) -> str:
    return _LINKS.get(error.fault, texts.HOST_DOWN) if isinstance(error, LinkError) else texts.LINE_BROKE
