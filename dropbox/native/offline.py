"""Without a line: keys fetched before, a report sealed into a file, and a sealed file sent later."""

from __future__ import annotations

import os
from pathlib import Path

from dropbox.native import faults, front, key_file, texts
from dropbox.native.draft import Draft
from dropbox.native.errors import BadFile
from dropbox.native.files import alone, new_file, opened, read_small, typed_path
from dropbox.native.progress import size_words
from dropbox.native.sealing import seal, send_sealed
from dropbox.native.visit import Place, Visit, now
from dropbox.protocol.bulletin import FALLBACK, Bulletin, verify_bulletin, verify_stored_bulletin
from dropbox.protocol.errors import OutsideDates, ProtocolError
from dropbox.protocol.sealed_file import size_of_envelope
from dropbox.protocol.sizes import ACCEPTED_DAYS, CLOCK_TOLERANCE, DAY
from dropbox.reporter import session
from dropbox.reporter.errors import UploadLost


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
        with new_file(where, bulletin.day) as file:
            seal(file, bulletin, draft, os.urandom)

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
    with Visit(place) as visit:

        def choose() -> Path:
            nonlocal path
            where, path = path or typed_path(terminal.ask(texts.ASK_SEALED)), None
            with opened(where) as (_, size):
                _size(size)
            return where

        where = place.insist(choose)
        root = place.insist(lambda: visit.open(front.REPORT))
        terminal.say(texts.SENDING_SEALED)

        def attempt() -> None:
            with opened(where) as (file, size), alone(file):
                visit.watch(_size(size))
                visit.bulletin(root)
                try:
                    visit.run(send_sealed(visit.transport, file))
                except UploadLost:
                    file.seek(0)
                    visit.run(send_sealed(visit.transport, file))

        place.insist(attempt)
    terminal.say(texts.SENT)
    terminal.say(texts.SEALED_REMOVE)


def _size(file_size: int) -> int:
    try:
        return size_of_envelope(file_size)
    except ProtocolError:
        raise BadFile(texts.NO_SEALED_FILE) from None
