"""What an auditor says.  The sentences stand in `sentences.toml`, in Dutch and in English."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

from dropbox.auditor.errors import AuditError
from dropbox.auditor.findings import Finding

LANGUAGES: Final = ("nl", "en")
SENTENCES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = tomllib.loads(
    (resources.files("dropbox.auditor") / "sentences.toml").read_text(encoding="utf-8")
)
"""By table (`findings`, `errors`, `words`), code and language."""

_DAYS: Final = frozenset({"served", "today", "seen", "issued", "sent"})


def date(day: int) -> str:
    """A day as people write it to one another across languages."""
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()


def say(table: str, code: str, language: str, values: Mapping[str, object] = MappingProxyType({})) -> str:
    """A sentence in a language; days stand in it as dates."""
    shown = {name: date(value) if name in _DAYS and isinstance(value, int) else value for name, value in values.items()}
    return SENTENCES[table][code][language].format(**shown)


def finding(one: Finding, language: str) -> str:
    """What was found; why a visit broke off is said in the sentence of that fault."""
    values = {**one.values}
    if "fault" in values:
        values["fault"] = say("errors", str(values["fault"]), language)
    return say("findings", one.code, language, values)


def error(one: AuditError, language: str) -> str:
    """Why nothing could be audited."""
    return say("errors", one.code, language, one.values)


def word(code: str, language: str, **values: object) -> str:
    """A word or sentence of the page of result."""
    return say("words", code, language, values)
