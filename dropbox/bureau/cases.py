"""Which dialogue a message belongs to.  Pure.

What a message claims is believed as far as it is proven, and nothing that it brings changes the keys of a dialogue:

    keys  thread    MAC    other                    what happens
    ----  --------  -----  -----------------------  ------------------------------------------
    yes   unknown   good                            a new case with a thread
    yes   unknown   bad                             a case of its own, flagged `bad-mac`
    yes   known     good   the same keys            goes on in its case
    yes   known     any    other keys               a case of its own, flagged `other-keys`
    yes   unknown   any    another thread's tag key a case of its own, flagged `other-keys`
    yes   any       any    none for this recipient  a case of its own, flagged `no-keys`
    no    known     good                            goes on in its case
    no    known     bad                             a case of its own, flagged `bad-mac`
    no    unknown   any                             a case of its own, flagged `unknown-thread`

Two threads under one tag key would put two records in one place of the board, and no board could be made any more.

A thread that was discarded stays so until no envelope of its time can be opened (`dossiers.forget_discarded`): what
comes again of it is a duplicate, and what is new, also with keys, is a case of its own, flagged `unknown-thread`.

A message that was opened before, by thread, message id and content, is a duplicate.  The content counts: a reporter
whose line broke gets the form back, may add to it, and sends it under the same id; then both are shown.  What was
flagged is remembered apart from what was proven: nobody can make a later, genuine message look like a duplicate.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from dropbox.bureau.dossiers import Dossier
from dropbox.bureau.keyring import ThreadKeys
from dropbox.bureau.views import CaseStatus, Flag
from dropbox.protocol import primitives
from dropbox.protocol.payload import Head, Message
from dropbox.protocol.thread import ReplyKeys

SEEN: int = 16


@dataclass(frozen=True)
class NewThread:
    """The first message of a dialogue."""

    keys: ReplyKeys


@dataclass(frozen=True)
class Continues:
    """A further message of a known dialogue."""

    thread: ThreadKeys


@dataclass(frozen=True)
class Alone:
    """Shown as a report of its own that cannot be answered."""

    flag: Flag


Route = NewThread | Continues | Alone


def route(
    head: Head,
    recipient: bytes,
    thread: ThreadKeys | None,
    authentic: Callable[[bytes], bool],
    tag_keys: Container[bytes],
) -> Route:
    """Where the message goes.  `thread` is what the keyring has for its thread id; `authentic` checks its MAC;
    `tag_keys` are those of all threads.
    """
    if not head.first:
        if thread is None:
            return Alone(Flag.UNKNOWN_THREAD)
        return Continues(thread) if authentic(thread.auth) else Alone(Flag.BAD_MAC)
    own = next((keys for keys in head.reply_keys if keys.recipient == recipient), None)
    if own is None:
        return Alone(Flag.NO_KEYS)
    if own.tag_key in tag_keys if thread is None else not thread.same_keys(head.auth, own):
        return Alone(Flag.OTHER_KEYS)
    if not authentic(head.auth):
        return Alone(Flag.BAD_MAC)
    return NewThread(own) if thread is None else Continues(thread)


def thread_mark(seen_key: bytes, thread_id: bytes) -> bytes:
    """16 bytes that name a thread among what was seen.  They outlive it: a discarded one is not begun anew."""
    return primitives.hmac_sha256(seen_key, b"thread-mark\0" + thread_id)[:SEEN]


def seen_name(seen_key: bytes, head: Head, content_hash: bytes, where: Route | None) -> bytes:
    """16 bytes that name the message among those opened before; they tell nothing without the key.

    Without a route: as a proven message of its thread.
    """
    domain = str(where.flag) if isinstance(where, Alone) else "thread"
    name = domain.encode() + b"\0" + head.thread_id + head.message_id + content_hash
    return primitives.hmac_sha256(seen_key, name)[:SEEN]


def begun(message: Message, thread_id: bytes | None, flag: Flag | None, day: int) -> Dossier:
    """A case before its first message is counted."""
    return Dossier(
        thread="" if thread_id is None else thread_id.hex(),
        flag="" if flag is None else str(flag),
        status=str(CaseStatus.RECEIVED),
        category=message.category,
        language=message.language,
        ongoing=message.ongoing,
        received_day=day,
        last_day=day,
        messages=0,
        files=0,
    )
