"""Reading: everything is fetched, whatever the words are, and opened here."""

from __future__ import annotations

import os

from dropbox.native import faults, front, reporting, texts
from dropbox.native.draft import Draft
from dropbox.native.terminal import Terminal
from dropbox.native.visit import Place, Visit, now
from dropbox.native.words import take_over
from dropbox.protocol.keys import RootPublicKey
from dropbox.protocol.payload import MAX_ANSWERS
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Acknowledgement, Notice, Question, Reply, Status
from dropbox.protocol.sizes import MESSAGE_ID
from dropbox.reporter.exchange import Dialogue, fetch_boards, fetch_bulletin, fetch_publication, read_dialogue

_TITLES: dict[type, str] = {
    Reply: texts.FROM_BUREAU,
    Status: texts.STATUS,
    Question: texts.QUESTION,
    Notice: texts.NOTICE,
}


def read(place: Place) -> None:
    """Show the dialogue; then an answer, if the reporter wants to give one."""
    terminal = place.terminal
    with Visit(place) as visit:
        root = place.insist(lambda: visit.open(front.READ))
        receipt = take_over(terminal)
        terminal.say(texts.READING)
        dialogue = place.insist(lambda: visit.run(_fetch(visit, root, receipt)))
    questions = show(terminal, dialogue)
    if terminal.choose(texts.ANSWER_NOW, (texts.NO_ANSWER, texts.YES_ANSWER)):
        draft = Draft(
            receipt, os.urandom(MESSAGE_ID), terminal.texts.language, known_to=dialogue.known_to, first=dialogue.empty
        )
        reporting.answer(place, draft, questions)


async def _fetch(visit: Visit, root: RootPublicKey, receipt: Receipt) -> Dialogue:
    """What every reading visit fetches, always all of it and in this order, whatever the receipt."""
    moment = now()
    bulletin = await fetch_bulletin(visit.transport, root, moment)
    boards = await fetch_boards(visit.transport, bulletin, moment)
    await fetch_publication(visit.transport, bulletin, moment)
    visit.place.believe(bulletin)  # only now: what is asked for must not show whom somebody trusts
    return read_dialogue(receipt, bulletin, boards, moment)


def show(terminal: Terminal, dialogue: Dialogue) -> tuple[Question, ...]:
    """Everything that the bureau said, oldest first, several recipients as one voice; gives the questions."""
    boxes, language = dialogue.mailboxes, terminal.texts
    issued = faults.day_words(language, min(box.issued_day for box in boxes))
    due = faults.time_words(language, min(box.next_due for box in boxes))
    terminal.title(texts.NOTHING_YET if dialogue.empty else texts.ANSWERS)
    if dialogue.empty:
        terminal.item(texts.NOTHING_REPORTED)
        terminal.item(texts.NOTHING_CHECK)
    else:
        _show_notes(terminal, dialogue)
    terminal.say(texts.PUT_OUT, day=issued, next=due)
    if any(box.late for box in boxes):
        terminal.say(texts.LATE, day=issued)
    notes = sorted((note for box in boxes for note in box.notes), key=lambda note: (note.day, note.number))
    return tuple(note.note for note in notes if isinstance(note.note, Question))[-MAX_ANSWERS:]


def _show_notes(terminal: Terminal, dialogue: Dialogue) -> None:
    seen = [box.acknowledgement for box in dialogue.mailboxes if box.acknowledgement is not None]
    if seen:
        most = max(seen, key=lambda one: one.messages)
        day = faults.day_words(terminal.texts, max(one.day for one in seen))
        terminal.say(texts.OPENED, messages=most.messages, files=max(one.files for one in seen), day=day)
    notes = sorted((note for box in dialogue.mailboxes for note in box.notes), key=lambda note: (note.day, note.number))
    said = [note for note in notes if not isinstance(note.note, Acknowledgement)]
    for note in said:
        assert not isinstance(note.note, Acknowledgement)
        terminal.title(_TITLES[type(note.note)])
        terminal.line(faults.day_words(terminal.texts, note.day))
        if isinstance(note.note, Status):
            terminal.say(texts.STATUSES[note.note.status])
        terminal.show(note.note.text)
    if not said:
        terminal.say(texts.NO_MESSAGE)
    if unread := sum(box.unread for box in dialogue.mailboxes):
        terminal.say(texts.UNREAD, count=unread)
