"""`dropbox-audit`: make a key, look once, watch, cosign, send canaries, compare observations."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from dropbox.auditor import canaries, comparing, files, looking, result, texts, witnessing
from dropbox.auditor import session as sessions
from dropbox.auditor.checks import Judgement
from dropbox.auditor.errors import AuditError, LineError, SettingsError
from dropbox.auditor.findings import found
from dropbox.auditor.keys import AuditorKey
from dropbox.auditor.looking import Feet
from dropbox.auditor.result import Result
from dropbox.auditor.session import Session
from dropbox.auditor.settings import Settings, load
from dropbox.auditor.visiting import Itinerary, Visit
from dropbox.auditor.watching import canary_due, holds, next_gap, until_next
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import verify_stored_bulletin
from dropbox.protocol.cosignature import Cosignature, verify_cosignature
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.observation import Observation, verify_observation
from dropbox.torlink.errors import Fault

COSIGNED: Final = "cosigned"
_HEX_KEY: Final = 64
_MOST_VISITS: Final = 24
TOR_AGAIN: Final = 20
"""Seconds until the next try, where this machine's own Tor does not answer: the host sees nothing of either.  When a
machine starts, Tor's socket comes a moment after its service.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.  The exit status is 0 when nothing is wrong, 1 when reporters should be warned, 2 when nothing
    could be audited, or not all that was to be, and nothing wrong was found in what came.  A watch that SIGTERM ends,
    as the service manager does, gives 0 or 1.
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
        return error.status
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
    for command in (looking_at, watch, canary, merge):
        command.add_argument("--html", type=Path, metavar="FILE", help="write the result as a page too")
    for command in (looking_at, watch, witness, canary, merge):
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, TOML")
    for command in (key, looking_at, watch, witness, canary, merge):
        command.add_argument("--language", choices=texts.LANGUAGES, help="of the result")
    return parser


def _now() -> int:
    return int(time.time())


@contextlib.contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    """The work of one command, which has the folder for itself.  Raises SettingsError."""
    with files.alone(settings.folder):
        session = Session(settings, lambda: _now())  # noqa: PLW0108 -- a test sets the clock
        try:
            yield session
        except AuditError as error:
            if session.alarms:  # what was found is said, whatever then ends the command: a full disk, a line
                print(result.as_text(session.result(of_all=True)), flush=True)
                error.status = result.ALARM
            raise


def _feet(arguments: argparse.Namespace) -> Feet:
    return Feet(os.urandom, hurried=arguments.hurried)


def _key(arguments: argparse.Namespace, language: str) -> int:
    key = AuditorKey.generate(os.urandom)
    files.make_key(arguments.out, key)
    print(texts.word("key-made", language))
    print(key.public.hex())
    return result.FINE


# ------------------------------------------------------------------------------------------------------------- looking


def _show(made: Result, page: Path | None, written: Path | None = None) -> int:
    print(result.as_text(made))
    if written is not None:
        print(f"{texts.word('observation', made.language)}: {written}")
    if page is not None:
        files.write(page, result.as_html(made).encode())
    return made.status


def _look(arguments: argparse.Namespace, settings: Settings) -> int:
    with _session(settings) as session:
        visits: list[Visit] = []
        _go(looking.look(settings, _feet(arguments), visits), visits)
        session.take(visits)
        return _show(session.result(), arguments.html, session.observation)


def _go(going: Coroutine[None, None, None], visits: Sequence[Visit]) -> None:
    """Make the visits.  What ends them early ends the command only where nothing was seen."""
    try:
        asyncio.run(going)
    except (LineError, KeyboardInterrupt):
        if all(one.empty for one in visits):
            raise


def _watch(arguments: argparse.Namespace, settings: Settings) -> int:
    visits = max(1, min(arguments.visits, _MOST_VISITS))
    with _session(settings) as session:
        try:
            asyncio.run(_watching(session, arguments, visits))
        except asyncio.CancelledError:  # the service's usual end: what was not visited by then is no fault of it
            return result.ALARM if session.alarms else result.FINE
        except KeyboardInterrupt:
            pass
        return session.status


async def _watching(session: Session, arguments: argparse.Namespace, visits: int) -> None:
    feet, rounds, down = _feet(arguments), 0, False
    _end_as_by_hand()
    due = _canary_due(session, feet) if arguments.canary else None
    while True:
        was_down, fault = down, await _round(session, arguments.html, feet, due)
        down = fault is not None and fault.code == Fault.TOR_DOWN
        if fault is not None and not (down and was_down):
            print(f"dropbox-audit: {texts.error(fault, session.settings.language)}", file=sys.stderr, flush=True)
        rounds += 1
        if rounds == arguments.rounds:
            return
        if due is not None:
            due = due if holds(due, _now()) else _canary_due(session, feet)
        if down:
            await feet.sleep(TOR_AGAIN)
            continue
        gap = next_gap(visits, feet.random)
        wait = until_next(gap, due, _now())
        await feet.rest(wait, wait)


async def _round(session: Session, page: Path | None, feet: Feet, due: int | None) -> LineError | None:
    """A canary where one is due, or else a visit.  Gives what kept it from being made or from coming to its end."""
    before = session.rounds
    try:
        if due is not None and due <= _now() and session.state.root:
            await _canary_round(session, feet)
        else:
            await _visit_round(session, looking.drawn(feet.random), feet)
    except LineError as error:
        return error
    finally:
        if session.rounds != before:
            _tell(session, page)
    return None


def _tell(session: Session, page: Path | None) -> None:
    """What a round found, and the page with all alarms until now."""
    if session.findings:
        print(result.as_text(session.result()), flush=True)
    if page is not None:
        files.write(page, result.as_html(session.result(of_all=True)).encode())


def _end_as_by_hand() -> None:
    """Have the service manager's signal end what goes on as Ctrl-C does: what a visit has seen is judged first."""
    going = asyncio.current_task()
    if going is not None and threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, going.cancel)


def _canary_due(session: Session, feet: Feet) -> int:
    """When the next canary is sent, in Unix seconds; drawn again where none could be sent."""
    if feet.hurried and session.state.canary_day != session.today:
        return _now()
    return canary_due(session.state.canary_day, _now(), feet.random)


async def _visit_round(session: Session, itinerary: Itinerary, feet: Feet) -> Judgement:
    """One visit, judged by what it saw, whatever ends it.  Raises LineError where nothing came."""
    visits: list[Visit] = []
    try:
        await looking.visit(session.settings, itinerary, feet, visits)
    except BaseException:
        _take_what_came(session, visits)
        raise
    return session.take(visits)


def _take_what_came(session: Session, visits: Sequence[Visit]) -> None:
    if not all(one.empty for one in visits):
        session.take(visits)


# ------------------------------------------------------------------------------------------- witnesses and canaries


def _witness(arguments: argparse.Namespace, settings: Settings) -> int:
    with _session(settings) as session:
        feet = _feet(arguments)
        judged = asyncio.run(_visit_round(session, looking.shuffled(looking.READERS, feet.random)[0], feet))
        if not judged.bulletins or session.result().status != result.FINE:
            if session.findings:
                return max(_show(session.result(), None), result.ALARM)
            raise AuditError("no-bulletin")
        path = _cosign(session, *judged.bulletins.values())
        status = _show(session.result(), None)
        print(f"{texts.word('cosigned', settings.language)}: {path}")
        return status


def _cosign(session: Session, body: bytes) -> Path:
    """Sign the bulletin that this visit was shown.  Raises AuditError."""
    folder = session.settings.folder / COSIGNED
    bulletin = verify_stored_bulletin(body, session.root())
    made = witnessing.cosign(bulletin, session.key, _own(folder), session.today)
    path = folder / f"{bulletin.day}-{bulletin.revision}-{session.key.public.hex()[:8]}.json"
    files.write(path, made, day=session.today)
    return path


def _own(folder: Path) -> list[Cosignature]:
    made = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(ProtocolError):
            made.append(verify_cosignature(files.read(path)))
    return made


def _canary(arguments: argparse.Namespace, settings: Settings) -> int:
    with _session(settings) as session:
        said = asyncio.run(_first_canary(session, _feet(arguments)))
        return _show(session.result(said, of_all=True), arguments.html, session.observation)


async def _first_canary(session: Session, feet: Feet) -> list[str]:
    if not session.state.root:  # nothing is sealed to a key that no page has named yet
        await _visit_round(session, looking.shuffled(looking.READERS, feet.random)[0], feet)
        session.root()
    return await _canary_round(session, feet)


async def _canary_round(session: Session, feet: Feet) -> list[str]:
    auditor = canaries.Auditor(session.settings, session.key, session.root(), feet, _now)
    visits: list[Visit] = []
    try:
        made = await canaries.go(auditor, session.state, visits)
    except BaseException:
        _take_what_came(session, visits)
        raise
    session.state = made.state
    files.save(session.settings.folder, made.state, {})  # a canary that was sent is waited for, whatever comes now
    session.take(visits, made.findings)
    language = session.settings.language
    said = [texts.word("canary-sent", language)] if made.sent else []
    if made.answered is not None:
        said.append(texts.word("canary-answered", language, sent=made.answered))
    return said


# ------------------------------------------------------------------------------------------------------------- merging


def _merge(arguments: argparse.Namespace, settings: Settings) -> int:
    own = files.load_key(settings.key)
    known = {_auditor(one) for one in arguments.auditor} | {own.public}
    known_state = sessions.state(settings, sessions.pins(settings))
    made = [_observation(path, known) for path in arguments.files]
    instance = RootPublicKey(known_state.root).instance if known_state.root else made[0].instance
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
