"""When prekeys are made and when they are destroyed (docs/protocol.md, section 6).  Pure, except that making is random.

A daily prekey seals envelopes of one day.  A fallback key serves the days of an epoch of 32 for which no daily one was
made.  Intake accepts envelopes of day d until d + 7.  The secret dies 7 days after a fetch that was complete once
acceptance had closed, unless fetched envelopes still wait for a handler; at the latest it dies on d + 30.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from dropbox.bureau.keyring import KEY, PublicPrekey, PublisherState, RecipientState, prekey_name, wrap_seed
from dropbox.protocol import sizes
from dropbox.protocol.bulletin import DAILY, DAYS_AHEAD, FALLBACK, FALLBACK_DAYS_AHEAD
from dropbox.protocol.secret_keys import XWingSecretKey

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH_DAYS: Final = 32
KEPT_AFTER_FETCH: Final = 7  # days


@dataclass(frozen=True)
class Made:
    """New prekeys for both keyrings.  The recipient's is saved first: nothing may be sealed to a key without a seed."""

    publics: Mapping[bytes, PublicPrekey]
    seeds: Mapping[bytes, bytes] = field(repr=False)


def epoch_end(day: int) -> int:
    """The last day of the fallback epoch that a day is in."""
    return day // EPOCH_DAYS * EPOCH_DAYS + EPOCH_DAYS - 1


def missing(prekeys: Mapping[bytes, PublicPrekey], today: int) -> list[tuple[str, int]]:
    """(kind, day) of each prekey that should exist today and does not."""
    have = {(one.kind, one.day) for one in prekeys.values()}
    wanted = [(DAILY, day) for day in range(today, today + DAYS_AHEAD + 1)]
    epochs = sorted({epoch_end(day) for day in range(today, today + FALLBACK_DAYS_AHEAD + 1)})
    wanted += [(FALLBACK, end) for end in epochs]
    return [one for one in wanted if one not in have]


def make(wanted: list[tuple[str, int]], random: Callable[[int], bytes]) -> Made:
    """Prekeys for these kinds and days."""
    publics, seeds = {}, {}
    for kind, day in wanted:
        secret, wrap = XWingSecretKey.generate(random), random(KEY)
        public = secret.public
        name = prekey_name(public)
        publics[name] = PublicPrekey(kind, day, public, wrap)
        seeds[name] = wrap_seed(wrap, name, secret.seed)
    return Made(publics, seeds)


def for_day(prekeys: Mapping[bytes, PublicPrekey], day: int) -> PublicPrekey | None:
    """The prekey that the bulletin of this day should name: its own, else its epoch's, else None."""
    for kind, of_day in ((DAILY, day), (FALLBACK, epoch_end(day))):
        for one in prekeys.values():
            if (one.kind, one.day) == (kind, of_day):
                return one
    return None


def acceptance_closed(day: int, now: int) -> bool:
    """Whether intake takes no envelope of this day any more, clocks being 12 hours apart at most."""
    return now >= (day + sizes.ACCEPTED_DAYS + 1) * sizes.DAY + sizes.CLOCK_TOLERANCE


def mark_fetched(prekeys: Mapping[bytes, PublicPrekey], now: int) -> dict[bytes, PublicPrekey]:
    """The prekeys after a complete fetch that began at `now`."""
    today = now // sizes.DAY
    return {
        name: replace(one, closed_day=today) if one.closed_day is None and acceptance_closed(one.day, now) else one
        for name, one in prekeys.items()
    }


def doomed(prekeys: Mapping[bytes, PublicPrekey], today: int, waiting: Collection[bytes]) -> set[bytes]:
    """The prekeys to destroy today.  `waiting` names those to which a fetched, unopened envelope is sealed."""
    return {
        name
        for name, one in prekeys.items()
        if today >= one.day + sizes.PREKEY_LAST_DAY
        or (one.closed_day is not None and today >= one.closed_day + KEPT_AFTER_FETCH and name not in waiting)
    }


def without(state: PublisherState, names: Collection[bytes]) -> PublisherState:
    """The publisher's keyring once these prekeys are destroyed: from then on the seeds open for nobody."""
    return replace(state, prekeys={name: one for name, one in state.prekeys.items() if name not in names})


def tidied(recipient: RecipientState, publisher: PublisherState) -> RecipientState:
    """The recipient's keyring without seeds that were destroyed while it was locked."""
    return replace(
        recipient, prekeys={name: seed for name, seed in recipient.prekeys.items() if name in publisher.prekeys}
    )
