"""Opening one fetched envelope: streams it into staged, sealed files that nobody sees before the end is proven."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dropbox.bureau import bulletins, store
from dropbox.bureau.dossiers import StoredFile
from dropbox.bureau.errors import CannotOpenError
from dropbox.bureau.keyring import KEY, prekey_name, unwrap_seed
from dropbox.bureau.sealed_rows import seal_bytes
from dropbox.bureau.store import Envelope
from dropbox.bureau.vault import Vault
from dropbox.protocol import errors, sizes
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import FileBegin, FileData, FileEnd, Head, Message
from dropbox.protocol.secret_keys import XWingSecretKey
from dropbox.protocol.sizes import Prefix
from dropbox.storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dropbox.protocol.bulletin import Bulletin
    from dropbox.protocol.keys import RootPublicKey
    from dropbox.protocol.payload import Event

FILE_PIECE: Final = sizes.MIB
_BULLETINS: Final = 32  # kept at hand: what waits was sealed within a few days


class Reason(enum.StrEnum):
    """Why an envelope did not open, for the handler's screen."""

    NO_BULLETIN = "no-bulletin"  # it names a bulletin that this desk did not issue, or restored without
    NO_PREKEY = "no-prekey"  # the key of its day has been destroyed
    NOT_FOR_US = "not-for-us"  # its bulletin does not name this desk's recipient
    VERSION = "version"  # of another version of the protocol
    SIZE = "size"  # not of a size that the protocol has
    MALFORMED = "malformed"  # it opened, but what is inside has no meaning
    DAMAGED = "damaged"  # altered, cut, or sealed to other keys
    FAULT = "fault"  # our own fault: a mistake in this program


REFETCHED: Final = frozenset({Reason.DAMAGED, Reason.SIZE, Reason.VERSION, Reason.NO_BULLETIN, Reason.MALFORMED})
"""What another copy may mend: fetched anew once a day."""

REFETCHED_TRIES: Final = 3
"""So often what does not open is fetched anew, and holds up others: a stranger could send noise for ever."""

_REASONS: Final[tuple[tuple[type[errors.ProtocolError], Reason], ...]] = (
    (errors.DoesNotOpen, Reason.DAMAGED),
    (errors.UnknownVersion, Reason.VERSION),
    (errors.WrongSize, Reason.SIZE),
    (errors.WrongInstance, Reason.NOT_FOR_US),
    (errors.ProtocolError, Reason.MALFORMED),
)


def reason_of(error: BaseException) -> Reason:
    """The reason to show for an exception."""
    if isinstance(error, CannotOpenError):
        return Reason(error.reason)
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.FAULT)


@dataclass(frozen=True)
class Opened:
    """An envelope whose end was proven.  Whose it is, is still to be asked: `reader.authentic`."""

    head: Head
    message: Message
    files: tuple[StoredFile, ...]
    reader: EnvelopeReader = field(repr=False)


class Opener:
    """Opens envelopes with the prekeys of an unlocked vault, one at a time."""

    def __init__(self, vault: Vault, root: RootPublicKey, random: Callable[[int], bytes]) -> None:
        """Work on this vault."""
        self._vault, self._root, self._random = vault, root, random
        self._bulletins: dict[tuple[int, int], Bulletin] = {}

    async def open(self, envelope: Envelope, first: bytes = b"") -> Opened:
        """Read all of it; `first` is its first chunk, where that was read already.

        Raises ProtocolError, CannotOpenError, LockedError, StorageError; then nothing counts.
        """
        first = first or await self._chunk(envelope, 0)
        bulletin = await self._bulletin(Prefix.from_bytes(first[: sizes.PREFIX]))
        reader = EnvelopeReader(bulletin, self._vault.publisher.state.recipient, self._secret(bulletin))
        staging = _Staging(self._vault, self._random)
        for place in range(envelope.chunks):
            data = first if place == 0 else await self._chunk(envelope, place)
            await staging.take(reader.feed(data))
        await staging.take(reader.finish())
        if staging.head is None or staging.message is None:
            raise errors.Malformed("an envelope without a message")
        return Opened(staging.head, staging.message, tuple(staging.files), reader)

    async def _bulletin(self, prefix: Prefix) -> Bulletin:
        name = (prefix.day, prefix.revision)
        if name not in self._bulletins:  # one that is in the archive never changes
            async with self._vault.database.read() as connection:
                found = await bulletins.find(connection, self._root, *name)
            if found is None:
                raise CannotOpenError(Reason.NO_BULLETIN)
            self._bulletins = {**dict(list(self._bulletins.items())[-_BULLETINS:]), name: found}
        return self._bulletins[name]

    async def _chunk(self, envelope: Envelope, place: int) -> bytes:
        async with self._vault.database.read() as connection:
            return await store.chunk(connection, envelope.envelope, place)

    def _secret(self, bulletin: Bulletin) -> XWingSecretKey:
        recipient, publisher = self._vault.opened().state, self._vault.publisher.state
        public = next((one.prekey for one in bulletin.recipients if one.identity == recipient.recipient), None)
        if public is None:
            raise CannotOpenError(Reason.NOT_FOR_US)
        name = prekey_name(public)
        if name not in publisher.prekeys or name not in recipient.prekeys:
            raise CannotOpenError(Reason.NO_PREKEY)
        try:
            return XWingSecretKey(unwrap_seed(publisher.prekeys[name].wrap, name, recipient.prekeys[name]))
        except StorageError:
            raise CannotOpenError(Reason.NO_PREKEY) from None


class _Staging:
    """Takes the events of one envelope.  Files go into rows of no case, each under a key that only memory has."""

    def __init__(self, vault: Vault, random: Callable[[int], bytes]) -> None:
        self._vault, self._random = vault, random
        self.head: Head | None = None
        self.message: Message | None = None
        self.files: list[StoredFile] = []
        self._name, self._file, self._key = "", b"", b""
        self._buffer = bytearray()
        self._place = 0

    async def take(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Head():
                    self.head = event
                case Message():
                    self.message = event
                case FileBegin(name):
                    await self._begin(name)
                case FileData(data):
                    self._buffer += data
                    if len(self._buffer) >= FILE_PIECE:
                        await self._write(FILE_PIECE)
                case FileEnd(size):
                    await self._end(size)
                case _:
                    pass

    async def _begin(self, name: str) -> None:
        self._name, self._file, self._key = name, self._random(16), self._random(KEY)
        self._place = 0
        async with self._vault.database.write() as connection:
            await store.stage_file(connection, self._file)

    async def _write(self, length: int) -> None:
        piece = bytes(self._buffer[:length])
        del self._buffer[:length]
        body = seal_bytes(self._key, piece, "file_chunks", self._file, self._place)
        async with self._vault.database.write() as connection:
            await store.add_file_chunk(connection, self._file, self._place, body)
        self._place += 1

    async def _end(self, size: int) -> None:
        if self._buffer:
            await self._write(len(self._buffer))
        self.files.append(StoredFile(self._file.hex(), self._name, size, self._key.hex()))
