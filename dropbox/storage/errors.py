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
