"""Run in a fresh interpreter: the protocol tells its whole story while every file, socket and process is refused.

All of the protocol is loaded first (the word lists are files of a library), then the audit hook is set, for good.
Prints the words that the reporter read back, so that the caller sees that the story was told.
"""

import hashlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from dropbox import protocol
from dropbox.protocol import (
    board,
    board_head,
    bulletin,
    documents,
    envelope,
    keys,
    opening,
    payload,
    reply,
    secret_keys,
    sizes,
    thread,
)
from dropbox.protocol import receipt as receipts

Random = Callable[[int], bytes]

NOW = 20_000 * sizes.DAY + 3_600
RECIPIENT = b"r" * sizes.RECIPIENT_ID
REFUSED = (
    "open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.", "glob.", "sqlite3.", "ssl.", "http.", "urllib.",
    "pty.", "mmap.", "ctypes.dlopen", "import", "syslog.", "fcntl.", "signal.", "webbrowser.", "time.sleep",
)  # fmt: skip


class RefusedError(Exception):
    """The protocol asked the system for something."""


def refuse(event: str, _arguments: tuple[object, ...]) -> None:
    """The audit hook."""
    if event.startswith(REFUSED):
        raise RefusedError(event)


def numbers() -> Iterator[bytes]:
    """Blocks that look random and are the same in every run."""
    block = b"sealed room"
    while True:
        block = hashlib.sha256(block).digest()
        yield block


def tell() -> str:
    """A report with a file goes in, an answer comes back on the board, and the reporter reads it."""
    blocks = numbers()

    def random(count: int) -> bytes:
        return b"".join(next(blocks) for _ in range(-(-count // 32)))[:count]

    root = secret_keys.RootSecretKey.generate(random)
    day = NOW // sizes.DAY
    signers = {role: secret_keys.SigningKey.generate(role, random) for role in (keys.Role.BULLETIN, keys.Role.BOARD)}
    raw = [root.certify(role, key.public, day, day + 30) for role, key in signers.items()]
    prekey = secret_keys.XWingSecretKey.generate(random)
    made = bulletin.Bulletin(
        instance=root.public.instance,
        day=day,
        revision=0,
        kind=bulletin.DAILY,
        certificates=tuple(keys.verify_certificate(document, root.public) for document in raw),
        certificate_documents=tuple(documents.decode(document, limit=len(document)) for document in raw),
        recipients=(bulletin.Recipient(RECIPIENT, prekey.public),),
        board_period=10,
        browser_bundle="",
        previous=bytes(32),
    )
    signed = bulletin.sign_bulletin(made, signers[keys.Role.BULLETIN].sign)
    today = bulletin.verify_bulletin(signed, root.public, NOW)
    receipt = receipts.Receipt.generate(random)
    reporter = thread.ReporterKeys.derive(receipt, today.instance)
    head = read(today, prekey, write(today, reporter, random))
    words = " ".join(receipt.words())
    mine = thread.ReporterKeys.derive(receipts.parse_receipt(words), today.instance)
    return answer(mine, today, head, signers[keys.Role.BOARD], random)


def write(today: bulletin.Bulletin, reporter: thread.ReporterKeys, random: Random) -> bytes:
    """The reporter's envelope."""
    writer = envelope.EnvelopeWriter(today, reporter.auth, random)
    parts = [writer.begin(envelope.first_head(reporter, today, random(16)), payload.Message("The invoices are false."))]
    parts += [writer.begin_file("invoice.txt"), writer.file_data(b"12,000 euro" * 1000), writer.end_file()]
    return b"".join([*parts, *writer.finish()])


def read(today: bulletin.Bulletin, prekey: secret_keys.XWingSecretKey, sealed: bytes) -> payload.Head:
    """What the bureau finds in it."""
    reader = opening.EnvelopeReader(today, RECIPIENT, prekey)
    events = [*reader.feed(sealed), *reader.finish()]
    head = next(event for event in events if isinstance(event, payload.Head))
    if not reader.authentic(head.auth):
        raise ValueError("the reporter's own message was not authentic")
    return head


def answer(
    reporter: thread.ReporterKeys,
    today: bulletin.Bulletin,
    head: payload.Head,
    signer: secret_keys.SigningKey,
    random: Random,
) -> str:
    """The bureau's answer on a board, and what the reporter reads there."""
    theirs = head.reply_keys[0]
    bodies = reply.encode_note(reply.Reply("We are looking into it."), today.day)
    link = thread.Link(0, theirs.chain)
    inner = thread.seal_record(theirs, today.instance, link, bodies[0], random)
    top = board_head.BoardHead(
        today.instance, RECIPIENT, random(16), today.day, NOW + 10, NOW + sizes.DAY, today.hash, 64
    )
    unsigned = board.assemble(top, [(theirs.tag_key, 0, inner)], random)
    issued = board_head.append_signature(unsigned, signer.sign(unsigned))
    verified = board_head.verify_board(issued, today.keys_for(keys.Role.BOARD), today.instance)
    mine = reporter.reply_keys(RECIPIENT)
    found = list(board.BoardIndex(verified).walk(mine.tag_key))
    read_back = [(n, thread.open_record(reporter, RECIPIENT, thread.Link(n, mine.chain), rec)) for n, rec in found]
    notes, _ = reply.join_notes(read_back)
    note = notes[0].note
    return note.text if isinstance(note, reply.Reply) else ""


def vectors() -> str:
    """All vectors, read before the room is closed and run inside it; gives how many hold."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.vectors import runner  # noqa: PLC0415 - the path was set just now

    loaded = runner.load()
    for vector in loaded:
        runner.outcome(vector.operation, vector.input, vector.shared)
    sys.addaudithook(refuse)
    held = 0
    for vector in loaded:
        output, refused = runner.outcome(vector.operation, vector.input, vector.shared)
        held += refused == vector.refused and (refused is not None or output == vector.output)
    return f"{held} of {len(loaded)}"


def main() -> None:
    """Load, close the room, tell."""
    for module in pkgutil.iter_modules(protocol.__path__, "dropbox.protocol."):
        __import__(module.name)
    if "--vectors" in sys.argv:
        sys.stdout.write(vectors() + "\n")
        return
    tell()  # the libraries load some of their own parts at first use
    sys.addaudithook(refuse)
    if "--open-a-file" in sys.argv:
        open("/dev/null").close()  # noqa: PTH123 - the most plain way to do what is forbidden
    sys.stdout.write(tell() + "\n")


if __name__ == "__main__":
    main()
