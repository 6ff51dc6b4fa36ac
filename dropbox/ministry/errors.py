"""What the inbox refuses, by whose fault it is.  No text repeats what anybody wrote."""


class MinistryError(Exception):
    """Base of this package's exceptions; the text is a sentence for the person at the inbox or who runs it."""


class SettingsError(MinistryError):
    """The settings cannot be used."""


class AlreadyRunningError(MinistryError):
    """Another inbox works on this folder.  Two would send one answer twice."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("Another inbox already works on this folder: stop it first.")


class NotMadeError(MinistryError):
    """The folder holds no inbox yet."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This folder holds no inbox yet: run `dropbox-ministry init` first.")


class AlreadyMadeError(MinistryError):
    """The folder holds an inbox; making another one over it would destroy its keys."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This folder already holds an inbox: its keys are left as they are.")


class KeyringDamagedError(MinistryError):
    """A keyring opened, but holds something else than this release writes."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A keyring holds something else than this release writes: restore it from its backup.")


class LockedError(MinistryError):
    """Nobody is signed in, so the keyring that reads is closed."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("Nobody is signed in, so cards are locked.")


class UnknownCardError(MinistryError):
    """No card under this reference."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("There is no such card.")


class NotCertifiedError(MinistryError):
    """The root certified no key of the bureau to which an answer could be sealed today."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The keys folder names no key of the bureau to which an answer could be sealed today.")


class OvertakenError(MinistryError):
    """Somebody answered this card since the page was drawn, or the same form came twice."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This card was answered in the meantime.")


class MoveRefusedError(MinistryError):
    """The table of states does not let this state follow, or its measure or text is missing or too long."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("This answer may not follow the one before it, or something in it is missing or too long.")


class BackupRefusedError(MinistryError):
    """A backup cannot be written or restored; the text says why."""
