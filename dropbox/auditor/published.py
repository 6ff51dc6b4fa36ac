"""What the bureau signs and the host serves to everybody: bulletin, boards, publication.  Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dropbox.auditor import holding, pages
from dropbox.auditor.findings import Finding, found
from dropbox.auditor.state import RECORD_HASH, Issue, State
from dropbox.protocol import board_head, keys, sizes
from dropbox.protocol.board import BoardIndex
from dropbox.protocol.bulletin import Bulletin, verify_stored_bulletin
from dropbox.protocol.errors import (
    BadSignature,
    Malformed,
    OutsideDates,
    ProtocolError,
    WrongInstance,
)
from dropbox.protocol.observation import Sighting
from dropbox.protocol.publication import Publication, verify_publication
from dropbox.reporter import session
from dropbox.reporter.errors import HostNotReady, VisitError
from dropbox.reporter.exchange import split_boards
from dropbox.reporter.transport import Response

if TYPE_CHECKING:
    from dropbox.auditor.visiting import Visit
    from dropbox.protocol.board_head import SignedBoard
    from dropbox.protocol.cosignature import Quorum
    from dropbox.protocol.keys import RootPublicKey


_NONE: Final = bytes(sizes.SHA256)


def _day(bulletin: Sighting) -> int:
    return int(bulletin.name.partition("/")[0])


class Publics:
    """One visit's reading of them, against the state of the visits before."""

    def __init__(
        self, root: RootPublicKey, state: State, now: int, quorum: Quorum | None, cosignatures: Sequence[bytes]
    ) -> None:
        self._root, self.state, self._now, self._today = root, state, now, now // sizes.DAY
        self._quorum, self._cosignatures = quorum, cosignatures
        self.findings: list[Finding] = []
        self.sightings: list[Sighting] = []
        self.bulletins: dict[tuple[int, int], bytes] = {}
        self.signed: dict[str, bytes] = {}  # what vouches for code and announcements, by `holding`'s names

    def look(self, visit: Visit) -> None:
        """Everything that a reading visit brought; nothing where the visit read nothing."""
        body = self._body(visit, session.BULLETIN.path, "bulletin-missing")
        bulletin = None if body is None else self._bulletin(body)
        if bulletin is None:
            return
        self._code(visit, bulletin)
        if (body := self._body(visit, session.PUBLICATION.path, "publication-missing")) is not None:
            self._publication(body, bulletin, visit)
        if (body := self._body(visit, session.BOARDS.path, "board-missing")) is not None:
            self._boards(body, bulletin)

    def _body(self, visit: Visit, path: str, missing: str) -> bytes | None:
        answer = visit.calls.get(path)
        if answer is None:
            return None
        try:
            return session.body_of(Response(answer.status, answer.body))
        except HostNotReady:
            self._say(missing)
        except VisitError:
            self._say("answer-refused", request=path, status=answer.status)
        return None

    def _say(self, code: str, **values: object) -> None:
        self.findings.append(found(code, **values))

    # --------------------------------------------------------------------------------------------------- bulletins

    def _bulletin(self, body: bytes) -> Bulletin | None:
        try:
            bulletin = verify_stored_bulletin(body, self._root)
        except WrongInstance:
            self._say("bulletin-instance")
        except ProtocolError:
            self._say("bulletin-invalid")
        else:
            try:
                bulletin.require_current(self._now)
            except OutsideDates:
                self._say("bulletin-dates", served=bulletin.day, today=self._today)
                return None
            self._chain(bulletin)
            self._cosigned(bulletin)
            self.sightings.append(
                Sighting(self._today, "bulletin", f"{bulletin.day}/{bulletin.revision}", bulletin.hash)
            )
            self.bulletins[bulletin.day, bulletin.revision] = body
            return bulletin
        return None

    def _hashes(self, day: int) -> set[bytes]:
        """Of the bulletins of a day that were seen."""
        return {one.value for one in self._bulletins() if _day(one) == day}

    def _bulletins(self) -> list[Sighting]:
        return [one for one in (*self.state.sightings, *self.sightings) if one.kind == "bulletin"]

    def _chain(self, bulletin: Bulletin) -> None:
        place, chain = (bulletin.day, bulletin.revision), self.state.chain
        if chain and place < max(chain):
            self._say("bulletin-back", served=bulletin.day, seen=max(chain)[0])
        before = self._hashes(bulletin.day - 1)
        older = {one.value for one in self._bulletins() if _day(one) < bulletin.day - 1}
        if (before and bulletin.previous not in before) or bulletin.previous in older:
            self._say("chain-broken", served=bulletin.day)
        elif older and bulletin.previous == _NONE:
            self._say("chain-anew", served=bulletin.day)
        self.state = replace(self.state, chain={**chain, place: bulletin.previous})

    def _cosigned(self, bulletin: Bulletin) -> None:
        if self._quorum is None:
            return
        try:
            self._quorum.require(bulletin, self._cosignatures)
        except OutsideDates:
            self._say("witnesses-newer", served=bulletin.day)
        except BadSignature:
            self._say("witnesses-few", needed=self._quorum.needed, served=bulletin.day)

    def _code(self, visit: Visit, bulletin: Bulletin) -> None:
        """The code that was got is the code that the bureau vouches for."""
        bundle = bulletin.browser_bundle
        self.signed[holding.SCRIPT] = bytes.fromhex(bundle) if bundle else holding.ANYTHING
        for path, answer in visit.files.items():
            digest = hashlib.sha256(answer.body).hexdigest()
            if pages.SCRIPT.fullmatch(path) and bundle and digest != bundle:
                self._say("bundle-other", served=bulletin.day)

    # ------------------------------------------------------------------------------------------------- publication

    def _publication(self, body: bytes, bulletin: Bulletin, visit: Visit) -> None:
        try:
            publication = verify_publication(body, bulletin.keys_for(keys.Role.PUBLICATION), bulletin.instance)
            publication.require_valid(self._today)
        except OutsideDates:
            self._say("publication-dates")
            return
        except ProtocolError:
            self._say("publication-invalid")
            return
        if publication.sequence < self.state.sequence:
            self._say("publication-back", issued=publication.issued_day)
        self.state = replace(self.state, sequence=max(publication.sequence, self.state.sequence))
        digest = hashlib.sha256(body).digest()
        self.sightings.append(Sighting(self._today, "publication", str(publication.sequence), digest))
        self._notices(publication, visit)

    def _notices(self, publication: Publication, visit: Visit) -> None:
        """The first page announces what the bureau signed; that no other page announces anything, `checks` sees to."""
        for language, path in pages.START.items():
            signed = tuple(one.text for one in publication.notices if one.language == language)
            self.signed[holding.notices_name(language)] = holding.of_notices(signed)
            for seen in visit.pages:
                if seen.path == path and seen.page.notices != signed:
                    self._say("notices-other", page=path)

    # ------------------------------------------------------------------------------------------------------ boards

    def _boards(self, body: bytes, bulletin: Bulletin) -> None:
        try:
            parts = split_boards(body)
        except Malformed:
            self._say("board-invalid")
            return
        if len(parts) != len(bulletin.recipients):
            self._say("board-missing")
            return
        for recipient, data in zip(bulletin.recipients, parts, strict=True):
            self._board(data, bulletin, recipient.identity)

    def _board(self, data: bytes, bulletin: Bulletin, recipient: bytes) -> None:
        try:
            board = board_head.verify_board(data, bulletin.keys_for(keys.Role.BOARD), bulletin.instance)
        except WrongInstance:
            self._say("board-instance")
            return
        except ProtocolError:
            self._say("board-invalid")
            return
        try:
            if board.head.recipient != recipient:
                raise Malformed("the boards are not in the order of the bulletin")
            board_head.require_valid(board.head, self._now)
            BoardIndex(board)
        except OutsideDates:
            self._say("board-dates", issued=board.head.issued_day, today=self._today)
        except ProtocolError:
            self._say("board-invalid")
        else:
            self._issued(board, bulletin)

    def _issued(self, board: SignedBoard, bulletin: Bulletin) -> None:
        head = board.head
        if head.late(self._now, bulletin.board_period):
            self._say("board-late", issued=head.issued_day)
        of_day = self._hashes(head.issued_day)
        if of_day and head.bulletin_hash not in of_day:
            self._say("board-bulletin", issued=head.issued_day)
        records = frozenset(
            hashlib.sha256(board.records[at : at + sizes.RECORD]).digest()[:RECORD_HASH]
            for at in range(0, len(board.records), sizes.RECORD)
        )
        before = self.state.issues.get(head.recipient, ())
        if any(one.next_due > head.next_due for one in before):
            self._say("board-back", issued=head.issued_day)
        if any(one.salt != head.salt and one.records & records for one in before):
            self._say("records-repeated", issued=head.issued_day)
        self.state = self.state.with_issue(head.recipient, Issue(head.next_due, head.salt, records))
        # Neither salt nor hash nor hour: whoever issued the board would know from them when this visit was.
        name = f"{head.recipient.hex()}/{head.issued_day}"
        self.sightings.append(Sighting(self._today, "board", name, head.bulletin_hash))
