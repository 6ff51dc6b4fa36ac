"""The twelve words: shown once and asked back, or typed from paper."""

from __future__ import annotations

from typing import Final

from dropbox.native import texts
from dropbox.native.faults import receipt_sentence
from dropbox.native.terminal import Terminal
from dropbox.protocol.errors import BadReceipt
from dropbox.protocol.receipt import WORDS, Receipt, parse_receipt

_AGAIN: Final = frozenset({"again", "opnieuw"})
_ROW: Final = 3


def hand_over(terminal: Terminal, receipt: Receipt) -> None:
    """Show new words until one of them, asked by chance, was read back from paper; then none is on the screen."""
    words = receipt.words()
    _show(terminal, receipt)
    place = terminal.place_to_check(WORDS)
    while True:
        typed = terminal.ask(texts.ASK_WORD, place=place + 1).strip().casefold()
        if typed == words[place]:
            break
        if typed in _AGAIN:
            _show(terminal, receipt)
        else:
            terminal.say(texts.WRONG_WORD, place=place + 1)
    terminal.clear()
    terminal.say(texts.RIGHT_WORD)


def _show(terminal: Terminal, receipt: Receipt) -> None:
    terminal.title(texts.YOUR_WORDS)
    terminal.say(texts.WRITE_WORDS)
    words = [f"{number:2} {word:<10}" for number, word in enumerate(receipt.words(), 1)]
    for at in range(0, WORDS, _ROW):
        terminal.line("  " + "".join(words[at : at + _ROW]).rstrip())
    terminal.line("")
    terminal.say(texts.SAME_DIGITS)
    terminal.line(f"  {receipt.digits()}\n")
    terminal.ask(texts.ON_PAPER)
    terminal.clear()


def take_over(terminal: Terminal) -> Receipt:
    """Ask for words or digits until they are a receipt; what is wrong with them is said each time."""
    ask = terminal.ask if terminal.choose(texts.SHOW_TYPING, (texts.HIDE, texts.SHOW)) else terminal.ask_hidden
    while True:
        try:
            receipt = parse_receipt(ask(texts.ASK_WORDS))
        except BadReceipt as error:
            terminal.show(receipt_sentence(error, terminal.texts))
            continue
        terminal.clear()
        return receipt
