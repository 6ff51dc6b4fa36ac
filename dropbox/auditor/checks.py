"""What visits brought, held against what is signed, pinned and known from earlier.  Pure: bytes and a time go in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dropbox.auditor import comparing, holding, pages
from dropbox.auditor.findings import UNSEEN, Finding, found
from dropbox.auditor.published import Publics
from dropbox.auditor.state import State
from dropbox.auditor.visiting import HOSTS_DOING
from dropbox.protocol import sizes
from dropbox.protocol.cosignature import Quorum
from dropbox.protocol.errors import Malformed
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.observation import Observation, Sighting
from dropbox.protocol.receipt import fingerprint_words

if TYPE_CHECKING:
    from dropbox.auditor.visiting import SeenPage, Visit
    from dropbox.torlink.visitor import Answer

OK: Final = 200
_STEM: Final = 12  # digits of a file's SHA-256 that stand in its address

# The headers of every page (docs/threat-model.md): one that is missing takes a protection away, one more tells more.
_FIXED: Final = {
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_POLICY: Final = (
    "default-src 'none'; {}style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SCRIPTS: Final = "script-src 'self'; connect-src 'self'; "
_MORE: Final = frozenset({"vary", "content-length", "content-encoding", "connection"})


@dataclass(frozen=True)
class Pins:
    """What the auditor holds in its own hands.

    `words` are those of the leaflet.  `release` are the SHA-256s of a release's own files by role, where it was given.
    """

    words: tuple[str, ...]
    release: Mapping[str, bytes] = field(default_factory=dict)
    quorum: Quorum | None = None
    cosignatures: Sequence[bytes] = ()

    def accepts(self, root: bytes) -> bool:
        """Whether this root key is the one on the leaflet."""
        return fingerprint_words(RootPublicKey(root).fingerprint) == self.words


@dataclass(frozen=True)
class Judgement:
    """What was found, the state for the next time, and the bulletins that were verified, as signed."""

    findings: tuple[Finding, ...]
    state: State
    bulletins: Mapping[tuple[int, int], bytes]


def judge(visits: Iterable[Visit], state: State, pins: Pins, now: int) -> Judgement:
    """Everything that these visits show, also those that broke off."""
    today, visits, before = now // sizes.DAY, tuple(visits), state
    findings: list[Finding] = []
    sightings: list[Sighting] = []
    for visit in visits:
        findings += _broken(visit)
        for seen in visit.pages:
            findings += _page(seen, visit)
            if seen.fetched.status == OK and seen.whole:
                sightings.append(Sighting(today, "page", seen.path, seen.page.shape))
        findings += _files(visit, pins.release)
        sightings += _file_sightings(visit, today)
    root, of_root = _root(visits, state, pins)
    findings += of_root
    bulletins: dict[tuple[int, int], bytes] = {}
    state = state if root is None else replace(state, root=root.raw)
    for visit in visits:
        signed: Mapping[str, bytes] = {}
        if root is not None:
            publics = Publics(root, state, now, pins.quorum, pins.cosignatures)
            publics.look(visit)
            findings += publics.findings
            sightings += publics.sightings
            bulletins |= publics.bulletins
            state, signed = publics.state, publics.signed
        state, settled = holding.hold(state, visit, signed, today)
        findings += settled
    findings += holding.not_settled(before, state)
    state = state.with_sightings(sightings, today, sure=bool(bulletins))
    findings += _contradictions(state, today)
    judged = _each_once(findings)
    return Judgement(judged, state.with_alarms((one.code for one in judged if one.observed), today), bulletins)


def _broken(visit: Visit) -> list[Finding]:
    """That part of a visit was not seen, and whether the host did it."""
    if visit.ended:
        return []
    alarm = [found(f"answer-{visit.fault}", place=visit.place)] if visit.fault in HOSTS_DOING else []
    return [*alarm, found(UNSEEN, place=visit.place, fault=visit.fault)]


def _contradictions(state: State, today: int) -> list[Finding]:
    """What this auditor alone saw two views of."""
    day = max([today, *(one.day for one in state.sightings)])
    own = Observation(bytes(sizes.INSTANCE), bytes(sizes.ED25519_PUBLIC), day, state.sightings)
    return [found(one.code, name=one.name) for one in comparing.compare([own]) if one.code.startswith("views-")]


def _each_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple({(one.code, str(sorted(one.values.items()))): one for one in findings}.values())


def _root(visits: Sequence[Visit], state: State, pins: Pins) -> tuple[RootPublicKey | None, list[Finding]]:
    """The key on which everything hangs: the one that a page names, if it is the leaflet's."""
    named = [seen.page.root for visit in visits for seen in visit.pages if seen.page.seals]
    findings = []
    right: RootPublicKey | None = RootPublicKey(state.root) if state.root and pins.accepts(state.root) else None
    for digits in named:
        try:
            root = RootPublicKey.from_hex(digits)
        except Malformed:
            findings.append(found("root-other"))
            continue
        if pins.accepts(root.raw):
            right = root
        else:
            findings.append(found("root-other"))
    return right, findings


# ------------------------------------------------------------------------------------------------------------- pages


def _page(seen: SeenPage, visit: Visit) -> list[Finding]:
    page, path = seen.page, seen.path
    if seen.fetched.status != OK:
        return [found("page-missing", page=path, status=seen.fetched.status)]
    foreign = page.foreign or (seen.whole and not page.stylesheet)
    findings = [found("page-foreign", page=path)] if foreign else []
    if not _headers_hold(seen):
        findings.append(found("page-headers", page=path))
    if page.notices and path not in pages.START.values():  # there they are held against the publication
        findings.append(found("notices-other", page=path))
    script = visit.files.get(page.script)
    if page.script and script is not None and _integrity(script.body) != page.integrity:
        findings.append(found("integrity", page=path))
    return findings


def _headers_hold(seen: SeenPage) -> bool:
    headers = seen.fetched.headers
    if headers.get("content-encoding", "gzip") != "gzip":  # browsers unpack more than an auditor asks for
        return False
    if any(headers.get(name, "").casefold() != value for name, value in _FIXED.items()):
        return False
    policies = {_POLICY.format(_SCRIPTS if seen.page.seals else "")}
    if not seen.whole:  # whether it would have sealed, only its end would tell
        policies.add(_POLICY.format(_SCRIPTS))
    return headers.get("content-security-policy") in policies and headers.keys() <= {
        *_FIXED, *_MORE, "content-security-policy",
    }  # fmt: skip


def _integrity(body: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(body).digest()).decode()}"


def _roles(visit: Visit) -> Iterable[tuple[str, str, Answer]]:
    """(role, address, answer) of each file that a visit fetched."""
    patterns = {"script": pages.SCRIPT, "stylesheet": pages.STYLESHEET, "words": pages.WORDS}
    for path, answer in visit.files.items():
        for role, pattern in patterns.items():
            if pattern.fullmatch(path):
                yield role, path, answer


def _files(visit: Visit, release: Mapping[str, bytes]) -> list[Finding]:
    findings = []
    for role, path, answer in _roles(visit):
        if answer.status != OK:
            findings.append(found("file-missing", file=role, status=answer.status))
            continue
        digest = hashlib.sha256(answer.body).digest()
        if f"-{digest.hex()[:_STEM]}." not in path:
            findings.append(found("file-name", file=role))
        if role in release and digest != release[role]:
            findings.append(found("release-other", file=role))
    return findings


def _file_sightings(visit: Visit, today: int) -> list[Sighting]:
    return [
        Sighting(today, "file", role, hashlib.sha256(answer.body).digest())
        for role, _, answer in _roles(visit)
        if answer.status == OK
    ]
