"""Writing: one question after the other, each with what it is for.  Nothing that was typed is thrown away unasked."""

from __future__ import annotations

from typing import Final

from dropbox.native import texts
from dropbox.native.draft import Attachment, Draft
from dropbox.native.errors import BadFile
from dropbox.native.files import opened, typed_path
from dropbox.native.progress import size_words
from dropbox.native.terminal import Terminal
from dropbox.protocol.documents import written_size
from dropbox.protocol.payload import FIELD_LIMIT, MAX_FILES, TEXT_LIMIT, clean_text
from dropbox.protocol.reply import Question

_REVIEW: Final = (texts.GO_FURTHER, texts.WRITE_MORE, texts.TAKE_AWAY, texts.SHOW_TEXT, texts.START_ANEW)
_GO, _MORE, _TAKE, _SHOW, _ANEW = range(5)


def compose(terminal: Terminal, draft: Draft, questions: tuple[Question, ...] = ()) -> None:
    """Ask for everything that a message has, until there is something to send."""
    while True:
        if questions:
            draft.answers = _answers(terminal, questions)
        if draft.first:
            draft.category = _one_of(terminal, texts.WHAT_ABOUT, texts.CATEGORIES)
        _write(terminal, draft)
        if draft.first:
            draft.ongoing = _one_of(terminal, texts.STILL_GOING_ON, texts.ONGOING)
            draft.keep_from = _short(terminal, texts.KEEP_FROM)
        choose_files(terminal, draft)
        if not draft.empty:
            return
        terminal.say(texts.NOTHING_TO_SEND)


def _one_of(terminal: Terminal, sentence: str, table: tuple[tuple[str, str], ...]) -> str:
    return table[terminal.choose(sentence, [words for _, words in table])][0]


def _answers(terminal: Terminal, questions: tuple[Question, ...]) -> tuple[tuple[bytes, str], ...]:
    found = []
    for question in questions:
        terminal.title(texts.QUESTION)
        terminal.show(question.text)
        chosen = terminal.choose(texts.YOUR_ANSWER, (*question.answers, texts.WITHOUT_ANSWER))
        if chosen < len(question.answers):
            found.append((question.identity, question.answers[chosen]))
    return tuple(found)


def _write(terminal: Terminal, draft: Draft) -> None:
    terminal.title(texts.WRITE)
    terminal.say(texts.WRITE_HINT)
    terminal.say(texts.HOW_TO_END)
    draft.text = clean_text(_joined(draft.text, terminal.lines()))
    while True:
        left = TEXT_LIMIT - written_size(draft.text)
        if left < 0:
            terminal.say(texts.TOO_LONG, over=-left)
        else:
            terminal.say(texts.REVIEW, left=left)
        choice = terminal.choose(texts.HOW_ON, _REVIEW)
        if choice == _GO and left >= 0:
            return
        if choice == _MORE:
            terminal.say(texts.HOW_TO_END)
            draft.text = clean_text(_joined(draft.text, terminal.lines()))
        elif choice == _TAKE:
            draft.text = draft.text.rpartition("\n")[0]
            terminal.show(draft.text, "  | ")
        elif choice == _SHOW:
            terminal.show(draft.text, "  | ")
        elif choice == _ANEW:
            terminal.say(texts.HOW_TO_END)
            draft.text = clean_text(terminal.lines())


def _joined(first: str, second: str) -> str:
    return f"{first}\n{second}" if first and second else first or second


def _short(terminal: Terminal, sentence: str) -> str:
    while True:
        typed = clean_text(terminal.ask(sentence).strip())
        over = written_size(typed) - FIELD_LIMIT
        if over <= 0:
            return typed
        terminal.say(texts.FIELD_TOO_LONG, over=over)


def choose_files(terminal: Terminal, draft: Draft) -> None:
    """Ask for files, one by one."""
    terminal.title(texts.FILES)
    terminal.say(texts.FILES_HINT)
    while True:
        if len(draft.files) == MAX_FILES:
            terminal.say(texts.MOST_FILES)
            return
        typed = terminal.ask(texts.ASK_FILE).strip()
        if not typed:
            return
        path = typed_path(typed)
        try:
            with opened(path) as (_, size):
                draft.files.append(Attachment(path, path.name, size))
        except BadFile as error:
            terminal.say(error.sentence)
            continue
        terminal.say(texts.FILE_TAKEN, name=path.name, size=size_words(size))
