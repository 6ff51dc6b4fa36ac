"""A canary: a report that is sent, waited for and read to its end, as a reporter does it, once a day.

Nothing on its way tells it from a report.  What is found says at which place the way is broken, as far as that can be
told from outside: what the host swallowed and what nobody at the bureau opened look alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from dropbox.auditor import pages
from dropbox.auditor.errors import LineError
from dropbox.auditor.findings import Finding, found
from dropbox.auditor.looking import Feet, below, window
from dropbox.auditor.state import Canary, State
from dropbox.auditor.visiting import Itinerary, walk
from dropbox.protocol import canary, sizes
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.payload import Message
from dropbox.protocol.receipt import ENTROPY, Receipt
from dropbox.protocol.reply import Acknowledgement, Reply
from dropbox.protocol.thread import ReporterKeys
from dropbox.reporter import exchange
from dropbox.reporter.errors import HostFull, HostNotReady, TransportFailed, VisitError
from dropbox.reporter.exchange import Dialogue, Outgoing, Sending
from dropbox.reporter.transport import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropbox.auditor.keys import AuditorKey
    from dropbox.auditor.settings import Settings
    from dropbox.auditor.visiting import Visit, Window
    from dropbox.protocol.keys import RootPublicKey

_MESSAGE_ID: Final = 16
SHORTEST_REST: Final = 300  # seconds from reading an answer to sending the next canary
LONGEST_REST: Final = 3600


@dataclass(frozen=True)
class Round:
    """One round: what was found, the state after it, and what to say of it that is good."""

    findings: tuple[Finding, ...]
    state: State
    sent: bool = False
    answered: int | None = None  # the day on which the answered one was sent


@dataclass(frozen=True)
class Auditor:
    """Who sends canaries; `clock` gives Unix seconds."""

    settings: Settings
    key: AuditorKey
    root: RootPublicKey
    feet: Feet
    clock: Callable[[], int]

    @property
    def today(self) -> int:
        """The UTC day."""
        return self.clock() // sizes.DAY


async def go(auditor: Auditor, state: State, visits: list[Visit]) -> Round:
    """Read the answers to those that wait, and send one when none was sent today.  Its visits stand among `visits` from
    their first request on: what they saw counts, whatever ends them.

    Raises LineError where the host cannot be reached at all.
    """
    findings: list[Finding] = []
    answered = None
    if state.canaries:
        opened, visitor = window(auditor.settings, auditor.feet, reading=True)
        visits.append(opened.visit)
        async with visitor:
            findings, state, answered = await _read(auditor, opened, state)
    sent = False
    if state.canary_day != auditor.today:
        if visits:  # who reads, and who comes on another circuit a moment later to report, is an auditor
            await auditor.feet.rest(SHORTEST_REST, LONGEST_REST)
        opened, visitor = window(auditor.settings, auditor.feet)
        reading, new = bool(visits), None
        visits.append(opened.visit)
        try:
            async with visitor:
                new, result = await _send(auditor, opened)
        except LineError:
            if not reading:
                raise
            result = found("canary-line")  # what was read is said all the same
        findings += [] if result is None else [result]
        if new is not None:
            state, sent = state.with_canary(new), result is None
    return Round(tuple(findings), state, sent, answered)


async def _send(auditor: Auditor, opened: Window) -> tuple[Canary | None, Finding | None]:
    """Report.  A canary of which nobody knows whether it arrived is waited for all the same."""
    language = _language(auditor)
    itinerary = Itinerary(language, (pages.START[language], pages.REPORT[language]))
    if not (await walk(opened, itinerary, auditor.feet.pause)).ended:
        return None, found("canary-line")
    receipt = Receipt(auditor.feet.random(ENTROPY))
    waiting = Canary(receipt.entropy, auditor.today)
    try:
        bulletin = await exchange.fetch_bulletin(opened, auditor.root, auditor.clock())
    except TransportFailed:
        return None, found("canary-line")
    except (ProtocolError, VisitError):
        return None, found("canary-keys")
    thread = ReporterKeys.derive(receipt, bulletin.instance).thread_id
    text = canary.text(auditor.key.public, bulletin.instance, thread, bulletin.day, auditor.key.sign)
    sending = Sending(opened, bulletin, Outgoing(receipt, auditor.feet.random(_MESSAGE_ID)), auditor.feet.random)
    try:
        await sending.begin(Message(text, language=language))
        await sending.finish()
    except TransportFailed as error:
        refused = isinstance(error.__cause__, HostNotReady)
        return (None, found("canary-host")) if refused else (waiting, found("canary-line"))
    except (HostFull, ProtocolError, VisitError):
        return None, found("canary-host")
    return waiting, None


async def _read(auditor: Auditor, opened: Window, state: State) -> tuple[list[Finding], State, int | None]:
    """Read all answers in one visit.  Gives what is wrong, who still waits, and when the newest answered one was sent.

    Where a later one was answered and an earlier one was not, that report was lost: the desk opens all that came.
    """
    language = _language(auditor)
    itinerary = Itinerary(language, (pages.START[language], pages.READ[language]), reads=True)
    ended = (await walk(opened, itinerary, auditor.feet.pause)).ended
    now, oldest = auditor.clock(), state.canaries[0].sent_day
    if not ended:  # which is said by itself, and no reason to warn anybody, unless it goes on for days
        waited = auditor.today - oldest > auditor.settings.patience_days
        return [found("canary-read", sent=oldest)] if waited else [], state, None
    try:
        replay = _Replay(opened)
        bulletin = await exchange.fetch_bulletin(replay, auditor.root, now)
        boards = await exchange.fetch_boards(replay, bulletin, now)
    except (ProtocolError, VisitError):
        return [found("canary-read", sent=oldest)], state, None
    read = [
        (one, exchange.read_dialogue(Receipt(one.entropy), bulletin, boards, now), one.sent_day)
        for one in state.canaries
    ]
    answered = max((day for _, dialogue, day in read if _is_answered(dialogue)), default=None)
    full = any(board.head.records == sizes.BOARD_MAX_RECORDS for board in boards)
    open_ones = [(one, dialogue, day) for one, dialogue, day in read if not _is_answered(dialogue)]
    unknown = [day for _, dialogue, day in open_ones if not dialogue.empty]
    lost = [day for _, dialogue, day in open_ones if dialogue.empty and answered is not None and day < answered]
    waiting = [(one, dialogue) for one, dialogue, day in open_ones if dialogue.empty and day not in lost]
    findings = [found("canary-full" if full else "canary-unknown", sent=day) for day in unknown]
    findings += [found("canary-full" if full else "canary-lost", sent=day) for day in lost]
    if waiting:
        findings.append(_of_waiting(auditor, *waiting[0], full=full))
    return findings, replace(state, canaries=tuple(one for one, _ in waiting)), answered


def _is_answered(dialogue: Dialogue) -> bool:
    notes = [note.note for mailbox in dialogue.mailboxes for note in mailbox.notes]
    return Reply(canary.ANSWER) in notes and any(isinstance(note, Acknowledgement) for note in notes)


def _of_waiting(auditor: Auditor, oldest: Canary, dialogue: Dialogue, *, full: bool) -> Finding:
    """What to say of the one that has waited longest.  On a `full` board, what the desk says by itself gives way."""
    days = auditor.today - oldest.sent_day
    if days <= auditor.settings.patience_days:
        return found("canary-waiting", sent=oldest.sent_day)
    if any(mailbox.late for mailbox in dialogue.mailboxes):
        return found("canary-shut", sent=oldest.sent_day, days=days)
    return found("canary-full", sent=oldest.sent_day) if full else found("canary-late", sent=oldest.sent_day, days=days)


def _language(auditor: Auditor) -> str:
    return pages.LANGUAGES[below(len(pages.LANGUAGES), auditor.feet.random)]


class _Replay:
    """What the visit has fetched already, for the reporter's core: nothing is asked for twice."""

    def __init__(self, opened: Window) -> None:
        self._calls = opened.visit.calls

    async def send(self, request: Request) -> Response:
        answer = self._calls[request.path]
        return Response(answer.status, answer.body)
