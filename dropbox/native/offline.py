"""Without a line: keys fetched before, a report sealed into a file, and a sealed file sent later."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

from dropbox.native import faults, front, key_file, texts
from dropbox.native.catalogue import Texts
from dropbox.native.draft import Draft
from dropbox.native.errors import BadFile
from dropbox.native.faults import SEALED
from dropbox.native.files import alone, opened, read_small, typed_path
from dropbox.native.new_files import new_file
from dropbox.native.progress import size_words
from dropbox.native.sealing import look_into, seal, send_sealed
from dropbox.native.terminal import interruptible
from dropbox.native.visit import Place, Visit, now
from dropbox.protocol.bulletin import FALLBACK, Bulletin, verify_bulletin, verify_stored_bulletin
from dropbox.protocol.errors import OutsideDates, ProtocolError, UnknownVersion
from dropbox.protocol.sealed_file import size_of_envelope
from dropbox.protocol.sizes import ACCEPTED_DAYS, CLOCK_TOLERANCE, DAY, UPLOAD_SALT
from dropbox.protocol.upload_name import UploadName
from dropbox.reporter import session
from dropbox.reporter.errors import UploadLost, UploadTaken, WrongDay
from dropbox.reporter.handing_in import DayRefused, HandedIn

_DAYS: Final = {
    DayRefused.OLD: texts.SEALED_TOO_OLD,
    DayRefused.AHEAD: texts.SEALED_AHEAD,
    DayRefused.ELSEWHERE: texts.SEALED_ELSEWHERE,
}


def keep_keys(place: Place, path: Path | None) -> None:
    """Fetch the keys of today into a new file."""
    with Visit(place) as visit:
        root = place.insist(lambda: visit.open(front.REPORT))

        def attempt() -> tuple[bytes, Bulletin]:
            data = session.body_of(visit.run(visit.transport.send(session.BULLETIN)))
            return data, place.believe(verify_bulletin(data, root, now()))

        data, bulletin = place.insist(attempt)
    written = key_file.KeyFile(root, data).to_bytes()

    def write() -> None:
        nonlocal path
        where, path = path or typed_path(place.terminal.ask(texts.ASK_NEW_KEYS)), None
        with new_file(where, bulletin.day) as file:
            file.write(written)

    place.insist(write)
    until = faults.time_words(place.terminal.texts, (bulletin.day + 1) * DAY + CLOCK_TOLERANCE)
    place.terminal.say(texts.KEYS_KEPT, until=until)


def read_keys(place: Place, path: Path | None) -> Bulletin:
    """The keys in a file that somebody names, compared with the leaflet and verified.  Raises Stopped."""

    def attempt() -> Bulletin:
        nonlocal path
        where, path = path or typed_path(place.terminal.ask(texts.ASK_KEY_FILE)), None
        keys = key_file.KeyFile.from_bytes(read_small(where, key_file.MOST))
        root = place.require(keys.root)
        try:
            return place.believe(verify_bulletin(keys.bulletin, root, now()))
        except OutsideDates:
            day = faults.day_words(place.terminal.texts, verify_stored_bulletin(keys.bulletin, root).day)
            today = faults.time_words(place.terminal.texts, now())
            raise BadFile(texts.OLD_KEYS, day=day, today=today) from None

    return place.insist(attempt)


def write_sealed(place: Place, bulletin: Bulletin, draft: Draft, path: Path | None = None) -> None:
    """Seal a draft into a new file, and say what to do with it.  Raises Stopped."""
    terminal = place.terminal

    def attempt() -> None:
        nonlocal path
        terminal.say(texts.FILE_SIZE, size=size_words(draft.envelope_size(bulletin)))
        where, path = path or typed_path(terminal.ask(texts.ASK_NEW_FILE)), None
        bulletin.require_current(now())
        terminal.say(texts.SEALING)
        try:
            with new_file(where, bulletin.day) as file, interruptible():
                seal(file, bulletin, draft, os.urandom)
        except KeyboardInterrupt:
            raise BadFile(texts.SEALING_STOPPED) from None

    if bulletin.kind == FALLBACK:
        terminal.say(texts.WEAKER)
    place.insist(attempt)
    terminal.clear()
    terminal.say(texts.SEALED)
    terminal.say(texts.SEALED_NEXT, day=faults.day_words(terminal.texts, bulletin.day + ACCEPTED_DAYS))
    terminal.say(texts.SEALED_HOW)
    terminal.say(texts.SEALED_REMOVE)


def send_file(place: Place, path: Path | None) -> None:
    """Send a sealed file from its beginning, or from where an earlier run of it broke off.  Raises Stopped."""
    terminal = place.terminal
    with Visit(place, typed=False) as visit:

        def choose() -> tuple[Path, int, bytes]:
            nonlocal path
            where, path = path or typed_path(terminal.ask(texts.ASK_SEALED)), None
            with opened(where) as (file, _):
                return where, *_looked_into(file)

        where, day, content = place.insist(choose)
        root = place.insist(lambda: visit.open(front.REPORT))
        terminal.say(texts.SENDING_SEALED)

        instead: UploadName | None = None

        def attempt() -> HandedIn:
            nonlocal instead
            with opened(where) as (file, size), alone(file):
                visit.watch(size_of_envelope(size))
                visit.bulletin(root)
                try:
                    return visit.run(send_sealed(visit.transport, file, instead))
                except WrongDay:
                    raise _of_its_day(terminal.texts, day) from None
                except (UploadLost, UploadTaken) as error:
                    terminal.say(texts.UPLOAD_TAKEN if isinstance(error, UploadTaken) else texts.UPLOAD_LOST)
                # Once more under a name that no stranger knows: the bureau counts an envelope once.
                instead = UploadName.of(os.urandom(UPLOAD_SALT), content)
                file.seek(0)
                return visit.run(send_sealed(visit.transport, file, instead))

        handed = place.insist(attempt, SEALED)
    terminal.say(texts.WAS_THERE if handed.before else texts.SENT)
    terminal.say(texts.SEALED_REMOVE)


def _of_its_day(language: Texts, day: int) -> BadFile:
    return BadFile(_DAYS[DayRefused.of(day, now() // DAY)], day=faults.day_words(language, day))


def _looked_into(file: BinaryIO) -> tuple[int, bytes]:
    """The day of a sealed file and the hash of its content.  Raises BadFile, which says what is wrong with it."""
    try:
        return look_into(file)
    except UnknownVersion:
        raise BadFile(texts.NO_SEALED_FILE) from None
    except ProtocolError:
        raise BadFile(texts.SEALED_DAMAGED) from None
