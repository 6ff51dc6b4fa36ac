"""`dropbox-audit`: make a key, look once, watch, cosign, send canaries, compare observations."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from dropbox.auditor import canaries, checks, comparing, files, looking, result, texts, witnessing
from dropbox.auditor.checks import Judgement, Pins
from dropbox.auditor.errors import AuditError, LineError, SettingsError
from dropbox.auditor.findings import Finding, found
from dropbox.auditor.keys import AuditorKey
from dropbox.auditor.looking import Feet
from dropbox.auditor.result import Result
from dropbox.auditor.settings import Settings, load
from dropbox.auditor.state import State
from dropbox.auditor.visiting import Visit
from dropbox.auditor.watching import canary_moment, next_gap
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import verify_stored_bulletin
from dropbox.protocol.cosignature import Cosignature, verify_cosignature
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.observation import Observation, sign_observation, verify_observation

OBSERVATIONS: Final = "observations"
COSIGNED: Final = "cosigned"
_HEX_KEY: Final = 64
_MOST_VISITS: Final = 24


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.  The exit status is 0 when nothing is wrong, 1 when reporters should be warned, 2 when nothing
    could be audited, with a sentence on standard error.
    """
    arguments = _parser().parse_args(argv)
    os.umask(0o077)
    language = arguments.language  # as long as the settings do not tell, both are spoken
    try:
        if arguments.config is None:
            return _key(arguments, language or "nl")
        settings = load(arguments.config)
        settings = replace(settings, language=arguments.language or settings.language)
        language = settings.language
        run: Callable[[argparse.Namespace, Settings], int] = arguments.run
        return run(arguments, settings)
    except AuditError as error:
        for spoken in [language] if language else texts.LANGUAGES:
            print(f"dropbox-audit: {texts.error(error, spoken)}", file=sys.stderr)
        return result.NOT_AUDITED
    except KeyboardInterrupt:
        return result.NOT_AUDITED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dropbox-audit", description="Looks at a drop-box as a reporter would.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    key = commands.add_parser("key", help="make this auditor's own key")
    key.set_defaults(config=None)
    key.add_argument("--out", type=Path, required=True, metavar="FILE")
    looking_at = commands.add_parser("look", help="visit now, all pages in all languages, and say what is wrong")
    looking_at.set_defaults(run=_look)
    watch = commands.add_parser("watch", help="visit at random times until told to stop; says what is wrong at once")
    watch.set_defaults(run=_watch)
    watch.add_argument("--visits", type=int, default=4, metavar="N", help="a day on average (4)")
    watch.add_argument("--canary", action="store_true", help="and send a canary once a day")
    watch.add_argument("--rounds", type=int, default=0, metavar="N", help="stop after so many")
    witness = commands.add_parser("witness", help="visit, and cosign the keys of the day")
    witness.set_defaults(run=_witness)
    canary = commands.add_parser("canary", help="read the answer to the last canary, and send one once a day")
    canary.set_defaults(run=_canary)
    merge = commands.add_parser("merge", help="compare observations of several auditors")
    merge.set_defaults(run=_merge)
    merge.add_argument("files", type=Path, nargs="+", metavar="FILE")
    merge.add_argument("--auditor", action="append", default=[], metavar="KEY", help="whose observations count")
    for command in (looking_at, watch, witness, canary):
        command.add_argument("--hurried", action="store_true", help="without pauses, which the host can notice")
    for command in (looking_at, canary, merge):
        command.add_argument("--html", type=Path, metavar="FILE", help="write the result as a page too")
    for command in (looking_at, watch, witness, canary, merge):
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
    for command in (key, looking_at, watch, witness, canary, merge):
        command.add_argument("--language", choices=texts.LANGUAGES, help="of the result")
    return parser


def _now() -> int:
    return int(time.time())


def _feet(arguments: argparse.Namespace) -> Feet:
    return Feet(os.urandom, hurried=arguments.hurried)


def _key(arguments: argparse.Namespace, language: str) -> int:
    key = AuditorKey.generate(os.urandom)
    files.make_key(arguments.out, key)
    print(texts.word("key-made", language))
    print(key.public.hex())
    return result.FINE


# ------------------------------------------------------------------------------------------------------------- looking


def _pins(settings: Settings) -> Pins:
    release = files.release_hashes(settings.release) if settings.release else {}
    return Pins(settings.fingerprint, release, settings.quorum(), _cosignatures(settings))


def _cosignatures(settings: Settings) -> tuple[bytes, ...]:
    if settings.cosignatures is None:
        return ()
    found_files = sorted(settings.cosignatures.glob("*.json"))
    return tuple(files.read(path) for path in found_files)


def _state(settings: Settings, pins: Pins) -> State:
    state = files.load_state(settings.folder)
    if state.root and not pins.accepts(state.root):
        raise SettingsError("fingerprint-other")
    return state


class _Session:
    """One command's work: settings, pins, key, and the state that it goes on from."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.pins = settings, _pins(settings)
        self.key = files.load_key(settings.key)
        self.state = _state(settings, self.pins)
        self.findings: tuple[Finding, ...] = ()

    def take(self, visits: Iterable[Visit], more: Iterable[Finding] = ()) -> Judgement:
        """Judge visits, and keep what the next ones are compared with."""
        judged = checks.judge(visits, self.state, self.pins, _now())
        self.state = judged.state
        self.findings = (*judged.findings, *more)
        files.save(self.settings.folder, self.state, judged.bulletins)
        return judged

    def root(self) -> RootPublicKey:
        """The key of the leaflet, once a page has named it.  Raises AuditError."""
        if not self.state.root:
            raise AuditError("no-root")
        return RootPublicKey(self.state.root)

    def observe(self) -> Path | None:
        """Write the signed observation; None where nothing of the instance is known yet."""
        if not self.state.root:
            return None
        codes = tuple(sorted({one.code for one in self.findings if one.alarms}))
        today = _now() // sizes.DAY
        day = max([today, *(one.day for one in self.state.sightings)])
        made = Observation(self.root().instance, self.key.public, day, self.state.sightings, codes)
        path = self.settings.folder / OBSERVATIONS / f"{texts.date(day)}-{self.key.public.hex()[:8]}.json"
        files.write(path, sign_observation(made, self.key.sign), mode=0o644)
        return path

    def result(self, said: Sequence[str] = ()) -> Result:
        """The page of result."""
        instance = self.root().instance if self.state.root else b""
        today, language = _now() // sizes.DAY, self.settings.language
        seen = result.of_state(self.state, today)
        return Result(language, today, instance, self.key.public, self.findings, seen, tuple(said))


def _show(made: Result, page: Path | None, written: Path | None = None) -> int:
    print(result.as_text(made))
    if written is not None:
        print(f"{texts.word('observation', made.language)}: {written}")
    if page is not None:
        files.write(page, result.as_html(made).encode(), mode=0o644)
    return made.status


def _look(arguments: argparse.Namespace, settings: Settings) -> int:
    session = _Session(settings)
    session.take(asyncio.run(looking.look(settings, _feet(arguments))))
    written = session.observe()
    return _show(session.result(), arguments.html, written)


def _watch(arguments: argparse.Namespace, settings: Settings) -> int:
    visits = max(1, min(arguments.visits, _MOST_VISITS))
    return asyncio.run(_watching(_Session(settings), arguments, visits))


async def _watching(session: _Session, arguments: argparse.Namespace, visits: int) -> int:
    feet, status, rounds, audited = _feet(arguments), result.FINE, 0, False
    due = _canary_due(session, feet) if arguments.canary else None
    while True:
        try:
            if due is not None and due <= _now() and session.state.root:
                await _canary_round(session, feet)
            else:
                session.take([await looking.visit(session.settings, looking.drawn(os.urandom), feet)])
        except LineError as error:
            print(f"dropbox-audit: {texts.error(error, session.settings.language)}", file=sys.stderr, flush=True)
        else:
            session.observe()
            made = session.result()
            if made.findings:
                print(result.as_text(made), flush=True)
            status, audited = max(status, made.status), True
        rounds += 1
        if rounds == arguments.rounds:
            return status if audited else result.NOT_AUDITED
        gap = next_gap(visits, os.urandom)
        if due is not None:
            due = due if due > _now() else _canary_due(session, feet)
            gap = min(gap, due - _now()) if due > _now() else gap
        await feet.rest(gap, gap)


def _canary_due(session: _Session, feet: Feet) -> int:
    """When the next canary is sent, in Unix seconds; drawn again where none could be sent."""
    today = _now() // sizes.DAY
    if session.state.canary_day == today:
        return canary_moment(today + 1, _now(), feet.random)
    return _now() if feet.hurried else canary_moment(today, _now(), feet.random)


# ------------------------------------------------------------------------------------------- witnesses and canaries


def _witness(arguments: argparse.Namespace, settings: Settings) -> int:
    session = _Session(settings)
    itinerary = looking.shuffled(looking.READERS, os.urandom)[0]
    judged = session.take([asyncio.run(looking.visit(settings, itinerary, _feet(arguments)))])
    session.observe()
    if not judged.bulletins or any(one.alarms for one in session.findings):
        if session.findings:
            return max(_show(session.result(), None), result.ALARM)
        raise AuditError("no-bulletin")
    folder = settings.folder / COSIGNED
    (body,) = judged.bulletins.values()
    bulletin = verify_stored_bulletin(body, session.root())
    made = witnessing.cosign(bulletin, session.key, _own(folder), _now() // sizes.DAY)
    path = folder / f"{bulletin.day}-{bulletin.revision}-{session.key.public.hex()[:8]}.json"
    files.write(path, made, mode=0o644)
    status = _show(session.result(), None)
    print(f"{texts.word('cosigned', settings.language)}: {path}")
    return status


def _own(folder: Path) -> list[Cosignature]:
    made = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(ProtocolError):
            made.append(verify_cosignature(files.read(path)))
    return made


def _canary(arguments: argparse.Namespace, settings: Settings) -> int:
    session = _Session(settings)
    said = asyncio.run(_first_canary(session, _feet(arguments)))
    written = session.observe()
    return _show(session.result(said), arguments.html, written)


async def _first_canary(session: _Session, feet: Feet) -> list[str]:
    if not session.state.root:  # nothing is sealed to a key that no page has named yet
        session.take([await looking.visit(session.settings, looking.shuffled(looking.READERS, feet.random)[0], feet)])
        session.root()
    return await _canary_round(session, feet)


async def _canary_round(session: _Session, feet: Feet) -> list[str]:
    auditor = canaries.Auditor(session.settings, session.key, session.root(), feet, _now)
    made = await canaries.go(auditor, session.state)
    session.state = made.state
    files.save(session.settings.folder, made.state, {})  # a canary that was sent is waited for, whatever comes now
    session.take(made.visits, made.findings)
    language = session.settings.language
    said = [texts.word("canary-sent", language)] if made.sent else []
    if made.answered is not None:
        said.append(texts.word("canary-answered", language, sent=made.answered))
    return said


# ------------------------------------------------------------------------------------------------------------- merging


def _merge(arguments: argparse.Namespace, settings: Settings) -> int:
    own = files.load_key(settings.key)
    known = {_auditor(one) for one in arguments.auditor} | {own.public}
    state = _state(settings, _pins(settings))
    made = [_observation(path, known) for path in arguments.files]
    instance = RootPublicKey(state.root).instance if state.root else made[0].instance
    for path, one in zip(arguments.files, made, strict=True):
        if one.instance != instance:
            raise SettingsError("observation-instance", name=path.name)
    findings = []
    for difference in comparing.compare(made):
        by = ", ".join(sorted(key.hex()[:8] for key in difference.auditors))
        findings.append(found(difference.code, name=f"{difference.name}; {texts.word('by', settings.language)} {by}"))
    said = [texts.word("merged", settings.language, count=len(made))]
    said += [] if findings else [texts.word("merge-good", settings.language)]
    sightings = tuple(sorted({sighting for one in made for sighting in one.sightings}))
    today = _now() // sizes.DAY
    page = Result(settings.language, today, instance, own.public, tuple(findings), sightings, tuple(said))
    return _show(page, arguments.html)


def _auditor(digits: str) -> bytes:
    if len(digits) != _HEX_KEY or set(digits) - set("0123456789abcdef"):
        raise SettingsError("settings-value", name="--auditor")
    return bytes.fromhex(digits)


def _observation(path: Path, known: set[bytes]) -> Observation:
    try:
        made = verify_observation(files.read(path))
    except ProtocolError:
        raise SettingsError("observation-damaged", name=path.name) from None
    if made.auditor not in known:
        raise SettingsError("observation-unknown", name=path.name, key=made.auditor.hex())
    return made


if __name__ == "__main__":
    sys.exit(main())
