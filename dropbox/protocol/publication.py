"""What the bureau tells everyone (docs/protocol.md, section 12): one signed, dated document, the same for all.

Without it nothing of the bureau reaches a page of the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropbox.protocol import documents, keys, labels, sizes
from dropbox.protocol.errors import OutsideDates, TooLong, WrongInstance, WrongSize

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLICATION_LIMIT = sizes.PUBLICATION_LADDER[-1]
MAX_NOTICES, NOTICE_TEXT = 20, 4000
MAX_FACTS, FACT_TEXT = 200, 2000
MAX_ADVISERS = 500
MAX_FIGURES = 500
LANGUAGE = 16
_FIELDS = (
    "advisers", "facts", "figures", "instance", "issued_day", "mailboxes_read_day", "notices", "pad", "sequence",
    "valid_until_day", "version",
)  # fmt: skip


@dataclass(frozen=True)
class NoticeText:
    """One notice in one language (BCP 47 tag)."""

    language: str
    text: str


@dataclass(frozen=True)
class Adviser:
    """A confidential adviser, as listed for all posts on one page."""

    name: str
    region: str
    languages: str
    contact: str


@dataclass(frozen=True)
class Publication:
    """Figures, advisers, facts and notices.  Days are UTC; ``mailboxes_read_day`` is when the bureau last read."""

    instance: bytes
    sequence: int
    issued_day: int
    valid_until_day: int
    mailboxes_read_day: int
    notices: tuple[NoticeText, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()  # sorted (name, value)
    figures: tuple[tuple[str, int], ...] = ()  # sorted (name, value), released by disclosure control only
    advisers: tuple[Adviser, ...] = ()

    def require_valid(self, today: int) -> None:
        """Raises ``OutsideDates`` for one that is no longer, or not yet, to be shown."""
        if not self.issued_day <= today + 1 or today > self.valid_until_day:
            raise OutsideDates("the publication is too old, or a clock is wrong")

    def to_body(self, pad: int) -> documents.Json:
        """What the publication key signs, with so many characters of padding."""
        return {
            "advisers": [
                {"contact": item.contact, "languages": item.languages, "name": item.name, "region": item.region}
                for item in self.advisers
            ],
            "facts": dict(self.facts),
            "figures": dict(self.figures),
            "instance": self.instance.hex(),
            "issued_day": self.issued_day,
            "mailboxes_read_day": self.mailboxes_read_day,
            "notices": [{"language": notice.language, "text": notice.text} for notice in self.notices],
            "pad": "0" * pad,
            "sequence": self.sequence,
            "valid_until_day": self.valid_until_day,
            "version": 1,
        }


def sign_publication(publication: Publication, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed bytes, padded to 16, 64 or 256 KiB.  Raises ``TooLong``."""
    bare = len(documents.sign_document("publication", publication.to_body(0), sign))
    for size in sizes.PUBLICATION_LADDER:
        if bare <= size:
            return documents.sign_document("publication", publication.to_body(size - bare), sign)
    raise TooLong("a publication has 256 KiB at most")


def verify_publication(data: bytes, publics: tuple[bytes, ...], instance: bytes) -> Publication:
    """A publication signed by one of the publication keys.  The days are the caller's to check."""
    if len(data) not in sizes.PUBLICATION_LADDER:
        raise WrongSize("a publication has a size that is not on its ladder")
    document = documents.read_document(data, "publication", limit=PUBLICATION_LIMIT)
    body = documents.fields(document.verify(publics, labels.SIGN_PUBLICATION), _FIELDS)
    documents.integer(body["version"], 1, 1)
    if documents.from_hex(body["instance"], sizes.INSTANCE) != instance:
        raise WrongInstance("a publication of another instance")
    if documents.text(body["pad"], PUBLICATION_LIMIT).strip("0"):
        raise WrongSize("padding that is not zeros")
    return _from_body(body, instance)


def _from_body(body: documents.Json, instance: bytes) -> Publication:
    def day(name: str) -> int:
        return documents.integer(body[name], 0, keys.MAX_DAY)

    facts = documents.fields(body["facts"], (), body["facts"] if isinstance(body["facts"], dict) else ())
    figures = documents.fields(body["figures"], (), body["figures"] if isinstance(body["figures"], dict) else ())
    if len(facts) > MAX_FACTS or len(figures) > MAX_FIGURES:
        raise TooLong("more facts or figures than a publication has")
    return Publication(
        instance=instance,
        sequence=documents.integer(body["sequence"]),
        issued_day=day("issued_day"),
        valid_until_day=day("valid_until_day"),
        mailboxes_read_day=day("mailboxes_read_day"),
        notices=tuple(_notice(item) for item in documents.items(body["notices"], MAX_NOTICES)),
        facts=tuple((name, documents.text(value, FACT_TEXT)) for name, value in sorted(facts.items())),
        figures=tuple((name, documents.integer(value)) for name, value in sorted(figures.items())),
        advisers=tuple(_adviser(item) for item in documents.items(body["advisers"], MAX_ADVISERS)),
    )


def _notice(value: object) -> NoticeText:
    entry = documents.fields(value, ("language", "text"))
    return NoticeText(documents.text(entry["language"], LANGUAGE), documents.text(entry["text"], NOTICE_TEXT))


def _adviser(value: object) -> Adviser:
    entry = documents.fields(value, ("contact", "languages", "name", "region"))
    return Adviser(
        name=documents.text(entry["name"], 200),
        region=documents.text(entry["region"], 100),
        languages=documents.text(entry["languages"], 200),
        contact=documents.text(entry["contact"], 300),
    )
