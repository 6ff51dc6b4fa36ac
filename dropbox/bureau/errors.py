"""What the desk refuses, by whose fault it is.  No text repeats what a reporter wrote."""

from __future__ import annotations


class DeskError(Exception):
    """Base of this package's exceptions; the text is a sentence for the person at the desk or who runs it."""


class SettingsError(DeskError):
    """The settings cannot be used."""


class AlreadyRunningError(DeskError):
    """Another desk works on this vault.  Two would seal two replies under one key."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("Another desk already works on this vault: stop it first.")


class NotMadeError(DeskError):
    """The vault folder holds no desk yet."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This folder holds no desk yet: run `dropbox-desk init` first.")


class WrongDatabaseError(DeskError):
    """The database is not this vault's, or an empty one where there was one before."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database is empty or another vault's: correct `database`, or restore its copy.")


class AlreadyMadeError(DeskError):
    """The vault folder holds a desk; making another one over it would destroy its keys."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This folder already holds a desk: its keys are left as they are.")


class NotCertifiedError(DeskError):
    """The keys folder lacks a root-signed certificate that is valid today for one of the desk's keys."""


class KeyringDamagedError(DeskError):
    """A keyring opened, but holds something else than this release writes."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A keyring holds something else than this release writes: restore it from its backup.")


class WrongSignInError(DeskError):
    """The user name or the password is wrong; which of them is not said."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The name or the password is wrong.")


class WeakPasswordError(DeskError):
    """The new password is shorter than 12 characters."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A password has 12 characters or more.")


class LockedError(DeskError):
    """Nobody is signed in, so the keyring that reads is closed."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("Nobody is signed in, so cases are locked.")


class UnknownCaseError(DeskError):
    """No case under this name: never there, or discarded."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("There is no such case (any more).")


class UnknownFileError(DeskError):
    """No such file in this case."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("There is no such file in this case.")


class NoReplyPossibleError(DeskError):
    """The report came without thread keys that count, so nothing can be sealed to its reporter."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This report came without keys of its own, so it cannot be answered.")


class EmptyNoteError(DeskError):
    """A note without a text, or a question without two answers."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The note says nothing yet.")


class NoteTooLongError(DeskError):
    """The note takes more than eight records."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The note is longer than eight records hold: shorten it or send two.")


class BoardFullError(DeskError):
    """No room for so many records on a board; the oldest must expire, or junk be discarded, first."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The board holds no more records: discard junk, or wait until old records expire.")


class CardRefusedError(DeskError):
    """A gate refuses the card; ask `check_card` which one."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A gate refuses this card.")


class BoardsUnreadError(DeskError):
    """After the start the last published board was not read yet, so nothing may be sealed: numbers could repeat."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The last published board has not been read yet: try again when intake can be reached.")


class CannotOpenError(DeskError):
    """An envelope that this desk has no means to open; `reason` is one of `opening.Reason`."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(f"An envelope could not be opened: {reason}.")
        self.reason = reason


class ClockError(DeskError):
    """This machine's clock is far from the day of the last complete fetch: nothing is published or destroyed."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The clock of this machine is wrong, or intake has not been reached for a month.")


class BackupError(DeskError):
    """Something about the backup; nothing is confirmed to intake before that is put right."""


class BackupGoneError(BackupError):
    """The folder is not there or empty, though there was a backup in it."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__(
            "The folder of the backup is not there or empty: mount it, or begin anew with `dropbox-desk backup --anew`."
        )


class BackupUnwritableError(BackupError):
    """The medium takes no more, or cannot be read."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The backup cannot be written: see whether its disk is full, mounted and this account's.")


class BackupLockedError(BackupError):
    """The keyring that reads has changed since the last backup, and nobody is signed in."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The backup lacks the newest keys, and nobody is signed in: sign in, and it is made.")


class BackupBehindError(BackupError):
    """A thread has used all the numbers that the last backup leaves it."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The backup is too far behind for another reply in this case: have the backup put right.")


class ForeignBackupError(BackupError):
    """The folder holds another vault's backup, or one under another key."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This folder holds the backup of another desk: choose another one.")


class BackupDamagedError(BackupError):
    """A part of a backup is missing or is not what was written."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The backup is damaged: use another copy of it, or begin anew in an empty folder.")


class DatabaseInUseError(BackupError):
    """A backup is to be restored over cases: they may be newer than it."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database is not empty: name an empty one, and keep this one until all is looked at.")


class OtherReleaseError(BackupError):
    """The rows of a backup are of another schema."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This backup was made by another release: restore it with that one, then upgrade.")
