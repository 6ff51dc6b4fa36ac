"""One small instance with fixed keys: what the targets alter, sign again, and hand to the parsers."""

from functools import cache

from dropbox.courier.signing import CourierKey
from dropbox.protocol import board, documents
from dropbox.protocol.board_head import BoardHead, append_signature
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.card import Outcome, Referral
from dropbox.protocol.keys import Role
from dropbox.protocol.publication import Adviser, NoticeText, Publication
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.reply import Acknowledgement, CaseStatus, Note, Notice, Question, Reply, Status, encode_note
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey
from dropbox.protocol.thread import Link, ReporterKeys, advance, seal_record
from tests.simulators.basics import FIRST_DAY, Clock, Seeded
from tests.simulators.bureau import SimulatedBureau

DAY = FIRST_DAY
NOW = Clock().now

random = Seeded("fuzz")
bureau = SimulatedBureau(Clock(), desks=2, seed="fuzz")
desk = bureau.desks[0]
root = bureau.root.public
instance = root.instance
bulletin: Bulletin = bureau.bulletin()
bulletin_bytes = bureau.signed(bulletin)
prekey = desk.keyring.prekeys[DAY, 0]

card_key = SigningKey.generate(Role.CARD, random)
outcome_key = SigningKey.generate(Role.OUTCOME, random)
box = XWingSecretKey.generate(random)
courier = CourierKey(random(32))

receipt = Receipt.generate(random)
reporter = ReporterKeys.derive(receipt, instance)
reply_keys = reporter.reply_keys(desk.identity)

publication = Publication(
    instance, 1, DAY, DAY + 30, DAY,
    (NoticeText("en", "Closed on Friday."),), (("phone", "+31 70"),), (("reports", 12),),
    (Adviser("A. Adviser", "Europe", "en nl", "by appointment"),),
)  # fmt: skip
referral = Referral(
    random(8), "Europe", "local", "clerk", "fraud", "2025", "A summary.", "papers", 2, "yes", "no", "Look at it.",
    "Do not ask around.", "in March",
)  # fmt: skip
outcome = Outcome(random(8), 3, "closed", "agreement", "It was settled.")

NOTES: tuple[Note, ...] = (
    Acknowledgement(2, 1, DAY),
    Reply("Thank you. " * 150),  # two parts
    Status(CaseStatus.ASSESSING, "We look at it."),
    Question(random(8), "Any harm?", ("yes", "no")),
    Notice("Shut for a week."),
)


@cache
def notes() -> tuple[tuple[int, bytes], ...]:
    """The bodies of all records, with their numbers."""
    bodies = [body for note in NOTES for body in encode_note(note, DAY)]
    return tuple(enumerate(bodies))


@cache
def unsigned_board() -> bytes:
    """Head and records of a board on which the notes stand."""
    head = BoardHead(
        instance, desk.identity, random(16), DAY, NOW + 3600, NOW + 90_000, bulletin.hash, 64
    )  # fmt: skip
    live = []
    for number, body in notes():
        link = Link(number, advance(reply_keys.chain, number))
        live.append((reply_keys.tag_key, number, seal_record(reply_keys, instance, link, body, random)))
    return board.assemble(head, live, random)


def signed_board(unsigned: bytes) -> bytes:
    """With a signature by the board key."""
    return append_signature(unsigned, bureau.signing[Role.BOARD].sign(unsigned))


def body_of(document: bytes) -> documents.Json:
    """The body of a signed document."""
    body: documents.Json = documents.decode(document, limit=1 << 20)["body"]
    return body
