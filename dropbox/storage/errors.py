"""Everything that a database can do wrong, said in sentences for the person who runs it."""


class StorageError(Exception):
    """Base of this package's exceptions; the text is a sentence for the operator."""


class DatabaseUrlError(StorageError):
    """The setting does not name a database that this program can use."""


class DatabaseGoneError(StorageError):
    """The database cannot be reached: not running, not there, or the connection broke."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database cannot be reached: check that it runs and that this account may open it.")


class DatabaseLockedError(StorageError):
    """Another process or transaction held the database for longer than we wait. Trying again may help."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database was held by another transaction for too long: try again.")


class DatabaseFullError(StorageError):
    """There is no room to write: the disk, a quota or the database's own limit. Nothing of the write remains."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database has no room left: make space on its disk.")


class DatabaseDamagedError(StorageError):
    """The file is not a database, or its pages contradict each other."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database is damaged or is not a database: restore it from its backup.")


class SchemaTooNewError(StorageError):
    """A later release has migrated this database; running on would damage it."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database belongs to a newer release of this program: install that release.")


class SchemaMissingError(StorageError):
    """The database has not been migrated to what this release needs."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The database has not been prepared for this release: start the service once to migrate it.")


class MigrationFailedError(StorageError):
    """A step towards this release's schema failed; all of it was taken back."""

    def __init__(self, kind: str) -> None:
        """Carry one fixed sentence and the kind of what went wrong."""
        super().__init__(
            f"The database could not be brought to this release ({kind}); it is as it was: run the release before."
        )


class WrongPassphraseError(StorageError):
    """The passphrase or key is not the one that sealed this, or the beginning of the file was altered."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The passphrase is wrong.")


class SealedDamagedError(StorageError):
    """A sealed file is cut, altered, of another kind or of another release; the passphrase is not the reason."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A sealed file is damaged or is something else: restore it from its backup.")


class SealedTooLargeError(StorageError):
    """A file of secrets would grow larger than this release reads; it was left as it was."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A keyring would grow larger than it may be: discard junk first.")


class WrongPasswordError(StorageError):
    """No account with this name and password; which of the two is wrong is not said."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The name or the password is wrong.")


class WeakPasswordError(StorageError):
    """A new password that is too short, or longer than anybody types."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A password has 12 characters or more, and 1,000 at most.")


class UserNameRefusedError(StorageError):
    """A name for a new account that is taken, empty, too long, or holds something that nobody types."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This user name is taken or is no name: use 1 to 64 letters, digits, dots, hyphens.")


class NoTerminalError(StorageError):
    """A secret is asked for where nobody can type it unseen."""

    def __init__(self, option: str) -> None:
        """Carry a sentence with the option that takes a file instead."""
        super().__init__(
            f"There is no terminal to ask for a secret at: name a file that holds it with {option}; "
            "/dev/stdin and /dev/fd/3 are files too."
        )


class NothingEnteredError(StorageError):
    """Somebody ended the input instead of typing a secret."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("Nothing was entered; nothing was done.")
