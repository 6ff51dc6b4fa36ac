"""The vault: a folder with two keyrings, accounts and (by default) the database, held by one desk at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dropbox.bureau import ledger, prekeys, saving
from dropbox.bureau.errors import (
    AlreadyMadeError,
    AlreadyRunningError,
    BackupBehindError,
    LockedError,
    NotMadeError,
    SettingsError,
    WrongDatabaseError,
)
from dropbox.bureau.keyring import (
    KEY,
    PUBLISHER_FILE,
    RECIPIENT_FILE,
    RECIPIENT_NAME,
    PublisherKeyring,
    PublisherState,
    RecipientKeyring,
    RecipientState,
    ThreadKeys,
)
from dropbox.bureau.settings import Settings
from dropbox.protocol import sizes
from dropbox.protocol.keys import CertificateRequest, Role
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey
from dropbox.storage.accounts import Accounts
from dropbox.storage.database import Database, open_database
from dropbox.storage.errors import SealedDamagedError, WrongPassphraseError
from dropbox.storage.migrations import migrate
from dropbox.storage.sealed_file import DEFAULT_COST, Cost, PassphraseSeal

if TYPE_CHECKING:
    from collections.abc import Callable

    Random = Callable[[int], bytes]

MIGRATIONS: Final = Path(__file__).with_name("migrations")
ACCOUNTS_FILE: Final = "accounts.json"
_LOCK_FILE: Final = "desk.lock"
_OWN: Final = "vault"  # the name of what is remembered in the vault's own database
_PRIVATE_FOLDER: Final = 0o700


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the vault while the body runs.  Raises AlreadyRunningError when another desk does.

    The kernel lets go of the lock when the process ends, however it ends.
    """
    try:
        lock = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        raise SettingsError("vault is not a folder that this account may write in.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise AlreadyRunningError from None
    try:
        yield
    finally:
        os.close(lock)


@dataclass(frozen=True)
class NewDesk:
    """What the first start asks for."""

    passphrase: str
    user: str
    password: str
    cost: Cost = DEFAULT_COST


def make(folder: Path, new: NewDesk, now: int, random: Random) -> CertificateRequest:
    """Make the keyrings, the first prekeys and the first account; gives the public keys for the root to certify.

    Raises AlreadyMadeError, WeakPasswordError, UserNameRefusedError.
    """
    make_folder(folder)
    with held(folder):
        if (folder / PUBLISHER_FILE).exists() or (folder / RECIPIENT_FILE).exists():
            raise AlreadyMadeError
        access_key = random(KEY)
        # The account first: it refuses a weak password before anything else is made.
        Accounts(folder / ACCOUNTS_FILE, new.cost).create(new.user, new.password, {RECIPIENT_NAME: access_key})
        today = now // sizes.DAY
        made = prekeys.make(prekeys.missing({}, today), random)
        card, box = SigningKey.generate(Role.CARD, random), XWingSecretKey.generate(random)
        publisher = PublisherState(
            recipient=random(sizes.RECIPIENT_ID),
            bulletin_seed=random(KEY),
            board_seed=random(KEY),
            publication_seed=random(KEY),
            courier_seed=random(KEY),
            storage_key=random(KEY),
            card_public=card.public,
            box_public=box.public,
            prekeys=made.publics,
            clock_day=today,
        )
        recipient = RecipientState(publisher.recipient, card.seed, box.seed, random(KEY), made.seeds)
        RecipientKeyring.make(folder, access_key, recipient)
        PublisherKeyring.make(folder, PassphraseSeal.make(new.passphrase, new.cost), publisher)
    return request(publisher)


def make_folder(folder: Path) -> None:
    """A vault's folder, for nobody else to read.  Raises SettingsError."""
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        folder.chmod(_PRIVATE_FOLDER)
    except OSError:
        raise SettingsError("vault cannot be made, or is another account's.") from None


def request(state: PublisherState) -> CertificateRequest:
    """The public keys of a desk, one for each role."""
    return CertificateRequest(
        tuple(
            sorted(
                (
                    (Role.BULLETIN, SigningKey(Role.BULLETIN, state.bulletin_seed).public),
                    (Role.BOARD, SigningKey(Role.BOARD, state.board_seed).public),
                    (Role.PUBLICATION, SigningKey(Role.PUBLICATION, state.publication_seed).public),
                    (Role.CARD, state.card_public),
                    (Role.BUREAU_CARD_BOX, state.box_public),
                    (Role.DESK_COURIER, SigningKey(Role.DESK_COURIER, state.courier_seed).public),
                )
            )
        )
    )


def accounts_of(folder: Path) -> Accounts:
    """The accounts of a vault."""
    return Accounts(folder / ACCOUNTS_FILE)


class Vault:
    """An open vault.  `changing` is held by whoever changes a keyring together with the database."""

    def __init__(self, folder: Path, publisher: PublisherKeyring, database: Database) -> None:
        """Use `open_vault`."""
        self.folder = folder
        self.publisher = publisher
        self.database = database
        self.accounts = accounts_of(folder)
        self.recipient: RecipientKeyring | None = None
        self.changing = asyncio.Lock()
        self.ahead: Mapping[
            bytes, int
        ] = {}  # by reference, the number at which a desk restored from the backup goes on
        self.backed_up: frozenset[bytes] | None = None  # the new acknowledgements in it; None without a backup

    @property
    def storage_key(self) -> bytes:
        """The key of the publisher's rows."""
        return self.publisher.state.storage_key

    def opened(self) -> RecipientKeyring:
        """The recipient's keyring.  Raises LockedError while nobody is signed in."""
        if self.recipient is None:
            raise LockedError
        return self.recipient

    def require_backed(self, *threads: ThreadKeys) -> None:
        """Raise BackupBehindError when one of these, moved on, has passed the number at which its backup stands.

        A desk that is restored goes on there, and would seal under the same keys again.
        """
        if any(one.next_number > self.ahead.get(one.reference, one.next_number) for one in threads):
            raise BackupBehindError

    async def unlock(self, access_keys: Mapping[str, bytes]) -> None:
        """Open the recipient's keyring; nothing happens when it is open already."""
        async with self.changing:
            if self.recipient is None:
                keyring = await asyncio.to_thread(RecipientKeyring.open, self.folder, access_keys[RECIPIENT_NAME])
                tidied = prekeys.tidied(keyring.state, self.publisher.state)
                if tidied != keyring.state:
                    await saving.save(keyring, tidied)
                self.recipient = keyring

    def lock(self) -> None:
        """Close it."""
        self.recipient = None

    async def close(self) -> None:
        """Close everything."""
        self.lock()
        await self.database.close()


async def open_vault(settings: Settings, passphrase: str) -> Vault:
    """Open the publisher's keyring and the database, migrated.  The caller holds the folder (`held`).

    Raises NotMadeError, StorageError (a wrong passphrase is one), KeyringDamagedError, WrongDatabaseError.
    """
    if not (settings.vault / PUBLISHER_FILE).exists():
        raise NotMadeError
    publisher = await asyncio.to_thread(PublisherKeyring.open, settings.vault, passphrase)
    database = open_database(settings.database)
    try:
        await migrate(database, MIGRATIONS)
        await _require_own(database, publisher)
    except BaseException:
        await database.close()
        raise
    return Vault(settings.vault, publisher, database)


async def _require_own(database: Database, publisher: PublisherKeyring) -> None:
    """Refuse another vault's database, and an empty one after the first start: its cases would look discarded.

    What is remembered opens under this vault's key only, so that it proves whose the database is.
    """
    key = publisher.state.storage_key
    async with database.write() as connection:
        try:
            known = await ledger.recall(connection, key, _OWN) is not None
        except (SealedDamagedError, WrongPassphraseError):
            raise WrongDatabaseError from None
        if not known:
            if publisher.state.has_database:
                raise WrongDatabaseError
            await ledger.remember(connection, key, _OWN, {})
    if not publisher.state.has_database:
        await saving.save(publisher, replace(publisher.state, has_database=True))
