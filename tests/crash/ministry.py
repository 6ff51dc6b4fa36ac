"""The ministry's end of the two mailboxes: collects cards, answers each, and writes down what it has."""

import hashlib
import json
from typing import Final

from dropbox.protocol import labels, sizes
from dropbox.protocol.card import Card, Dummy, Outcome, Referral, card_info, read_card, seal_card
from dropbox.protocol.decapsulation import hpke_open
from tests.bureau.office import CARDS, Office
from tests.crash.journal import Journal

STATE: Final = "investigating"


class Ministry:
    """Comes now and then. What it has collected it keeps; what was not acknowledged it sends again, byte for byte."""

    def __init__(self, office: Office, journal: Journal, desk: tuple[bytes, bytes]) -> None:
        self._office, self._journal = office, journal
        self._signer, self._box = desk

    async def visit(self) -> None:
        """Collect what waits, confirm it, answer every card that has no answer yet."""
        async with self._office.ministry() as courier:
            keys = json.loads(await courier.get("/v1/cards"))["keys"]
            for key in keys:
                body = await courier.get(f"/v1/cards/{key}")
                self._keep(key, body)
            await courier.post("/v1/cards/confirmations", json.dumps({"keys": keys}).encode())
            for reference in self.collected():
                name = hashlib.sha256(bytes.fromhex(reference)).hexdigest()[:32]
                await courier.put(f"/v1/outcomes/{name}", self._answer(reference))
                self._journal.note("outcome-sent", reference=reference)

    def collected(self) -> dict[str, str]:
        """The references of the cards that came and have no acknowledged answer, with their summaries."""
        answered = {line["reference"] for line in self._journal.lines("outcome-sent")}
        return {
            line["reference"]: line["summary"]
            for line in self._journal.lines("card")
            if line["reference"] not in answered
        }

    def _keep(self, key: str, body: bytes) -> None:
        instance, box = self._office.root.public.instance, self._office.ministry_box
        digest = hashlib.sha256(body).hexdigest()
        for at in range(0, len(body), sizes.CARD):
            plaintext = hpke_open(box, card_info(instance, box.public), body[at : at + sizes.CARD])
            card = read_card(plaintext, instance, box.public, (self._signer,), labels.SIGN_CARD, Referral)
            if isinstance(card, Referral):
                reference = card.reference.hex()
                self._journal.note("card", reference=reference, summary=card.summary, batch=key, digest=digest)

    def _answer(self, reference: str) -> bytes:
        begun = {line["reference"]: line["body"] for line in self._journal.lines("outcome-sending")}
        if reference not in begun:
            answer = Outcome(bytes.fromhex(reference), 1, STATE, "", "We look into it.")
            cards: list[Card] = [answer, *(Dummy() for _ in range(CARDS - 1))]
            sign, instance = self._office.ministry_outcome.sign, self._office.root.public.instance
            body = b"".join(seal_card(card, instance, self._box, sign) for card in cards)
            self._journal.note("outcome-sending", reference=reference, body=body.hex())
            return body
        return bytes.fromhex(begun[reference])
