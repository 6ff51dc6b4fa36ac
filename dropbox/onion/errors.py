"""Everything that can go wrong around tor, by whose fault it is. Each says what to do; none tells of a visitor."""


class OnionError(Exception):
    """Something around tor is not as it must be."""


class BadSettings(OnionError):
    """The operator's fault: the settings file is missing, unreadable, or says something that it may not say."""


class KeyFault(OnionError):
    """The operator's to put right: a key is lost, was replaced, is open to others, or would be overwritten."""


class SocketTaken(OnionError):
    """The operator's to put right: another process listens where this one must."""


class TorFault(OnionError):
    """Tor is missing, too old, away, refuses us, or does not do what it must."""
