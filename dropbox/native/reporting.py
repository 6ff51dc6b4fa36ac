"""Reporting and answering: writing first, then sealing and sending, until it was sent or the reporter stops."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dropbox.native import faults, front, offline, texts
from dropbox.native.compose import choose_files, compose
from dropbox.native.draft import Draft
from dropbox.native.errors import Stopped
from dropbox.native.progress import size_words
from dropbox.native.sealing import send
from dropbox.native.terminal import Terminal
from dropbox.native.visit import Place, Visit
from dropbox.native.words import hand_over, take_over
from dropbox.protocol.bulletin import FALLBACK, Bulletin
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Question
from dropbox.protocol.sizes import MESSAGE_ID


def report(place: Place) -> None:
    """A first report, or more to an earlier one."""
    with Visit(place) as visit:
        root = place.insist(lambda: visit.open(front.REPORT))
        draft = begin(place.terminal)
        compose(place.terminal, draft)
        deliver(place, _Way(visit, root), draft)


def answer(place: Place, draft: Draft, questions: tuple[Question, ...]) -> None:
    """A later message, after reading: on a circuit of its own."""
    compose(place.terminal, draft, questions)
    with Visit(place) as visit:
        deliver(place, _Way(visit, place.insist(lambda: visit.open(front.REPORT))), draft)


def begin(terminal: Terminal) -> Draft:
    """A draft with the words that it will be found by: new ones that stand on paper, or those of an earlier report."""
    if terminal.choose(texts.HAVE_WORDS, (texts.NO_WORDS, texts.OWN_WORDS)):
        receipt = take_over(terminal)
    else:
        receipt = Receipt.generate(os.urandom)
        hand_over(terminal, receipt)
    return Draft(receipt, os.urandom(MESSAGE_ID), terminal.texts.language)


@dataclass
class _Way:
    """A visit that is open, and the root key that was compared with the leaflet."""

    visit: Visit
    root: RootPublicKey


def deliver(place: Place, way: _Way, draft: Draft) -> None:
    """Send a draft; whatever goes wrong is said, and the draft is kept.  Raises Stopped."""
    terminal = place.terminal
    while True:
        bulletin: Bulletin | None = None
        try:
            bulletin = way.visit.bulletin(way.root)
            if not _confirmed(terminal, draft, bulletin):
                choose_files(terminal, draft)
                continue
            way.visit.watch(draft.envelope_size(bulletin))
            terminal.say(texts.SENDING)
            way.visit.run(send(way.visit.transport, bulletin, draft, os.urandom))
        except faults.FAILURES as error:
            place.tell(error, faults.SENDING if bulletin else faults.ASKING)
        except Stopped:
            terminal.say(texts.TAKING_BACK)
        else:
            _sent(terminal, draft)
            return
        if _instead(place, draft, bulletin):
            return


def _confirmed(terminal: Terminal, draft: Draft, bulletin: Bulletin) -> bool:
    terminal.title(texts.READY)
    terminal.say(texts.SIZE, size=size_words(draft.envelope_size(bulletin)))
    if bulletin.kind == FALLBACK:
        terminal.say(texts.WEAKER)
    return terminal.choose(texts.SEND_NOW, (texts.YES_SEND, texts.NOT_YET), typed=True) == 0


def _instead(place: Place, draft: Draft, bulletin: Bulletin | None) -> bool:
    """What to do with a draft that was not sent; True when it is in a file.  Raises Stopped."""
    options = [texts.TRY_AGAIN, texts.SHOW_TEXT, texts.GIVE_UP, *([texts.INTO_FILE] if bulletin else [])]
    while True:
        match place.terminal.choose(texts.HOW_ON, options):
            case 0:
                return False
            case 1:
                place.terminal.show(draft.text, "  | ")
            case 2:
                raise Stopped
            case _:
                assert bulletin is not None
                offline.write_sealed(place, bulletin, draft)
                return True


def _sent(terminal: Terminal, draft: Draft) -> None:
    terminal.clear()
    terminal.say(texts.SENT)
    say_next(terminal, first=draft.first)


def say_next(terminal: Terminal, *, first: bool) -> None:
    """What happens next."""
    terminal.title(texts.WHAT_NEXT)
    steps = (
        (texts.NEXT_7_DAYS, texts.NEXT_3_MONTHS, texts.NEXT_LOOK) if first else (texts.NEXT_HANDLER, texts.NEXT_WEEK)
    )
    for step in steps:
        terminal.item(step)
