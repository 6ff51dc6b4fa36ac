"""`dropbox-report`: report, read and answer from a terminal, over Tor or with a sealed file.

No argument is a secret: arguments can be seen by everyone on a machine, and stay in a shell's history.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dropbox.native import confinement, offline, reading, reporting, texts
from dropbox.native.catalogue import LANGUAGES, Texts
from dropbox.native.compose import compose
from dropbox.native.errors import NativeError, Stopped
from dropbox.native.files import read_small
from dropbox.native.leaflet import FILE_MOST, parse_address, parse_file
from dropbox.native.terminal import Terminal, is_terminal, prepare
from dropbox.native.visit import Leaflet, Place
from dropbox.native.witnesses import Witnesses
from dropbox.torlink.addresses import SocksAddress
from dropbox.torlink.errors import AddressError

SOCKS = "127.0.0.1:9150"
_ACTIONS = ("report", "read", "answer", "keys", "seal", "send", "resume")
_MENU = (
    ("report", texts.DO_REPORT), ("read", texts.DO_READ), ("seal", texts.DO_SEAL), ("send", texts.DO_SEND),
    ("keys", texts.DO_KEYS), ("stop", texts.DO_STOP),
)  # fmt: skip


def main() -> int:
    """Run the command.

    The exit status is 0 when it was done, 1 when the reporter stopped, 2 when it cannot begin, 3 for a fault of ours.
    """
    arguments = _arguments()
    may_swap = confinement.confine()
    if not is_terminal():
        for language in LANGUAGES:
            sys.stderr.write(Texts(language).say(texts.NEEDS_TERMINAL) + "\n")
        return 2
    prepare()
    terminal = Terminal(Texts(arguments.language or "nl"))
    try:
        if arguments.language is None:
            terminal = Terminal(Texts(_language()))
        place = Place(terminal, _socks(arguments.socks), _leaflet(arguments), _witnesses(arguments))
        _greet(terminal, may_swap=may_swap)
        _act(place, arguments)
    except NativeError as error:
        terminal.say(error.sentence, **error.values)
        return 2
    except (Stopped, KeyboardInterrupt):
        terminal.clear()
        terminal.say(texts.STOPPED)
        return 1
    except Exception:  # noqa: BLE001 - a traceback would end on the screen, and helps nobody who is afraid
        terminal.clear()
        terminal.say(texts.OUR_FAULT)
        return 3
    terminal.say(texts.DONE)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dropbox-report", description="Report, read and answer through Tor, or by a sealed file.",
        epilog="Nothing secret is an argument: words and text are asked for.", allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("action", nargs="?", choices=_ACTIONS, help="asked for when left out")
    parser.add_argument(
        "file", nargs="?", type=Path, help="the sealed file (seal, send, resume) or the file for the keys (keys)"
    )
    parser.add_argument("--keys", type=Path, metavar="FILE", help="seal: the file with the keys of today")
    parser.add_argument("--leaflet", type=Path, metavar="FILE", help="lines `address: ...` and `fingerprint: ...`")
    parser.add_argument("--address", metavar="ONION", help="the onion address on the leaflet")
    parser.add_argument(
        "--cosignatures", type=Path, metavar="FOLDER", help="what witnesses signed of today's keys, as files"
    )
    parser.add_argument("--witness", action="append", default=[], metavar="KEY", help="one whom you trust; repeatable")
    parser.add_argument("--require", type=int, default=0, metavar="K", help="so many of them must have signed")
    parser.add_argument("--socks", default="", metavar="ADDRESS", help=f"where Tor listens; {SOCKS} is Tor Browser's")
    parser.add_argument("--language", choices=tuple(LANGUAGES))
    return parser.parse_args()


def _language() -> str:
    """Dutch first; the question is in both."""
    dutch, english = (Terminal(Texts(language)) for language in LANGUAGES)
    names = tuple(LANGUAGES.values())
    while True:
        for number, name in enumerate(names, 1):
            dutch.line(f"  {number}  {name}")
        typed = dutch.ask(texts.WHICH_NUMBER).strip()
        if typed in {"", "1"}:
            return "nl"
        if typed == "2":
            return "en"
        english.say(texts.NO_SUCH_NUMBER, most=len(names))


def _socks(given: str) -> SocksAddress:
    try:
        return SocksAddress.parse(given or SOCKS)
    except AddressError:
        raise NativeError(texts.BAD_SOCKS) from None


def _leaflet(arguments: argparse.Namespace) -> Leaflet:
    leaflet = Leaflet()
    if arguments.leaflet:
        text = read_small(arguments.leaflet, FILE_MOST).decode(errors="replace")
        leaflet.address, leaflet.fingerprint = parse_file(text)
    if arguments.address:
        leaflet.address = parse_address(arguments.address)
    return leaflet


def _witnesses(arguments: argparse.Namespace) -> Witnesses | None:
    given = (arguments.cosignatures is not None, bool(arguments.witness), arguments.require != 0)
    if not any(given):
        return None
    if not all(given):
        raise NativeError(texts.BAD_WITNESSES)
    return Witnesses.of(arguments.witness, arguments.require, arguments.cosignatures)


def _greet(terminal: Terminal, *, may_swap: bool) -> None:
    terminal.say(texts.WELCOME)
    terminal.title(texts.SAFE_MOMENT)
    for sentence in (texts.OWN_DEVICE, texts.OTHER_NETWORK, texts.NOBODY_READS):
        terminal.item(sentence)
    terminal.line("")
    terminal.say(texts.NOTHING_KEPT)
    if may_swap:
        terminal.say(texts.MAY_SWAP)
    terminal.say(texts.CTRL_C)


def _act(place: Place, arguments: argparse.Namespace) -> None:
    action = arguments.action
    if action is None:
        action = _MENU[place.terminal.choose(texts.WHAT_NOW, [words for _, words in _MENU])][0]
    match action:
        case "report":
            reporting.report(place)
        case "read" | "answer":
            reading.read(place)
        case "keys":
            offline.keep_keys(place, arguments.file)
        case "seal":
            _seal(place, arguments)
        case "send" | "resume":
            offline.send_file(place, arguments.file)
        case _:
            raise Stopped


def _seal(place: Place, arguments: argparse.Namespace) -> None:
    bulletin = offline.read_keys(place, arguments.keys)
    draft = reporting.begin(place.terminal)
    compose(place.terminal, draft)
    offline.write_sealed(place, bulletin, draft, arguments.file)


if __name__ == "__main__":
    sys.exit(main())
