"""What is sealed, or signed as bytes: frames, envelopes, boards, notes."""

import hashlib
import struct
from collections.abc import Iterator
from typing import Any

from dropbox.protocol import board_head, file_names, payload, primitives, sealed_file, sizes
from dropbox.protocol.board import BoardIndex
from dropbox.protocol.envelope import payload_context, seal_slots
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.keys import Role
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import Event, FileBegin, Frame, FrameReader, Head, Message
from dropbox.protocol.reply import encode_note, join_notes
from dropbox.protocol.sizes import Prefix
from dropbox.protocol.upload_name import ContentHash, UploadName
from dropbox.reporter.exchange import read_dialogue, split_boards
from dropbox.reporter.handing_in import HandingIn
from dropbox.reporter.transport import Request, Response
from tests.fuzz import world
from tests.fuzz.source import Source, altered, spliced, written
from tests.fuzz.target import Target
from tests.simulators.basics import run

_FRAME = struct.Struct(">BI")
_HEADS = (
    payload._head_json(Head(world.reporter.thread_id, bytes(16), world.reporter.auth, (world.reply_keys,))),
    payload._head_json(Head(world.reporter.thread_id, bytes(16), b"")),
)
_MESSAGE = payload._message_json(Message("A text.", "fraud", "yes", "my manager", "en", ((bytes(8), "no"),)))
_DEFAULT_ORDER = (1, 2, 3, 4, 5, 6)


def _bodies(source: Source) -> Iterator[tuple[int, bytes]]:
    """Frames in their order, or in one of the source's."""
    order = tuple(source.take(source.byte() % 12)) or _DEFAULT_ORDER
    file = hashlib.sha256()
    size = 0
    for number in order:
        body = b""
        match number:
            case Frame.HEAD:
                body = written(altered(source.one_of(*_HEADS), source), source)
            case Frame.MESSAGE:
                body = written(altered(_MESSAGE, source), source)
            case Frame.FILE_BEGIN:
                file, size = hashlib.sha256(), 0
                body = written(altered({"name": source.text() or "a.txt"}, source), source)
            case Frame.FILE_DATA:
                body = source.text().encode() or b"x"
                file.update(hashlib.sha256(body).digest())
                size += len(body)
            case Frame.FILE_END:
                body = file.digest() + size.to_bytes(8, "big")
            case Frame.END:
                body = bytes(32)
        yield number, body


def _frames_of(source: Source) -> bytes:
    data = b"".join(_FRAME.pack(number, len(body)) + body for number, body in _bodies(source))
    return spliced(data, source)


def _check(event: Event) -> None:
    if isinstance(event, FileBegin):
        assert event.name == file_names.clean_file_name(event.name)


def _frames(data: bytes) -> None:
    source = Source(data)
    frames = source.rest() if source.byte() == 0 else _frames_of(source)
    step = source.one_of(1 << 16, 1000, 61, 5)
    reader = FrameReader()
    try:
        for at in range(0, len(frames), step):
            for event in reader.feed(frames[at : at + step]):
                _check(event)
        reader.close()
    except ProtocolError:
        return


def _frames_seeds() -> list[bytes]:
    whole = _frames_of(Source(b""))
    later = bytes((1, 3, 1, 2, 6, 1))
    return [b"\0" + whole, b"\1", later, b"\1\0\0\0\0\0\1\0\0\5a.jpg", b"\1\13\1\2\3\4\5\3\5\3\4\5\6"]


def _sealed_header() -> tuple[bytes, bytes]:
    prefix, file_key = Prefix(world.DAY, 0, bytes(14)).to_bytes(), bytes(range(32))
    throw_away = primitives.throw_away_xwing_public()
    return prefix + seal_slots(world.bulletin, prefix, file_key, frozenset(), throw_away, world.random), file_key


_HEADER, _FILE_KEY = _sealed_header()


def _envelope(data: bytes) -> None:
    source = Source(data)
    mode = source.byte()
    if mode == 0:
        envelope = source.rest()
    else:
        stream = primitives.PayloadEncryptor(_FILE_KEY, payload_context(_HEADER, world.bulletin.hash))
        plaintext = _frames_of(source)
        if mode & 2:
            plaintext = plaintext.ljust(sizes.payload_plaintext(sizes.ENVELOPE_LADDER[0]), b"\0")
        envelope = _HEADER + stream.update(plaintext) + stream.finalize()
        if mode & 4:
            envelope = spliced(envelope, source)
    step = source.one_of(1 << 16, 16_384, 4_671, 500)
    reader = EnvelopeReader(world.bulletin, world.desk.identity, world.prekey)
    try:
        for at in range(0, len(envelope), step):
            for event in reader.feed(envelope[at : at + step]):
                _check(event)
        for event in reader.finish():
            _check(event)
    except ProtocolError:
        return
    assert len(envelope) in sizes.ENVELOPE_LADDER
    assert not reader.authentic(bytes(32))


def _envelope_seeds() -> list[bytes]:
    return [b"\0" + _HEADER[:64], b"\1", b"\2", b"\2\5\1\2\6", b"\3\0\0\0\0\0\1", b"\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"]


def _board(data: bytes) -> None:
    source = Source(data)
    mode = source.byte()
    unsigned = world.unsigned_board()
    if mode == 0:
        board = source.rest()
    elif mode == 1:
        board = spliced(world.signed_board(unsigned), source)
    else:
        head = spliced(unsigned[: board_head.HEAD], source)
        board = world.signed_board(head + spliced(unsigned[board_head.HEAD :], source))
    publics = (world.bureau.signing[Role.BOARD].public,)
    try:
        signed = board_head.verify_board(board, publics, world.instance)
        board_head.require_valid(signed.head, world.NOW)
        index = BoardIndex(signed)
    except ProtocolError:
        return
    read_dialogue(world.receipt, world.bulletin, (index,), world.NOW)


def _board_seeds() -> list[bytes]:
    return [b"\0" + world.unsigned_board()[: board_head.HEAD], b"\1", b"\2", b"\2\1\60\4abcd", b"\2\0\2\0\2\0\4\1\3"]


def _boards(data: bytes) -> None:
    source = Source(data)
    if source.byte() == 0:
        body = source.rest()
    else:
        parts = [source.text().encode() for _ in range(source.below(6))]
        body = bytes((len(parts),)) + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        body = spliced(body, source)
    try:
        found = split_boards(body)
    except ProtocolError:
        return
    assert bytes((len(found),)) + b"".join(len(part).to_bytes(4, "big") + part for part in found) == body


def _boards_seeds() -> list[bytes]:
    return [b"\0\0", b"\0\1\0\0\0\1x", b"\0\2\0\0\0\1x\0\0\0\0", b"\1\3\1a\1b\1c"]


def _notes(data: bytes) -> None:
    source = Source(data)
    found: list[tuple[int, bytes]] = []
    used: set[int] = set()
    while source and len(found) < 20:
        number, body = source.one_of(*world.notes())
        number += source.byte() % 4
        if number not in used:
            used.add(number)
            found.append((number, _note_body(body, source)))
    notes, unread = join_notes(found)
    assert len(notes) + unread <= len(found)
    for note in notes:
        encode_note(note.note, note.day)


def _note_body(body: bytes, source: Source) -> bytes:
    match source.below(4):
        case 0:
            return body
        case 1:
            return spliced(body, source)
        case 2:
            return source.text().encode().ljust(sizes.RECORD_BODY, b"\0")
        case _:
            value: Any = source.one_of(
                {"text": "a"}, {"day": 1, "files": 2, "messages": 3}, {"status": "closed", "text": ""},
                {"answers": ["yes"], "id": "00" * 8, "text": ""},
            )  # fmt: skip
            data = written(altered(value, source), source)[: sizes.RECORD_BODY - 9]
            kind = source.byte() % 7
            return (struct.pack(">BBBHI", kind, 0, 1, len(data), world.DAY) + data).ljust(sizes.RECORD_BODY, b"\0")


def _notes_seeds() -> list[bytes]:
    every = b"".join(bytes((place, 0, 0)) for place in range(len(world.notes())))
    return [every, b"\1\0\0\2\0\0", b"\0\0\3\3\1\2", b"\0\0\3\0\0\0\0\2", b"\4\0\1\1\0\3"]


class _Nothing:
    """A host that has nothing of any upload, takes what comes, and lets nothing of it stay."""

    async def send(self, request: Request) -> Response:
        return Response(200, b'{"chunks": 0, "finished": false}' if request.method == "GET" else b"{}")


def _sealed_head() -> bytes:
    """The head of a sealed file of the smallest size, with zeros for an envelope behind the prefix."""
    prefix, content = Prefix(world.DAY, 0, bytes(14)).to_bytes(), ContentHash()
    content.add(prefix.ljust(sizes.ENVELOPE_LADDER[0], b"\0"))
    return sealed_file.before_envelope(UploadName.of(bytes(sizes.UPLOAD_SALT), content.hash)) + prefix


_SEALED_HEAD = _sealed_head()


def _sealed_file(data: bytes) -> None:
    """A sealed file of any pieces: handed in whole, or refused and taken back."""
    source = Source(data)
    file = spliced(_SEALED_HEAD, source)
    if source.byte() % 2:
        file = file.ljust(sealed_file.BEFORE + sizes.ENVELOPE_LADDER[0], b"\0")
    handing = HandingIn(_Nothing())
    try:
        while file:
            cut = 1 + source.below(60)
            run(handing.add(file[:cut]))
            file = file[cut:]
            if not source:
                run(handing.add(file))
                break
        assert run(handing.finish()).size in sizes.ENVELOPE_LADDER
    except ProtocolError:
        run(handing.cancel())


def _sealed_file_seeds() -> list[bytes]:
    return [b"", b"\0\1", b"\1" * 20, bytes(range(40)), b"\0\0\1" + bytes(60)]


TARGETS = (
    Target("sealed_file", _sealed_file, _sealed_file_seeds, longest=512, share=4),
    Target("frames", _frames, _frames_seeds, share=10),
    Target("envelope", _envelope, _envelope_seeds, share=4),
    Target("board", _board, _board_seeds, longest=1024, share=3),
    Target("boards", _boards, _boards_seeds, share=5),
    Target("notes", _notes, _notes_seeds, longest=2048, share=12),
)
