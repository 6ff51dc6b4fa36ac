"""What goes out on the clock, also while nobody is signed in: bulletins, the board, the publication.

Needs the publisher's keyring only, and reads nothing.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dropbox.bureau import bulletins, certificates, ledger, prekeys, saving, store
from dropbox.bureau.errors import NotCertifiedError
from dropbox.bureau.host import Host
from dropbox.bureau.keyring import BoardMark, PublisherState, prekey_name
from dropbox.bureau.ledger import ADOPTED, CANARY, RECORD_DAYS, Record
from dropbox.bureau.settings import Settings
from dropbox.bureau.store import State
from dropbox.bureau.vault import Vault
from dropbox.protocol import sizes
from dropbox.protocol.board import BoardIndex, assemble, padded_count
from dropbox.protocol.board_head import SALT, BoardHead, append_signature, verify_board
from dropbox.protocol.bulletin import DAILY, DAYS_AHEAD, FALLBACK_DAYS_AHEAD, Bulletin
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Role
from dropbox.protocol.publication import NoticeText, Publication, sign_publication
from dropbox.protocol.secret_keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Clock = Callable[[], int]
    Random = Callable[[int], bytes]

logger = logging.getLogger("dropbox.bureau")

BELIEVED_DAYS: Final = 7  # a board may be believed so long after the next one was due
FLOOR_DAYS: Final = 180  # a board does not shrink within these
PUBLICATION_DAYS: Final = 30  # without a newer one, pages stop showing it after these
FAILURE_DAYS: Final = 60  # a failure stays on the handler's screen so long after its prekey died
TRUSTED_DAYS: Final = 30  # so long the clock is believed without a complete fetch: as long as a prekey may live
WARNED_DAYS: Final = 7  # what the host once did with a board is shown so long, though it has taken others since
LEAP_SECONDS: Final = 60  # the clock may stand still or go back so far and nothing is said
_ABOUT_THE_BOARD: Final = frozenset({"board-missing", "board-forged", "board-rolled-back"})
_NOTHING: Final = bytes(16)


class Publisher:
    """Signs and sends.  Every sending method raises CourierError and may be repeated."""

    def __init__(self, vault: Vault, settings: Settings, clock: Clock, random: Random) -> None:
        """Work on this vault."""
        self._vault, self._settings, self._clock, self._random = vault, settings, clock, random
        self._published: tuple[int, int] | None = None  # day and mailboxes_read_day of the last publication
        self._offered, self._offered_day = True, 0
        self._latest = 0  # the latest time at which a board was issued
        self._distrusted_day = 0  # of the last reading of the published board
        self.warnings: set[str] = set()

    @property
    def state(self) -> PublisherState:
        """The publisher's keyring."""
        return self._vault.publisher.state

    @property
    def today(self) -> int:
        """The UTC day."""
        return self._clock() // sizes.DAY

    @property
    def clock_is_plausible(self) -> bool:
        """Whether this machine's clock can be right.

        Intake takes no request whose time is minutes off, so a complete fetch proves the clock of that day.  A clock
        that jumped a year ahead would otherwise destroy every prekey and every record in one round.
        """
        return self.state.clock_day - 1 <= self.today <= self.state.clock_day + TRUSTED_DAYS

    @property
    def next_due(self) -> int:
        """When the next board comes out: the next multiple of the period."""
        period = self._settings.board_period
        return (self._clock() // period + 1) * period

    # -------------------------------------------------------------------------------------------- bulletins

    async def make_bulletins(self) -> None:
        """Sign what the coming days lack.  Raises NotCertifiedError when today can have none."""
        today, root = self.today, self._settings.root
        async with self._vault.changing:
            async with self._vault.database.read() as connection:
                have = await bulletins.archived(connection, root, today - 1, today + FALLBACK_DAYS_AHEAD)
                first = await bulletins.first_revision(connection, self._vault.storage_key)
            period = self._settings.board_period
            draft = bulletins.Draft(self.state, self._certificates(), root.instance, period, first)
            made = bulletins.due(have, draft, today)
            async with self._vault.database.write() as connection:
                for bulletin, body in made:
                    await bulletins.keep(connection, bulletin, body)
                await bulletins.drop_old(connection, today)
        if today not in have and all(bulletin.day != today for bulletin, _ in made):
            raise NotCertifiedError("No bulletin can be signed for today: a key or a certificate for it is missing.")

    async def send_bulletins(self, host: Host) -> None:
        """Give intake what it lacks, as far as it is known here.

        Once a day, and after a start, those of today and tomorrow go again: intake may have been put back to a day
        before they were revised.  Everything goes again when intake shows that it was made anew.
        """
        database = self._vault.database
        if not self._offered or self._offered_day != self.today:
            async with database.write() as connection:
                last = self.today + (1 if self._offered else FALLBACK_DAYS_AHEAD)
                await bulletins.mark_unsent(connection, self.today, last)
            self._offered, self._offered_day = True, self.today
        async with database.read() as connection:
            waiting = await bulletins.unsent(connection, self.today)
        sent: list[tuple[int, int]] = []
        try:
            for day, revision, body in waiting:
                await host.put_bulletin(day, revision, body)
                sent.append((day, revision))
        finally:
            if sent:
                async with database.write() as connection:
                    await bulletins.mark_sent(connection, sent)

    def offer_again(self) -> None:
        """Intake lacks something that it was given: it was made anew, or put back, and gets everything again."""
        self._offered, self._published = False, None

    async def daily_bulletins(self) -> int:
        """How many days from today on have a bulletin with a key of its own."""
        async with self._vault.database.read() as connection:
            have = await bulletins.archived(connection, self._settings.root, self.today, self.today + DAYS_AHEAD)
        days = 0
        while self.today + days in have and have[self.today + days].kind == DAILY:
            days += 1
        return days

    # ------------------------------------------------------------------------------------------------ board

    async def recover_board(self, host: Host) -> None:
        """After a start: read the last published board and take back every record that the vault lacks.

        A vault that was restored is behind its own board.  Until this has returned nothing may be sealed.  A board
        older than the last one issued here, or none, is the host's doing: it is noted, and believed in nothing.
        """
        data = await host.board(self.state.recipient)
        # By what the host is known to have taken: a board that never reached it is not kept back by it.
        mark = self.state.accepted_board
        self._distrusted_day = self.today
        self.warnings -= _ABOUT_THE_BOARD
        if data is None:
            self.warnings |= {"board-missing"} if mark else set()
            self.offer_again()
            return
        publics = (SigningKey(Role.BOARD, self.state.board_seed).public,)
        try:
            board = BoardIndex(verify_board(data, publics, self._settings.root.instance))
        except ProtocolError:
            self.warnings.add("board-forged")
            return
        if board.head.recipient != self.state.recipient or (mark and board.head.next_due < mark.next_due):
            self.warnings.add("board-rolled-back")
            self.offer_again()
            return
        walked = await asyncio.to_thread(self._walked, board)  # hundreds of numbers of each thread
        async with self._vault.changing, self._vault.database.write() as connection:
            key = self._vault.storage_key
            have = {(one.reference, one.number) for one in await ledger.records(connection, key)}
            known = await ledger.next_numbers(connection, key)
            # A number below the next one is not missing: this vault dropped its record, and stopped before the board
            # without it was out.
            missing = [one for one in walked if one.number >= known.get(one.reference, 0)]
            await ledger.note_next(connection, key, {one.reference: one.number + 1 for one in missing})
            await ledger.add(connection, key, [one for one in missing if (one.reference, one.number) not in have])

    def _walked(self, board: BoardIndex) -> list[Record]:
        """Every live record of every thread, those of a thread in ascending order."""
        expires = self.today + RECORD_DAYS
        return [
            Record(self._random(16), reference, number, inner, ADOPTED, _NOTHING, expires, board.head.issued_day)
            for reference, tag_key in self.state.tag_keys.items()
            for number, inner in board.walk(tag_key)
        ]

    def _watch_clock(self) -> None:
        """Say when the clock went back: a second more or less is a leap second, and said to nobody."""
        mark, now = self.state.last_board, self._clock()
        latest = max(self._latest, 0 if mark is None else mark.issued_day * sizes.DAY)
        self.warnings -= {"clock-back"}
        self.warnings |= {"clock-back"} if now + LEAP_SECONDS < latest else set()
        self._latest = max(latest, now)

    async def issue_board(self, host: Host) -> None:
        """All live records anew under a fresh salt, signed and sent.

        It is never due earlier than one that was issued before: intake would refuse it, and where the clock went back
        no board would come out until the time has been made up.
        """
        self._watch_clock()
        bulletin = await self._todays_bulletin()
        mark = self.state.last_board
        next_due = max(self.next_due, 0 if mark is None else mark.next_due)
        async with self._vault.changing:
            live = await self._live()
            head = await self._head(bulletin, len(live), next_due)
            body = self._board(head, live)
            mark = self.state.last_board
        await host.put_board(self.state.recipient, body)
        await self._mark_accepted(mark)
        await self._mark_published(live)

    async def _todays_bulletin(self) -> Bulletin:
        async with self._vault.database.read() as connection:
            have = await bulletins.archived(connection, self._settings.root, self.today, self.today)
        if self.today not in have:
            raise NotCertifiedError("No bulletin can be signed for today: a key or a certificate for it is missing.")
        return have[self.today]

    async def _live(self) -> list[Record]:
        """The records of this board, once the expired ones are dropped.

        What a message was acknowledged with waits until a backup has the message: reporters destroy their own copy of
        what they are told has arrived.  Until then their thread keeps all that it has.  So does the answer to a canary:
        one without the other would tell an auditor of a desk that does not know it.
        """
        key, backed_up = self._vault.storage_key, self._vault.backed_up
        async with self._vault.database.write() as connection:
            found = await ledger.records(connection, key)
            new = ledger.new_acknowledgements(found)
            early = {one.name: one.reference for one in new if backed_up is not None and one.name not in backed_up}
            held = set(early.values())
            early |= {one.name: one.reference for one in found if one.kind == CANARY and one.reference in held}
            over = {one.reference for one in found if one.is_over(self.today)}.difference(early.values())
            due = [one for one in found if one.reference in over]
            going = ledger.expired(due, await ledger.next_numbers_of(connection, key, over), self.today)
            await ledger.drop(connection, going)
        gone = going | early.keys()
        live = [one for one in found if one.name not in gone and one.reference in self.state.tag_keys]
        if len(live) <= sizes.BOARD_MAX_RECORDS:
            self.warnings.discard("board-full")
            return live
        # A flood of reports swells the board with what the desk says by itself: that gives way, and replies never do.
        self.warnings.add("board-full")
        return ledger.fitting(live, sizes.BOARD_MAX_RECORDS)

    async def _head(self, bulletin: Bulletin, live: int, next_due: int) -> BoardHead:
        """The head of a board of so many live records; that it comes is remembered first."""
        today, state = self.today, self.state
        recent = {size: day for size, day in state.board_sizes.items() if day > today - FLOOR_DAYS}
        count = padded_count(live, max(recent, default=0))
        # How large it is by need, not by the floor: the floor would otherwise prolong itself for ever.
        board_sizes = {**recent, padded_count(live, 0): today}
        mark = BoardMark(today, next_due)
        if (state.last_board, dict(state.board_sizes)) != (mark, board_sizes):
            await saving.save(self._vault.publisher, replace(state, board_sizes=board_sizes, last_board=mark))
        return BoardHead(
            instance=self._settings.root.instance,
            recipient=state.recipient,
            salt=self._random(SALT),
            issued_day=today,
            next_due=next_due,
            valid_until=next_due + BELIEVED_DAYS * sizes.DAY,
            bulletin_hash=bulletin.hash,
            records=count,
        )

    def _board(self, head: BoardHead, live: Sequence[Record]) -> bytes:
        state = self.state
        triples = [(state.tag_keys[one.reference], one.number, one.inner) for one in live]
        unsigned = assemble(head, triples, self._random)
        return append_signature(unsigned, SigningKey(Role.BOARD, state.board_seed).sign(unsigned))

    async def _mark_accepted(self, mark: BoardMark | None) -> None:
        async with self._vault.changing:
            if self.state.accepted_board != mark:
                await saving.save(self._vault.publisher, replace(self.state, accepted_board=mark))
        if self.today >= self._distrusted_day + WARNED_DAYS:
            self.warnings -= _ABOUT_THE_BOARD

    async def _mark_published(self, live: Sequence[Record]) -> None:
        fresh = {one.name for one in live if one.published_day is None}
        if not fresh:
            return
        key = self._vault.storage_key
        async with self._vault.changing, self._vault.database.write() as connection:
            # As they are now: one may have been replaced, or read, while the board was on its way.
            out = [replace(one, published_day=self.today) for one in await ledger.records_named(connection, key, fresh)]
            await ledger.change(connection, key, *out)
            await ledger.post(connection, key, [one.item for one in out], self.today)

    # ------------------------------------------------------------------------------------------ publication

    async def publish(self, host: Host) -> None:
        """The publication, when the day or what it says has changed."""
        wanted = (self.today, self.state.mailboxes_read_day)
        if self._published == wanted:
            return
        async with self._vault.changing:
            await saving.save(self._vault.publisher, replace(self.state, sequence=self.state.sequence + 1))
        publication = Publication(
            instance=self._settings.root.instance,
            sequence=self.state.sequence,
            issued_day=self.today,
            valid_until_day=self.today + PUBLICATION_DAYS,
            mailboxes_read_day=self.state.mailboxes_read_day,
            notices=tuple(NoticeText(language, text) for language, text in self._settings.notices),
            facts=self._settings.facts,
        )
        key = SigningKey(Role.PUBLICATION, self.state.publication_seed)
        await host.put_publication(sign_publication(publication, key.sign))
        self._published = wanted

    # --------------------------------------------------------------------------------------------- prekeys

    async def fetched(self, began: int) -> None:
        """A fetch that began at this time was complete."""
        async with self._vault.changing:
            state = replace(self.state, prekeys=prekeys.mark_fetched(self.state.prekeys, began), clock_day=self.today)
            if state != self.state:
                await saving.save(self._vault.publisher, state)

    async def destroy_prekeys(self) -> None:
        """Destroy what is due, and let go of envelopes that nothing can open any more."""
        async with self._vault.changing:
            doomed = prekeys.doomed(self.state.prekeys, self.today, await self._waited_for())
            if doomed:
                await saving.save(self._vault.publisher, prekeys.without(self.state, doomed))
                if self._vault.recipient is not None:
                    keyring = self._vault.recipient
                    await saving.save(keyring, prekeys.tidied(keyring.state, self.state))
            await self._let_go()

    async def _waited_for(self) -> set[bytes]:
        async with self._vault.database.read() as connection:
            waiting = await store.envelopes(connection, State.WAITING)
            return {
                name
                for day, revision in {(one.day, one.revision) for one in waiting}
                for name in self._names(await bulletins.find(connection, self._settings.root, day, revision))
            }

    def _names(self, bulletin: Bulletin | None) -> set[bytes]:
        recipients = bulletin.recipients if bulletin else ()
        return {prekey_name(one.prekey) for one in recipients if one.identity == self.state.recipient}

    async def _let_go(self) -> None:
        async with self._vault.database.write() as connection:
            for one in await store.envelopes(connection, State.WAITING, State.FAILED):
                bulletin = await bulletins.find(connection, self._settings.root, one.day, one.revision)
                alive = self._names(bulletin) & self.state.prekeys.keys()
                kept = sizes.PREKEY_LAST_DAY if bulletin is None else sizes.ACCEPTED_DAYS
                if not alive and self.today > one.day + kept:
                    reason = one.reason or "no-prekey"
                    await store.fail(connection, one.envelope, reason, self.today)
                    await store.move(connection, [one.envelope], State.GONE)
            over = await store.envelopes(connection, State.FORGOTTEN)
            await store.forget(connection, [one.envelope for one in over if self.today > one.day + FAILURE_DAYS])

    def _certificates(self) -> certificates.Certificates:
        return certificates.load(self._settings.keys_dir, self._settings.root)
