"""What only the signed documents of another visit can vouch for: code and announcements of a visit that read nothing.

They are held against what the bureau signed when it was last read, and where that was something else, they wait for
the next reading: the bureau may have replaced it in between.  What neither of the two vouches for was the host's own.
Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dropbox.auditor import pages
from dropbox.auditor.findings import Finding, found
from dropbox.auditor.state import Held, State

if TYPE_CHECKING:
    from dropbox.auditor.visiting import Visit

SCRIPT: Final = "script"
ANYTHING: Final = b""  # a bulletin that vouches for no code
_OK: Final = 200


def notices_name(language: str) -> str:
    """Of what the bureau announces in a language."""
    return f"notices/{language}"


def of_notices(texts: Sequence[str]) -> bytes:
    """What stands for an announcement, paragraph by paragraph."""
    return hashlib.sha256("\0".join(texts).encode()).digest()


def hold(state: State, visit: Visit, signed: Mapping[str, bytes], today: int) -> tuple[State, list[Finding]]:
    """What the visit brought, held against what it read (`signed`, by name) or what was read before.

    What was compared within the visit is not compared again here.
    """
    findings = [
        _finding(one.name) for one in state.waiting if one.name in signed and _is_foreign(one, state, signed, today)
    ]
    state = replace(
        state,
        waiting=tuple(one for one in state.waiting if one.name not in signed),
        vouched={**state.vouched, **signed},
    )
    new = {Held(today, name, value) for name, value in _brought(visit) if name not in signed}
    waiting = {one for one in new if state.vouched.get(one.name) not in {one.value, ANYTHING}}
    return state.with_waiting(waiting), findings


def not_settled(before: State, state: State) -> list[Finding]:
    """What is other than what was read before, and may be new."""
    new = sorted({one.name for one in state.waiting if one not in before.waiting and one.name in state.vouched})
    return [found("bundle-new") if name == SCRIPT else found("notices-new", page=_page(name)) for name in new]


def _is_foreign(one: Held, state: State, signed: Mapping[str, bytes], today: int) -> bool:
    """Whether nobody vouches for it: neither what was read before nor this.  Where nothing was read before, the bureau
    may have replaced what vouched for it on an earlier day; on one day it is not believed to have done so.
    """
    vouched = {signed[one.name], state.vouched.get(one.name)}
    return not vouched & {one.value, ANYTHING} and (one.name in state.vouched or one.day == today)


def _brought(visit: Visit) -> Iterable[tuple[str, bytes]]:
    for path, answer in visit.files.items():
        if pages.SCRIPT.fullmatch(path) and answer.status == _OK:
            yield SCRIPT, hashlib.sha256(answer.body).digest()
    languages = {path: language for language, path in pages.START.items()}
    for seen in visit.pages:
        # Of a page that broke off, what is there was shown; that nothing is there means nothing.
        if seen.path in languages and seen.fetched.status == _OK and (seen.whole or seen.page.notices):
            yield notices_name(languages[seen.path]), of_notices(seen.page.notices)


def _page(name: str) -> str:
    return pages.START[name.rpartition("/")[2]]


def _finding(name: str) -> Finding:
    return found("bundle-unsigned") if name == SCRIPT else found("notices-other", page=_page(name))
