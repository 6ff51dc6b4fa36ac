"""The desk as its pages see it: everything a handler can do, on one object.

Every method except `sign_in`, `sign_out`, `change_password`, `failures` and `sync_state` raises `LockedError` while
nobody is signed in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from dropbox.bureau.views import (
    CardCheck,
    CardDraft,
    CaseRow,
    CaseView,
    Consent,
    FailureView,
    FileView,
    Handler,
    NoteDraft,
    NotePreview,
    SyncState,
)


class Desk:
    """The facade.  Made by `opening a vault` (cli); one per process."""

    async def sign_in(self, user: str, password: str) -> Handler:
        """Open the keyring that reads.  Raises `WrongSignInError`, alike for a wrong name and a wrong password."""
        raise NotImplementedError

    def sign_out(self, handler: Handler) -> None:
        """End this handler's use of the keyring; the last one locks it.  Fetching and publishing go on."""
        raise NotImplementedError

    async def change_password(self, user: str, old: str, new: str) -> None:
        """Raises `WrongSignInError` or `WeakPasswordError`."""
        raise NotImplementedError

    @property
    def is_open(self) -> bool:
        """Whether somebody is signed in."""
        raise NotImplementedError

    def today(self) -> int:
        """The UTC day number, for what pages count in days."""
        raise NotImplementedError

    async def cases(self) -> tuple[CaseRow, ...]:
        """The inbox: what is due first stands first, then by day of the last message."""
        raise NotImplementedError

    async def case(self, case_id: str) -> CaseView:
        """One case.  Reading it here marks nothing; see `mark_read`.  Raises `UnknownCaseError`."""
        raise NotImplementedError

    async def mark_read(self, case_id: str) -> None:
        """A handler has the case on the screen: its messages are read, and its acknowledgement no longer expires."""
        raise NotImplementedError

    def preview(self, draft: NoteDraft) -> NotePreview:
        """How many records the note takes and what room is left.  Raises `EmptyNoteError`."""
        raise NotImplementedError

    async def send(self, case_id: str, draft: NoteDraft) -> None:
        """Seal the note; it goes out with the next board.

        Raises `NoReplyPossibleError`, `EmptyNoteError`, `NoteTooLongError`, `BoardFullError`, `BoardsUnreadError`.
        """
        raise NotImplementedError

    async def discard(self, case_id: str) -> None:
        """Junk: destroys the thread's keys, the case key, its records on the board, messages and files, at once."""
        raise NotImplementedError

    async def open_file(self, case_id: str, file_id: str) -> tuple[FileView, AsyncIterator[bytes]]:
        """A file and its bytes in pieces of at most 1 MiB.  Raises `UnknownFileError`."""
        raise NotImplementedError

    async def check_card(self, case_id: str, draft: CardDraft, consent: Consent) -> CardCheck:
        """What the gates say.  Nothing is kept."""
        raise NotImplementedError

    async def release_card(self, case_id: str, draft: CardDraft, consent: Consent) -> str:
        """Sign and seal the card; it waits for the next batch.  Gives its reference.  Raises `CardRefusedError`."""
        raise NotImplementedError

    async def failures(self) -> tuple[FailureView, ...]:
        """Envelopes that could not be opened."""
        raise NotImplementedError

    async def sync_state(self) -> SyncState:
        """How fetching and publishing stand."""
        raise NotImplementedError
